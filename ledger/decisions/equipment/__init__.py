"""Equipment: where an item is, what it is packed in, who has it, whether it is fit for use.

- `items`: adding, moving, packing, and retiring items
- `custody`: check-out, check-in, hand-over, service
- `places`: where an item is at any effective time
- `refusals`: what these rules say no to
"""
