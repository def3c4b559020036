"""Finding plugins, loading them, and keeping one's failure from the others."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ledger.errors import BadInput
from ledger.plugin_host.host import Loaded, PluginHost
from ledger.projections.engine.code_fingerprint import code_of
from tests.sources import PLUGINS, ROOT

CREW_HOURS = '''
"""Crew hours: shooting hours per space and month."""
from ledger.plugin import Projection, Row, key, on, table, view
from ledger.events import ShootDayReported

class SpaceMonth(Row):
    space: str = key()
    month: str = key()
    hours: float = 0.0          # shooting hours

class CrewHours(Projection):
    version = 1
    months = table(SpaceMonth)

    @on(ShootDayReported)
    def reported(self, event, entry):
        self.months.edit(event.space, f"{event.day:%Y-%m}").hours += event.shooting_hours

    @view("Crew hours by space and month", units={"hours": "h"})
    def crew_hours(self, space: str | None = None):
        return self.months.rows(space=space)
'''

HOOKS = """
from ledger.plugin import Event, Projection, Refused, Row, hookimpl, key, on, table, view

class Seen(Event, frozen=True):
    type_name = "hooks.Seen"
    what: str

class Thing(Row):
    what: str = key()

class Things(Projection):
    things = table(Thing)

    @on(Seen)
    def seen(self, event, entry):
        self.things.edit(event.what)

    @view("Things seen")
    def things_seen(self):
        return self.things.rows()

def never(ctx, proposed):
    pass

@hookimpl
def ledger_rules():
    return [never]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of plugins."""
    made = tmp_path / "my-plugins"
    made.mkdir()
    return made


def load(folder: Path, **files: str) -> Loaded:
    """Write plugins into a folder and load them, without the shipped ones."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return PluginHost(folders=[folder], packages=False).load()


def error_of(loaded: Loaded, plugin: str) -> str:
    """The error of that plugin, which could not be loaded."""
    (failure,) = (f for f in loaded.failures if f.plugin == plugin)
    assert failure.where.endswith(f"{plugin}.py")
    return failure.error


def test_one_plain_file_is_a_plugin(folder: Path) -> None:
    loaded = load(folder, crew_hours=CREW_HOURS)
    (plugin,) = loaded.plugins
    assert loaded.failures == ()
    assert [p.name for p in plugin.projections] == ["crew-hours"]
    assert plugin.projections[0].plugin == "crew_hours"
    assert list(plugin.projections[0].views) == ["crew-hours"]


def test_hooks_add_to_what_is_found_in_the_module(folder: Path) -> None:
    (plugin,) = load(folder, hooks=HOOKS).plugins
    assert [p.name for p in plugin.projections] == ["things"]
    assert [t.type_name for t in plugin.event_types] == ["hooks.Seen"]
    assert [rule.__name__ for rule in plugin.rules] == ["never"]
    extensions = load(folder).extensions()
    assert len(extensions.projections) == len(extensions.event_types) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raise RuntimeError('not today')", "RuntimeError: not today"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("class Odd(BaseException): pass\nraise Odd", "Odd"),
        ("def broken(:", "SyntaxError"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("from ledger.plugin import nothing", "ImportError"),
    ],
)
def test_a_plugin_that_fails_at_import_takes_no_other_with_it(
    folder: Path, text: str, words: str
) -> None:
    loaded = load(folder, aaa=text, crew_hours=CREW_HOURS)
    assert [p.found.name for p in loaded.plugins] == ["crew_hours"]
    assert words in error_of(loaded, "aaa")
    assert "Traceback" in loaded.failures[0].traceback


def test_ctrl_c_is_not_a_plugins_failure(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        load(folder, slow="raise KeyboardInterrupt")


def test_a_misspelt_hook_is_reported(folder: Path) -> None:
    wrong = HOOKS.replace("def ledger_rules", "def ledger_rulez")
    loaded = load(folder, wrong=wrong, crew_hours=CREW_HOURS)
    assert [p.found.name for p in loaded.plugins] == ["crew_hours"]
    assert "ledger_rulez" in error_of(loaded, "wrong")
    assert "Did you mean ledger_rules?" in error_of(loaded, "wrong")


def test_a_hook_that_raises_names_its_plugin(folder: Path) -> None:
    wrong = HOOKS.replace("return [never]", "raise ValueError('no rules')")
    loaded = load(folder, hooks=wrong, crew_hours=CREW_HOURS)
    error = error_of(loaded, "hooks")
    assert "hooks.py:" in error
    assert "the hook ledger_rules of hooks raises ValueError: no rules" in error
    assert [p.found.name for p in loaded.plugins] == ["crew_hours"]


def test_a_hook_that_gives_something_else_is_refused(folder: Path) -> None:
    wrong = HOOKS.replace("def ledger_rules", "def ledger_projections")
    assert "gives <function never" in error_of(load(folder, hooks=wrong), "hooks")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CREW_HOURS, "both have a projection crew-hours"),
        (CREW_HOURS.replace("class CrewHours", "class Other"), "both have a view crew-hours"),
    ],
)
def test_a_name_that_two_plugins_have_names_both(folder: Path, text: str, words: str) -> None:
    loaded = load(folder, first=CREW_HOURS, second=text)
    assert [p.found.name for p in loaded.plugins] == ["first"]
    assert f"the plugins first and second {words}" in error_of(loaded, "second")
    assert "second.py:" in error_of(loaded, "second")


def test_a_plugin_with_two_views_of_one_name_is_refused(folder: Path) -> None:
    view = CREW_HOURS.split("\n\n")[-1]
    twice = CREW_HOURS + "\n" + view.replace("def crew_hours", "def crewHours")
    assert "two views named crew-hours" in error_of(load(folder, twice=twice), "twice")


def test_what_a_class_gets_wrong_is_told_with_file_and_line(folder: Path) -> None:
    wrong = CREW_HOURS.replace("hours: float = 0.0", "hours: list[float] = []")
    error = error_of(load(folder, wrong=wrong), "wrong")
    assert "wrong.py:6: SpaceMonth.hours holds a list" in error


def test_an_event_type_needs_the_plugins_prefix(folder: Path) -> None:
    wrong = HOOKS.replace('"hooks.Seen"', '"BookingConfirmed"')
    assert "has no prefix" in error_of(load(folder, hooks=wrong), "hooks")


def test_a_handler_of_an_unknown_event_is_refused(folder: Path) -> None:
    private = HOOKS.replace("class Seen", "class _Seen").replace("@on(Seen)", "@on(_Seen)")
    loaded = load(folder, hooks=private, crew_hours=CREW_HOURS)
    assert "handles hooks.Seen, which no loaded plugin adds" in error_of(loaded, "hooks")
    assert [p.found.name for p in loaded.plugins] == ["crew_hours"]


def test_a_changed_file_is_another_source(folder: Path) -> None:
    (before,) = load(folder, crew_hours=CREW_HOURS).plugins[0].projections
    first = code_of(before)
    (after,) = load(folder, crew_hours=CREW_HOURS + "\n# a remark").plugins[0].projections
    assert code_of(after) != first


def test_what_is_off_stays_off(tmp_path: Path) -> None:
    ledger = tmp_path / "studio.db"
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "crew_hours.py").write_text(CREW_HOURS, encoding="utf-8")
    (tmp_path / "plugins" / "bad.py").write_text("raise SystemExit", encoding="utf-8")
    host = PluginHost.of_ledger(str(ledger))
    host.disable("bad")
    host.disable("spaces")
    again = PluginHost.of_ledger(str(ledger))
    assert {f.name for f in again.found() if not f.enabled} == {"bad", "spaces"}
    loaded = again.load()
    assert loaded.failures == ()
    assert {"spaces", "bad"}.isdisjoint(p.found.name for p in loaded.plugins)
    again.enable("spaces")
    assert {f.name for f in PluginHost.of_ledger(str(ledger)).found() if not f.enabled} == {"bad"}
    with pytest.raises(BadInput, match=r"no plugin 'crewhours'.*Did you mean crew_hours\?"):
        host.disable("crewhours")


def test_a_plugins_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a folder"):
        PluginHost.of_ledger(str(tmp_path / "studio.db"), tmp_path / "none")


def test_a_ledger_in_the_checkout_does_not_load_the_shipped_files_twice() -> None:
    host = PluginHost.of_ledger(str(ROOT / "studio.db"))
    assert {f.origin for f in host.found()} == {"shipped"}


def test_the_shipped_plugins_load_by_the_same_door() -> None:
    host = PluginHost()
    assert {f.name for f in host.found()} == {p.stem.removeprefix("ledger_") for p in PLUGINS}
    loaded = host.load()
    assert loaded.failures == ()
    assert len(loaded.plugins) == len(PLUGINS)
    assert PluginHost.without_plugins().load() == Loaded()


def test_a_packaged_plugin_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_crew.py").write_text(CREW_HOURS, encoding="utf-8")
    metadata = tmp_path / "acme-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text("[studio_ledger]\ncrew = acme_crew\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    host = PluginHost()
    (found,) = (f for f in host.found() if f.origin == "package")
    assert (found.name, found.module, found.version, found.where) == (
        "crew", "acme_crew", "1.2", "acme",
    )  # fmt: skip
    (plugin,) = (p for p in host.load().plugins if p.found == found)
    assert [p.plugin for p in plugin.projections] == ["crew"]


def run_python(code: str) -> str:
    """The output of a fresh interpreter in the checkout."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
    ).stdout


def test_finding_imports_no_plugin(folder: Path) -> None:
    (folder / "loud.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    shown = run_python(
        "import sys; from pathlib import Path; from ledger.plugin_host.host import PluginHost\n"
        f"host = PluginHost(folders=[Path({str(folder)!r})])\n"
        "print(*(f.name for f in host.found()))\n"
        "print([m for m in sys.modules if m.startswith(('sqlalchemy', 'click', 'ledger_'))])"
    ).splitlines()
    assert "loud" in shown[0].split()
    assert shown[1] == "[]"


def test_importing_the_plugin_interface_imports_nothing_heavy() -> None:
    shown = run_python(
        "import sys, ledger.plugin\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('sqlalchemy', 'click', 'psycopg',"
        " 'eventsourcing')])"
    )
    assert shown.strip() == "[]"


def test_a_checkout_that_is_not_installed_loads_the_shipped_plugins() -> None:
    shown = run_python(
        "from ledger.plugin_host.host import PluginHost\n"
        "loaded = PluginHost().load()\n"
        "print([f.error for f in loaded.failures], len(loaded.plugins))"
    )
    assert shown.strip() == f"[] {len(PLUGINS)}"
