"""The log: one append-only sequence of lines, on SQLite or PostgreSQL."""
