"""Time as a studio uses it.

- `periods`: half-open periods, the days of a site, and time as people write it
- `zones`: IANA zones by name
- `clocks`: the injected clock
- `wall_times`: the instants of wall times by the zone rules of today
- `months`: the month buckets that a span of time touches
- `spans`: stretches of time, to add up and to compare
- `working_days`: the days of work in a period, where a night is one
"""
