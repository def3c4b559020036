"""Titles of the sample projects, in two scripts, each marked as a sample."""

_PLACES = (
    ("River", "江"),
    ("Mountain", "山"),
    ("Bridge", "桥"),
    ("Harbour", "港"),
    ("Bamboo", "竹"),
    ("Winter", "冬"),
    ("Lantern", "灯"),
    ("Cloud", "云"),
    ("Iron", "铁"),
    ("Paper", "纸"),
    ("Silver", "银"),
)
_THINGS = (
    ("Letter", "信"),
    ("Street", "街"),
    ("Song", "歌"),
    ("Garden", "园"),
    ("Road", "路"),
    ("Night", "夜"),
    ("Mirror", "镜"),
    ("Boat", "船"),
    ("Gate", "门"),
)


def title(number: int, role: str = "") -> str:
    """Return the title of a sample project; unique for numbers up to 99."""
    place, thing = _PLACES[number % len(_PLACES)], _THINGS[number % len(_THINGS)]
    rival = f", {role}" if role else ""
    return f"Sample {number:02}: {place[0]} {thing[0]} {place[1]}{thing[1]}{rival}"
