"""Where the log lies: an SQLite file or a PostgreSQL schema.

- `store_urls`: where a ledger is, and the engine that reaches it
- `schema`, `statements`: tables, triggers, SQL
- `sessions`, `session_pool`: connections
- `failures`: what a database says when it fails, in words
- `roles`: who may record and read, on PostgreSQL
- `sqlite_recovery`, `stale_builds`, `filesystems`, `health`: files, and what a crash leaves of them
"""
