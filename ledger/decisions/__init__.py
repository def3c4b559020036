"""The rules of the studio, one file per noun. Pure: no clock, no I/O but the context's reads."""
