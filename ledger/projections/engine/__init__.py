"""Stored views: folded from the log exactly once, and rebuilt when their code changes.

- `store`, `sql_tables`: the database of views, and its tables
- `catching_up`: events through every projection behind the head
- `generations`, `code_fingerprint`: when tables are built anew, and when the new ones take over
- `log_identity`: whether tables were folded from this log
- `status`, `failures`, `view_verification`: how stored views stand
"""
