"""Days as people say them: `today`, `tomorrow`, `+14`, `-3`, `mon`, `07-01`.

They are read where a person types a day, and never in a file: what is recorded is the date.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

from msgspec import Struct

from ledger.errors import BadTime, did_you_mean

Leaning = Literal["to come", "past", "this year"]
"""Which day a weekday or a month and day stand for: one to come, for a plan; one in the past,
for what has happened; else the next weekday, and the day of this year."""

_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WORDS = ("today", "tomorrow", "yesterday", *_DAY_NAMES)
IN_A_FILE = "Write the date: words such as today are read on the command line only"
FORMS = "or say it: today, tomorrow, +14, mon, 07-01"

_DAY = timedelta(days=1)
_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d)([Tt ]\d\d:\d\d.*)?", re.ASCII)
_STEP = r"[+-]\d{1,4}"
_MONTH_DAY = r"\d\d-\d\d"
_WEEKDAYS = {name[:3]: number for number, name in enumerate(_DAY_NAMES)}
_WEEKDAY = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _DAY_NAMES)
_SAID = re.compile(
    rf"(today|tomorrow|yesterday|{_STEP}|-?(?:{_WEEKDAY})|{_MONTH_DAY})([Tt ]\d\d:\d\d.*)?",
    re.ASCII | re.IGNORECASE,
)


class InDigits(Struct, frozen=True):
    """A text with its days in digits; `said` has them as a person checks them."""

    text: str
    said: str
    first: date


def is_said(text: str) -> bool:
    """Whether a day, or an end of a period, is said in words: `tomorrow`, `mon..2025-07-14`."""
    span, _, _ = text.partition("=")
    return any(_SAID.fullmatch(end.strip()) for end in span.split(".."))


def in_digits(
    text: str, today: date, leaning: Leaning, *, start: date | None = None, steps: bool = True
) -> InDigits:
    """Return a text with each said day as a date; what follows an `=` stays as it is.

    The end of a period is looked for from its first day on: `mon..fri` on a Thursday is next
    week. Where both ends are months and days, the period is the first that is not over (in
    the past: the last that is not to come). `start` is a day from which a weekday or a month
    and day is looked for. Without `steps`, `+14` and `-3` are refused: they could be
    something else than days. Raises `BadTime`.
    """
    span, equals, rest = text.partition("=")
    ends = [_End.parse(part) for part in span.split("..", 1)]
    if not steps and any(re.fullmatch(_STEP, end.word) for end in ends):
        raise BadTime(
            f"{text!r} could be days or positions", advice="Write the position, or the date"
        )
    days = _resolved(ends, today, leaning, start)
    digits = "..".join(f"{day}{end.hour}" for day, end in zip(days, ends, strict=True))
    said = "..".join(f"{day:%a} {day}{end.hour}" for day, end in zip(days, ends, strict=True))
    return InDigits(f"{digits}{equals}{rest}", f"{said}{equals}{rest}", days[0])


class _End(Struct, frozen=True):
    """A day as typed, and the hour after it."""

    word: str
    hour: str

    @classmethod
    def parse(cls, text: str) -> "_End":
        text = text.strip()
        found = _SAID.fullmatch(text)
        if found is not None:
            hour = (found[2] or "").strip()
            return cls(found[1].lower(), f"T{hour.lstrip('Tt ')}" if hour else "")
        written = _WRITTEN.fullmatch(text)
        return cls(text, "") if written is None else cls(written[1], written[2] or "")

    @property
    def is_month_day(self) -> bool:
        return re.fullmatch(_MONTH_DAY, self.word, re.ASCII) is not None


def _resolved(
    ends: list[_End], today: date, leaning: Leaning, start: date | None
) -> tuple[date, ...]:
    first, last = ends[0], ends[-1]
    if len(ends) == 2 and first.is_month_day and start is None and leaning != "this year":
        # The last day decides: a period that has begun is the one that is meant.
        end = _day(last, today, leaning, None)
        return _month_day(first.word, end, back=True), end
    begin = _day(first, today, leaning, start)
    return (begin,) if len(ends) == 1 else (begin, _day(last, today, leaning, begin))


def _day(end: _End, today: date, leaning: Leaning, start: date | None) -> date:
    word = end.word
    if end.is_month_day:
        if start is None and leaning == "this year":
            return _month_day(word, date(today.year, 1, 1))
        return _month_day(word, start or today, back=start is None and leaning == "past")
    if word in ("today", "tomorrow", "yesterday"):
        return _moved(today, {"today": 0, "tomorrow": 1, "yesterday": -1}[word])
    if re.fullmatch(_STEP, word):
        return _moved(today, int(word))
    number = _WEEKDAYS.get(word.lstrip("-")[:3])
    if number is None:
        return _written(word)
    if start is not None and not word.startswith("-"):
        return _moved(start, (number - start.weekday()) % 7)
    if word.startswith("-") or leaning == "past":
        return _moved(today, -((today.weekday() - number - 1) % 7 + 1))
    return _moved(today, (number - today.weekday() - 1) % 7 + 1)


def _month_day(word: str, near: date, *, back: bool = False) -> date:
    """The day of that name on or after a date; with `back`, on or before it."""
    return next(
        (
            day
            for day in _years(word, near, -1 if back else 1)
            if day == near or (day < near) == back
        ),
        near,
    )


def _years(word: str, near: date, step: int) -> Iterator[date]:
    for year in range(near.year, near.year + 9 * step, step):
        try:
            yield date.fromisoformat(f"{year:04}-{word}")
        except ValueError:
            continue
    raise BadTime(f"{word!r} is not a day", advice="Write MM-DD, a day that the calendar has")


def _moved(day: date, by: int) -> date:
    try:
        return day + by * _DAY
    except OverflowError:
        raise BadTime(f"{by:+} days from {day} is out of range", advice="Write the date") from None


def _written(word: str) -> date:
    try:
        return date.fromisoformat(word if _WRITTEN.fullmatch(word) else "")
    except ValueError:
        raise BadTime(
            f"{word!r} is not a date", advice=did_you_mean(word, WORDS, otherwise=FORMS)
        ) from None
