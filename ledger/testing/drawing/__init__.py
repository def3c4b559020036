"""Legal histories of a studio, drawn from a few small numbers."""
