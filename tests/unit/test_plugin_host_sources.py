"""A plugin's offers are read from its source: the same as on import, or marked as unsure."""

from __future__ import annotations

import inspect
import textwrap
from pathlib import Path

import pytest

from ledger.plugin_host.finding import (
    ONE_FILE_PACKAGE,
    Found,
    module_file,
    source_file,
    switches_of,
)
from ledger.plugin_host.host import PluginHost
from ledger.plugin_host.roster import RESERVED
from ledger.plugin_host.source import Item, decisions, outline
from ledger.plugin_host.syntax import short_help, tag_of
from ledger.projections import projection as projections
from tests.sources import PLUGINS

HEAD = """
from ledger.events import ProjectOpened
from ledger.plugin import *
"""

WIDE = '''
"""A plugin that uses all that a signature may hold."""
from __future__ import annotations
import datetime as dt
from datetime import date
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Literal, Optional

import ledger.plugin as lp
from ledger.events import ProjectOpened
from ledger.plugin import Decision, Event, Moment, Row, When, exporter, importer, key, on, table
from ledger.plugin import view as question

KIND = Literal["feature", "series"]
Where = Annotated[str | None, "Only here."]
MOST = 10

class Size(str, Enum):
    SMALL = "small"
    LARGE = "large"

class Level(IntEnum):
    ONE = 1
    TWO = 2

class Found(Row):
    project: str = key()
    name: str = ""

class _Base(lp.Projection):
    found = table(Found)

    @on(ProjectOpened)
    def opened(self, event, entry):
        self.found.edit(event.project)

    @question("Of the base?")
    def of_the_base(self) -> list[Found]:
        """From the base."""
        return self.found.rows()

class WideViews(_Base):
    name = "wide"

    @question("Every kind of parameter", units={"name": "m"})
    def every_kind(
        self,
        text: str,
        where: Where = None,
        kind: KIND | None = None,
        many: list[KIND] | None = None,
        size: Size = Size.LARGE,
        level: Annotated[Level, "How high."] = Level.TWO,
        on_day: date | None = None,
        other_day: dt.date = date(2024, 1, 2),
        most: Annotated[int, "At most", 5] = MOST,
        below: float = -1.5,
        sure: Optional[bool] = None,
        *,
        named: "str" = "x" "y",
    ) -> list[Found]:
        """Every kind.

        In two paragraphs.
        """
        return self.found.rows()

    @question("Overridden?")
    def of_the_base(self) -> list[Found]:
        return []

class _Shared(Decision, frozen=True):
    who: Annotated[str, "Who does it."]

class Do(_Shared, frozen=True, tag="wide do"):
    """Do it."""
    thing: str
    when: When
    at: Moment | None = None
    days: tuple[date, ...] = ()
    kind: KIND = "feature"
    sure: bool = False

    def decide(self, ctx):
        raise NotImplementedError

class Done(Event, frozen=True):
    type_name = "wide.Done"

@importer("wide-in", title="In")
def wide_in(stream):
    yield 1, {}

@exporter(name="wide-out", title="Out")
def wide_out(look):
    yield b""
'''


def host(folder: Path, **files: str) -> PluginHost:
    """A host of these plugins alone."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return PluginHost(folders=[folder], packages=False)


def assert_same_as_imported(plugins: PluginHost) -> None:
    """Check names, titles, help, parameters and fields: from the source as from the import."""
    import msgspec

    from ledger.plugin_host.commands import fields_of

    loaded = plugins.load()
    assert loaded.failures == ()
    for plugin in loaded.plugins:
        manifest = plugins.manifest(plugin.found)
        assert manifest.outline.opaque == ""
        assert plugins.hidden(plugin) == ""
        real = [view for one in plugin.projections for view in one.views.values()]
        assert list(manifest.projections) == [one.name for one in plugin.projections]
        for shown, true in zip(manifest.views, real, strict=True):
            assert (shown.name, shown.title, shown.help) == (true.name, true.title, true.help)
            assert [_told(p) for p in shown.parameters] == [_told(p) for p in true.parameters]
        for shown_decision, decision in zip(manifest.decisions, plugin.decisions, strict=True):
            assert shown_decision.words() == decision.words()
            assert shown_decision.__doc__ == inspect.getdoc(decision)
            assert [_told(f) for f in fields_of(shown_decision)] == [
                _told(f) for f in fields_of(decision)
            ]
            assert len(msgspec.structs.fields(decision)) == len(fields_of(decision))
        assert manifest.event_types == tuple(t.type_name for t in plugin.event_types)
        assert [tuple(f) for f in manifest.importers] == [(f.name, f.title)
                                                          for f in plugin.importers]  # fmt: skip
        assert [tuple(f) for f in manifest.exporters] == [(f.name, f.title)
                                                          for f in plugin.exporters]  # fmt: skip


def _told(parameter: object) -> dict[str, object]:
    """A parameter's parts; a class rebuilt from the source is compared by its text."""
    import msgspec

    parts = msgspec.structs.asdict(parameter)  # type: ignore[arg-type]  # both kinds are Structs
    kind = parts.pop("type")
    return {"type": getattr(kind, "__name__", str(kind)), **{k: str(v) for k, v in parts.items()}}


def test_the_shipped_plugins_show_all_they_offer() -> None:
    plugins = PluginHost()
    assert len(plugins.in_use()) == len(PLUGINS)
    assert_same_as_imported(plugins)


def test_a_source_is_read_as_it_would_be_imported(tmp_path: Path) -> None:
    assert_same_as_imported(host(tmp_path / "p", wide=WIDE))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEAD, "import *"),
        ("import os\nexec('x = 1')\n", "exec"),
        ("from ledger.plugin import Projection\nX = type('X', (Projection,), {})\n", "type"),
        (
            "from ledger.plugin import Projection, make\nX = make(Projection)\n",
            "made of Projection",
        ),
        (
            "from ledger.plugin import Projection\ndef f():\n  class X(Projection): pass\n",
            "not at the top",
        ),
        ("from acme.base import Base\nclass X(Base): pass\n", "acme.base.Base"),
        (
            "from ledger.plugin import hookimpl\n@hookimpl\ndef ledger_projections():\n"
            "    return list(everything())\n",
            "computes its answer",
        ),
        (
            "from ledger.plugin import Projection\nclass X(Projection):\n  if True:\n    pass\n",
            "is computed",
        ),
        (
            "from ledger.plugin import exporter\nif 1:\n  @exporter('a', 'A')\n  def a(x): ...\n",
            "not at the top",
        ),
        ("from acme.hooks import ledger_decisions\n", "a hook is imported"),
    ],
)
def test_a_source_that_does_not_show_all_is_opaque(tmp_path: Path, text: str, reason: str) -> None:
    plugins = host(tmp_path / "p", dark=text)
    (found,) = plugins.in_use()
    assert reason in plugins.outline(found).opaque


def test_a_view_of_a_dark_plugin_is_found_by_importing_it(tmp_path: Path) -> None:
    dark = (
        HEAD
        + """
class Seen(Row):
    project: str = key()
class Dark(Projection):
    seen = table(Seen)
    @on(ProjectOpened)
    def opened(self, event, entry):
        self.seen.edit(event.project)
    @view("What is in the dark?")
    def dark_things(self) -> list[Seen]:
        return self.seen.rows()
"""
    )
    plugins = host(tmp_path / "p", dark=dark)
    (found,) = plugins.in_use()
    assert not plugins.tells_all()
    loaded = plugins.load_for_view("dark-things")
    assert [p.found for p in loaded.plugins] == [found]


def test_a_package_is_read_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "acme_lights"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')\n")
    (package / "deep" / "__init__.py").write_text("")
    (package / "deep" / "rows.py").write_text(
        "from ledger.events import ProjectOpened\n"
        "from ledger.plugin import Projection, Row, key, on, table, view\n"
        "class Lamp(Row):\n    project: str = key()\n"
        "class Lamps(Projection):\n"
        "    lamps = table(Lamp)\n"
        "    @on(ProjectOpened)\n"
        "    def opened(self, event, entry): self.lamps.edit(event.project)\n"
        "    @view('Which lamps?')\n"
        "    def lamps_lit(self, least: int = 1) -> list[Lamp]: return self.lamps.rows()\n"
    )
    (package / "deep" / "plugin.py").write_text(
        "from ledger.plugin import hookimpl\nfrom .rows import Lamps\n"
        "@hookimpl\ndef ledger_projections():\n    return [Lamps]\n"
    )
    metadata = tmp_path / "acme_lights-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-lights\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[studio_ledger]\nlights = acme_lights.deep.plugin\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert module_file("acme_lights.deep.plugin") == package / "deep" / "plugin.py"
    plugins = PluginHost()
    view, plugin = plugins.views()["lamps-lit"]
    assert (plugin, [p.name for p in view.parameters]) == ("lights", ["least"])
    failed = plugins.load_for_view("lamps-lit").failures
    assert [f.error for f in failed] == ["SystemExit: imported"]


def test_a_source_is_read_anew_each_time(tmp_path: Path) -> None:
    first = host(tmp_path / "p", wide=WIDE)
    assert "every-kind" in first.views()
    changed = host(tmp_path / "p", wide=WIDE.replace("def every_kind", "def each_kind"))
    assert "each-kind" in changed.views()
    assert "every-kind" not in changed.views()


def test_a_plugin_without_source_is_opaque() -> None:
    found = Found("math", "package", "math", "1", "math")
    assert source_file(found) is None
    assert "no Python source" in PluginHost().outline(found).opaque


def test_the_word_for_one_file_plugins_is_one() -> None:
    assert ONE_FILE_PACKAGE == projections.ONE_FILE_PACKAGE


def test_the_reserved_words_are_the_built_in_commands() -> None:
    from ledger.commands import _TABLE
    from ledger.decisions import STUDIO_DECISIONS

    assert set(_TABLE) <= RESERVED
    assert {decision.words().split()[0] for decision in STUDIO_DECISIONS} <= RESERVED


def test_switches_lie_beside_a_file_and_with_the_settings_for_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert switches_of(str(tmp_path / "a.db")) == tmp_path / "a.plugins.json"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    one = switches_of("postgresql://ada:secret@db.example/studio?schema=main")
    assert one.parent == tmp_path / "studio-ledger"
    assert "secret" not in one.name
    assert one.name.startswith("studio-main-")
    assert one == switches_of("postgresql://eve@db.example:5432/studio?schema=main")
    assert one != switches_of("postgresql://eve@db.example/studio?schema=other")
    assert switches_of("postgresql://h/d") == switches_of("postgresql://h/d?schema=studio_ledger")
    url = "postgresql://user@nowhere.example/studio"
    PluginHost.of_ledger(url).disable("spaces")
    again = PluginHost.of_ledger(url)
    assert [f.name for f in again.found() if not f.enabled] == ["spaces"]
    again.enable("spaces")
    assert all(f.enabled for f in PluginHost.of_ledger(url).found())


SHAPES = {
    "a text that looks like a class": (
        '"""Write\nclass Give(Decision, tag="key give"):\n    x: int\n"""'
    ),
    "a text in a method": (
        "class A:\n    def x(self):\n        return '''\nclass Give(Decision, tag=\"key give\"):\n"
        "    x: int\n'''"
    ),
    "a method in a text": (
        'class Give(Decision, tag="key give"):\n    """It\n    def\n    @x\n    """'
    ),
    "a method and nothing before it": (
        'class Give(\n    Decision,\n    tag="key give",\n):\n    def decide(self, ctx): ...'
    ),
    "two in one line": 'class A: pass\nclass Give(Decision, tag="key give"): x: int; y: int',
    "one in a branch": 'if True:\n    class Give(Decision, tag="key give"):\n        x: int',
    "one that is marked": '@mark\nclass Give(Decision, tag="key give"):\n    """Give."""',
    "tabs": 'class Give(Decision, tag="key give"):\n\t"""Give."""\n\tdef decide(self): ...',
    "a base of its own": (
        'class Base(Decision):\n    def x(self): ...\nclass Give(Base, tag="key give"):\n    y: int'
    ),
    "a hook": (
        "class Give(Decision): ...\nclass Take(Decision): ...\n"
        "@hookimpl\ndef ledger_decisions():\n    return [Take]"
    ),
    "functions between": (
        "def a(\n    x,\n):\n    return 1\n\nclass Give(Decision): ...\ndef b(): ..."
    ),
    "a function of a text": "def a():\n    return '''\nclass Give(Decision): ...\n'''",
    "no Python": "class Give(Decision",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_list_of_commands_names_the_decisions_of_the_outline(shape: str) -> None:
    text = f"from ledger.plugin import Decision, hookimpl\n{SHAPES[shape]}\n"

    def told(items: tuple[Item, ...]) -> list[tuple[str, str, str]]:
        return [(item.name, tag_of(item.node), short_help(item.node)) for item in items]

    def nothing(module: str) -> None: ...

    assert told(decisions(text, "key", nothing)) == told(
        outline(text, "key", nothing).of("decision")
    )


def test_a_list_of_the_shipped_commands_is_that_of_the_outlines() -> None:
    plugins = PluginHost()
    for found in plugins.found():
        file = plugins.source(found)
        assert file is not None
        text = file.read_text(encoding="utf-8")
        listed = decisions(text, found.module, lambda _: None)
        assert [i.name for i in listed] == [i.name for i in plugins.outline(found).of("decision")]
