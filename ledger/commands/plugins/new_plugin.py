"""The files that `plugin new` writes: a projection, its contract test and its docs page."""

import keyword
import re
from pathlib import Path
from typing import NamedTuple

from ledger.errors import BadInput, StorageFailure

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")

_PLUGIN = '''"""{Title}: shooting hours by space and month."""

from typing import Annotated

from ledger.events import ShootDayReported
from ledger.plugin import Projection, RecordedEvent, Row, Struct, key, on, table, view


class Day(Row):
    """The report of one day of a booking. A correction replaces the report it corrects."""

    booking: str = key()
    day: str = key()
    space: str = ""
    hours: float = 0.0


class Month(Struct, frozen=True):
    """One line of the answer."""

    space: str
    month: str
    days: int
    hours: float


class {Class}(Projection):
    """Raise `version` whenever the meaning of the rows changes."""

    version = 1
    days = table(Day)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        """One row for each day of a booking, however often it is reported."""
        row = self.days.edit(event.booking, event.day.isoformat())
        row.space = event.space
        row.hours = event.shooting_hours

    @view("{Title} by space and month", units={{"days": "d", "hours": "h"}})
    def {name}(self, space: Annotated[str | None, "Only this space."] = None) -> list[Month]:
        """Count the days reported and the hours shot in them."""
        sums: dict[tuple[str, str], tuple[int, float]] = {{}}
        for row in self.days.rows(space=space):
            days, hours = sums.get((row.space, row.day[:7]), (0, 0.0))
            sums[row.space, row.day[:7]] = (days + 1, hours + row.hours)
        return [
            Month(space, month, days, round(hours, 2))
            for (space, month), (days, hours) in sorted(sums.items())
        ]
'''

_TEST = '''"""{Title} meets the projection contract, on histories that a studio could have."""

from {name} import {Class}

from ledger.testing import projection_contract

Test{Class} = projection_contract({Class})
'''

_PAGE = """# {Title}

`{name}.py` adds a view: shooting hours by space and month, from the shoot day reports.
A report that corrects an earlier one of the same day replaces it.

```text
studio-ledger view {kebab}
studio-ledger view {kebab} --space stage-1
studio-ledger view {kebab} --as-of 2024-06-30
```

| column | meaning |
| --- | --- |
| `space` | the space that was shot in |
| `month` | the month of the shoot days |
| `days` | days reported |
| `hours` | hours shot in them |
"""


class Made(NamedTuple):
    """The files written, and how to test and ask them."""

    files: tuple[Path, ...]
    test: str
    view: str


def write_plugin(name: str, folder: Path, *, taken: set[str]) -> Made:
    """Write a new plugin into a folder. `taken` holds the names of existing views.

    Raises `BadInput`, and writes nothing, for an invalid name, or if the view or a file
    exists already.
    """
    module = name.replace("-", "_")
    kebab = module.replace("_", "-")
    if not _NAME.fullmatch(module) or len(module) > 30 or keyword.iskeyword(module):
        raise BadInput(
            f"{name!r} is not a valid plugin name",
            advice="Use up to 30 of a-z, 0-9 and _: crew_hours",
        )
    if kebab in taken:
        raise BadInput(f"there is already a view {kebab}", advice="Choose another name")
    words = {
        "name": module,
        "kebab": kebab,
        "Title": module.replace("_", " ").capitalize(),
        "Class": "".join(part.capitalize() for part in module.split("_")),
    }
    plugins = folder / "plugins"
    texts = {
        plugins / f"{module}.py": _PLUGIN,
        plugins / f"test_{module}.py": _TEST,
        folder / "docs" / f"{kebab}.md": _PAGE,
    }
    for file in texts:
        if file.exists():
            raise BadInput(f"{file} already exists", advice="Choose another name, or --in FOLDER")
    try:
        for file, text in texts.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text.format(**words))
    except OSError as error:
        raise StorageFailure(
            f"{error.filename} cannot be written: {(error.strerror or '').lower()}",
            advice="Name another folder with --in",
        ) from error
    where = "" if folder == Path(".") else f" {folder}"
    return Made(tuple(texts), f"python -m pytest{where}", kebab)
