"""Verifying a ledger: everything is derived again and compared; nothing is changed.

`verify` is the face.

- `checks`, `index_check`, `tree_checks`, `lineage`: what is derived and compared
- `batches`: reading the log for the checks, by several processes
- `diagnosis`: what was done to lines that are not those that were signed
"""
