"""Equipment: what it is, where it is and in what, who has it, and to whom it is promised.

- `items`: adding, moving, packing, and retiring items; `descriptions`: what they are
- `several`: items as a command names them, by id or by what stands on them
- `places`: where an item is at any effective time; `contents`: what is in a container
- `custody`: who has an item, and how a loan takes along what is in it; `loans`: its commands
- `stock`: pieces that are counted; `stocktaking`: counts, losses and finds
- `fitness`: service, under way or planned; `counts`: how many of a kind there are
- `reservations`: promises and sub-hires; `promises`: what judges every decision that claims
  equipment; `following`: what becomes of it when a booking changes
- `judging`: what judges corrections
- `refusals`, `promise_refusals`: what these rules say no to
"""
