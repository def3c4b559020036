"""One call of the program: which ledger, who commands, with which plugins."""

import os
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.commands.settings import DEFAULT_LEDGER, Settings, find_settings
from ledger.errors import BadInput

if TYPE_CHECKING:
    from ledger.application import Author, Extensions, Ledger
    from ledger.log.replicas import Replica
    from ledger.plugin_host import PluginHost
    from ledger.plugin_loading import Loaded
    from ledger.plugin_roster import Roster


class Session:
    """The root options, and what follows from them; the heavy floors load when first needed.

    `exit_code` is what the program ends with where nothing is raised (5: a view was stale).
    """

    def __init__(self) -> None:
        self.ledger_option: str | None = None
        self.read_url_option: str | None = None
        self.actor_option: str | None = None
        self.plugins = True
        self.plugins_dir_option: str | None = None
        self.verbose = False
        self.exit_code = 0
        self.wanted: Callable[[PluginHost], Loaded] | None = None
        """Which plugins the command needs; all of them unless it says so."""
        self.records = False
        """Whether it records, so that no rule may be missing."""
        self._replica: Replica | None = None

    @cached_property
    def settings(self) -> Settings:
        """What the nearest `studio-ledger.toml` says."""
        return find_settings(Path.cwd())

    @property
    def where(self) -> str:
        """The ledger's path or URL."""
        named = self.ledger_option
        if named is None:
            named = self.settings.ledger or DEFAULT_LEDGER
        if not named.strip():
            raise BadInput("--ledger is empty", advice="Name a file, or leave it away")
        return named

    @property
    def read_url(self) -> str | None:
        """The replica to read from; None where none is named."""
        return self.read_url_option or self.settings.read_url

    @property
    def read_where(self) -> str:
        """Where what is only looked at is read: the replica, or the ledger itself."""
        return self.read_url or self.where

    @property
    def plugins_dir(self) -> Path | None:
        """A folder of one-file plugins, where one was named."""
        named = self.plugins_dir_option or self.settings.plugins_dir
        return None if named is None else Path(named)

    def author(self, *, reason: str | None = None, request: str | None = None) -> "Author":
        """Who commands, and why. Raises `BadInput` where nobody can be named."""
        from ledger.application import Author

        return Author(self._actor(), reason, request)

    def _actor(self) -> str:
        if self.actor_option is not None:
            return self.actor_option
        if self.settings.actor is not None:
            return self.settings.actor
        import getpass

        try:
            return getpass.getuser()
        except (KeyError, OSError, ImportError):
            raise BadInput(
                "nobody is named as the actor", advice="Say who you are: studio-ledger --actor NAME"
            ) from None

    @cached_property
    def roster(self) -> "Roster":
        """Which plugins there are, and what their sources say: enough for a help."""
        from ledger.plugin_roster import Roster

        if not self.plugins:
            return Roster.without_plugins()
        return Roster.of_ledger(self.where, self.plugins_dir)

    @cached_property
    def host(self) -> "PluginHost":
        """The plugins of the ledger; none with --no-plugins."""
        from ledger.plugin_host import PluginHost

        if not self.plugins:
            return PluginHost.without_plugins()
        return PluginHost.of_ledger(self.where, self.plugins_dir)

    @cached_property
    def extensions(self) -> "Extensions":
        """What the plugins add that the command needs; nothing with --no-plugins."""
        from ledger.application import Extensions

        if not self.plugins:
            return Extensions()
        from ledger.commands.plugins import extensions_in_use

        return extensions_in_use(self)

    def needs(self, wanted: "Callable[[PluginHost], Loaded]", *, records: bool = False) -> None:
        """Say which plugins the command needs, before anything is opened."""
        self.wanted = wanted
        self.records = records

    def needs_rules(self) -> None:
        """Say that the command records what is the studio's own."""
        self.needs(lambda host: host.load_for_writing(), records=True)

    def take(self, options: dict[str, object]) -> None:
        """The root options, as far as they are parsed: before a help, the command never runs."""
        self.ledger_option = _text(options, "ledger", "STUDIO_LEDGER")
        self.read_url_option = _text(options, "read_url", "STUDIO_LEDGER_READ_URL")
        self.actor_option = _text(options, "actor", "STUDIO_LEDGER_ACTOR")
        self.plugins_dir_option = _text(options, "plugins_dir", "STUDIO_LEDGER_PLUGINS")
        self.plugins = self.plugins and not options.get("no_plugins")
        self.verbose = bool(options.get("verbose"))

    def open(self, *, read_only: bool = False) -> "Ledger":
        """The ledger, closed again when the command ends."""
        from ledger.application import Ledger

        ledger = Ledger.open(self.where, extensions=self.extensions, read_only=read_only)
        click.get_current_context().call_on_close(ledger.close)
        if sys.stderr.isatty() and not read_only:
            ledger.log.tell_waiting(self._say_waiting)
        return ledger

    def _say_waiting(self) -> None:
        self.say("waiting for another writer of this ledger …")

    def open_bare(self) -> "Ledger":
        """The ledger, to be read, without loading a plugin: what must work when one is broken."""
        self.plugins = False
        return self.open(read_only=True)

    def open_to_look(self, *, bare: bool = False) -> "Ledger":
        """The ledger, to be read where it may be: at the replica, if one is named.

        `bare`: without loading a plugin. What is shown is then to be followed by `say_standing`.
        Raises `NotALedger` for a replica of something else.
        """
        if self.read_url is None:
            return self.open_bare() if bare else self.open(read_only=True)
        from ledger.application import Ledger
        from ledger.log.replicas import Replica

        if bare:
            self.plugins = False
        ledger = Ledger.open(self.read_url, extensions=self.extensions, replica=True)
        context = click.get_current_context()
        context.call_on_close(ledger.close)
        self._replica = Replica(ledger.log, self.read_url, self.where, ledger.log.registry)
        context.call_on_close(self._replica.close)
        return ledger

    def say_standing(self, at: int) -> None:
        """Say that a replica was read, and how far behind it is; nothing where none was."""
        if self._replica is not None:
            from ledger.commands.replicas import in_words

            self.say(in_words(self._replica.standing(at)))

    def say(self, line: str) -> None:
        """A line for a person, on stderr; on a terminal broken between its words."""
        if sys.stderr.isatty():
            import shutil

            from ledger.commands.tables import wrapped

            room = max(shutil.get_terminal_size().columns, 20)
            line = "\n".join(wrapped(line, room))
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def current(context: click.Context | None = None) -> Session:
    """The session of a command; outside of any a plain one, of the environment alone.

    A completion hands its context over, since none is running then.
    """
    context = context or click.get_current_context(silent=True)
    session = context.find_object(Session) if context is not None else None
    if session is None:
        session = Session()
    session.take(context.find_root().params if context is not None else {})
    return session


def _text(options: dict[str, object], name: str, variable: str) -> str | None:
    value = options.get(name)
    return value if isinstance(value, str) else os.environ.get(variable) or None
