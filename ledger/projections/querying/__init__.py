"""Asking views: live, as of an earlier position, explained, and compared.

`live_views` is the face: it asks stored views, and catches them up first.

- `answers`: the rows of a view, and the position they are true of
- `comparing`, `log_diff`: what differs between two answers, between two positions
- `explaining`: the events behind a row
- `replaying`, `stepping`: several projections folded to any position, event by event
- `replica_overlay`: answers at a replica
"""
