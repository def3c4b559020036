"""Time as a studio uses it.

- `periods`: half-open periods, the days of a site, and time as people write it
- `zones`: IANA zones by name
- `clocks`: the injected clock
- `months`: the month buckets that a span of time touches
"""
