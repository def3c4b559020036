"""The formats of an audit: pure, from bytes to values and back, without files or databases.

- `merkle`: the tree of RFC 6962
- `note`, `checkpoint`, `proof`, `policy`: C2SP signed-note, tlog-checkpoint, tlog-proof,
  tlog-policy
"""
