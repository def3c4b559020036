"""Exports: a folder that shows a ledger to an outsider who has nothing of ours.

- `export`, `export_readme`, `tiles`: writing one
- `export_reader`: reading one, trusting nothing
- `verify_export`: the script that outsiders run; it stands alone
"""
