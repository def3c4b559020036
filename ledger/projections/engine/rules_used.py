"""The time zone rules that rows were made with: where these change, the tables are rebuilt.

A zone's rules are those of its compiled file. So a new release of the time zone database costs a
rebuild only where it changes a zone that the ledger uses. Which zones these are is known from the
process that folds: each zone that it has used counts.
"""

from ledger.time.zones import rules_in_use, rules_of


def with_zones_in_use(zones: str) -> str:
    """Return the zones of a generation and those in use, as `NAME=HASH`, one a line."""
    known = dict(line.split("=", 1) for line in zones.splitlines())
    used = rules_in_use()
    if used.keys() <= known.keys():
        return zones
    return "\n".join(f"{name}={rules}" for name, rules in sorted((used | known).items()))


def rules_stand(zones: str) -> bool:
    """Whether each of these zones still has the rules that the rows were made with."""
    lines = (line.split("=", 1) for line in zones.splitlines())
    return all(rules_of(name) == rules for name, rules in lines)
