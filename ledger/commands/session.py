"""One call of the program: the ledger, the actor and the plugins."""

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
    from ledger.plugin_host.host import PluginHost
    from ledger.plugin_host.loading import Loaded
    from ledger.plugin_host.roster import Roster


class Session:
    """The root options and all that depends on them. Heavy modules load on first use.

    `exit_code` is the exit code if nothing is raised (5: a view was stale).
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
        """Loads the plugins that the command needs; None means all."""
        self.records = False
        """Whether the command records, so that no rule may be missing."""
        self._replica: Replica | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings of the nearest `studio-ledger.toml`."""
        return find_settings(Path.cwd())

    @property
    def where(self) -> str:
        """The ledger's path or URL."""
        named = self.ledger_option
        if named is None:
            named = self.settings.ledger or DEFAULT_LEDGER
        if not named.strip():
            raise BadInput("--ledger is empty", advice="Name a file, or drop the option")
        return named

    @property
    def read_url(self) -> str | None:
        """The replica to read from; None if none is named."""
        return self.read_url_option or self.settings.read_url

    @property
    def read_where(self) -> str:
        """Where read-only commands read: the replica, or the ledger itself."""
        return self.read_url or self.where

    @property
    def plugins_dir(self) -> Path | None:
        """The folder of single-file plugins, if one is named."""
        named = self.plugins_dir_option or self.settings.plugins_dir
        return None if named is None else Path(named)

    def author(self, *, reason: str | None = None, request: str | None = None) -> "Author":
        """Return the actor and the reason. Raises `BadInput` if the actor is unknown."""
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
                "the actor is unknown", advice="Name yourself: studio-ledger --actor NAME"
            ) from None

    @cached_property
    def roster(self) -> "Roster":
        """The plugins and what their sources show, which is enough for --help."""
        from ledger.plugin_host.roster import Roster

        if not self.plugins:
            return Roster.without_plugins()
        return Roster.of_ledger(self.where, self.plugins_dir)

    @cached_property
    def host(self) -> "PluginHost":
        """The plugins of the ledger; none with --no-plugins."""
        from ledger.plugin_host.host import PluginHost

        if not self.plugins:
            return PluginHost.without_plugins()
        return PluginHost.of_ledger(self.where, self.plugins_dir)

    @cached_property
    def extensions(self) -> "Extensions":
        """The additions of the plugins that the command needs; none with --no-plugins.

        Warn of each plugin that cannot be loaded, and continue without it. Raises `BadInput` if
        that plugin has rules and the command records: nothing is recorded unchecked.
        """
        from ledger.application import Extensions

        if not self.plugins:
            return Extensions()
        from ledger.plugin_host.host import PluginHost

        loaded = (self.wanted or PluginHost.load)(self.host)
        for failure in loaded.failures:
            if self.records and self.host.has_rules(failure.plugin):
                raise BadInput(
                    "nothing can be recorded, because the rules of the plugin "
                    f"{failure.plugin} cannot be checked: {failure.error}",
                    advice=f"Fix it, or run without it: plugin disable {failure.plugin}",
                )
            self.say(f"warning: the plugin {failure.plugin} is not in use: {failure.error}")
        return loaded.extensions()

    def needs(self, wanted: "Callable[[PluginHost], Loaded]", *, records: bool = False) -> None:
        """Set which plugins the command needs. Call it before anything is opened."""
        self.wanted = wanted
        self.records = records

    def needs_rules(self) -> None:
        """Declare that the command records events of the studio itself."""
        self.needs(lambda host: host.load_for_writing(), records=True)

    def take(self, options: dict[str, object]) -> None:
        """Take the root options parsed so far; --help is shown without running the root command."""
        self.ledger_option = _text(options, "ledger", "STUDIO_LEDGER")
        self.read_url_option = _text(options, "read_url", "STUDIO_LEDGER_READ_URL")
        self.actor_option = _text(options, "actor", "STUDIO_LEDGER_ACTOR")
        self.plugins_dir_option = _text(options, "plugins_dir", "STUDIO_LEDGER_PLUGINS")
        self.plugins = self.plugins and not options.get("no_plugins")
        self.verbose = bool(options.get("verbose"))

    def open(self, *, read_only: bool = False) -> "Ledger":
        """Open the ledger; it is closed when the command ends."""
        from ledger.application import Ledger

        ledger = Ledger.open(self.where, extensions=self.extensions, read_only=read_only)
        click.get_current_context().call_on_close(ledger.close)
        if sys.stderr.isatty() and not read_only:
            ledger.log.tell_waiting(self._say_waiting)
        return ledger

    def _say_waiting(self) -> None:
        self.say("waiting for another writer of this ledger …")

    def open_bare(self) -> "Ledger":
        """Open the ledger read-only without plugins, for commands that work when one is broken."""
        self.plugins = False
        return self.open(read_only=True)

    def open_to_look(self, *, bare: bool = False) -> "Ledger":
        """Open the ledger read-only, at the replica if one is named.

        `bare`: without loading plugins. Call `say_standing` after showing the answer. Raises
        `NotALedger` for a replica of another ledger.
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
        """If a replica was read, say so and how far behind it is."""
        if self._replica is not None:
            from ledger.commands.replicas import in_words

            self.say(in_words(self._replica.standing(at)))

    def say(self, line: str) -> None:
        """Write a line for a person to stderr; wrap it on a terminal."""
        if sys.stderr.isatty():
            import shutil

            from ledger.terminal.tables import wrapped

            room = max(shutil.get_terminal_size().columns, 20)
            line = "\n".join(wrapped(line, room))
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def current(context: click.Context | None = None) -> Session:
    """Return the session of the running command, or one made from the environment alone.

    Completion passes its context, because no command is running then.
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
