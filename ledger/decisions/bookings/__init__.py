"""Bookings: the hold ladder, firm bookings, and shoot days.

- `holds`, `moves`, `shoot_days`: the commands
- `ladder`: who is first, second, third where holds overlap
- `calendar`, `capacity`: firm bookings, and whether there is room beside them
- `state`: a booking as it stands
- `refusals`: what these rules say no to
"""
