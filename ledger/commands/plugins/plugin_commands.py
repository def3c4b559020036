"""Plugin commands: click commands made from a decision's words, fields and docstring."""

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import options
from ledger.commands.options import DAY, MOMENT, Decorator, Written
from ledger.commands.session import Session, current
from ledger.commands.tree import Leaf, Tree
from ledger.errors import BadInput
from ledger.terminal.output import Output
from ledger.time.periods import Moment, When

if TYPE_CHECKING:
    from ledger.decisions.base import Decision
    from ledger.plugin_host.commands import Field
    from ledger.plugin_host.roster import Command

_WHEN = Written("A..B|TIME..TIME", When.parse)


def plugin_words(session: Session) -> list["Command"]:
    """Return the commands of the plugins in use, as read from their sources."""
    return list(session.roster.commands())


def find_plugin_command(words: str, ctx: click.Context) -> click.Command | None:
    """Return the command or group of commands with these words."""
    session = current(ctx)
    known = {command.words: command for command in plugin_words(session)}
    if any(name.startswith(f"{words} ") for name in known):
        return Words(words, session)
    decision = session.host.decision(words) if words in known else None
    return None if decision is None else command_of(decision)


class Words(Tree):
    """A group of plugin commands that begin with the same words."""

    def __init__(self, words: str, session: Session) -> None:
        super().__init__(words.split()[-1])
        self._words = words
        plugins = sorted(
            {c.plugin.name for c in plugin_words(session) if c.words.startswith(f"{words} ")}
        )
        self.help = f"Commands of the plugin {' and '.join(plugins)}."
        self.short_help = self.help

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the words that can come next, in source order."""
        begin = f"{self._words} "
        after = (c.words.removeprefix(begin) for c in plugin_words(current(ctx))
                 if c.words.startswith(begin))  # fmt: skip
        return list(dict.fromkeys(rest.split()[0] for rest in after))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, or a nested group."""
        return find_plugin_command(f"{self._words} {cmd_name}", ctx)


def command_of(decision: "type[Decision]") -> click.Command:
    """Build the command of a decision. The decision to run is loaded when it is called."""
    from ledger.plugin_host.commands import fields_of

    words = decision.words()
    fields = fields_of(decision)

    @options.recording
    @options.data()
    @click.pass_obj
    def take(
        session: Session,
        /,
        *,
        output: Output,
        reason: str | None,
        request: str | None,
        dry_run: bool,
        **given: Any,
    ) -> None:
        from ledger.commands.studio.writing import report

        author = session.author(reason=reason, request=request)
        session.needs(lambda host: host.load_for_writing(words), records=True)
        ledger = session.open()
        chosen = next((d for d in ledger.extensions.decisions if d.words() == words), None)
        if chosen is None:
            raise BadInput(
                f"the command {words!r} is not in use", advice="To see why: plugin check"
            )
        made = chosen(**_values(fields, given))
        # as read from a batch file, so that the bounds of each field are checked the same way
        checked = ledger.wire.decode(ledger.wire.encode(made))
        report(session, output, ledger, lambda: ledger.decide(checked, author, dry_run=dry_run))

    for field in reversed(fields):
        take = _parameter(field)(take)
    return click.command(
        words.split()[-1], cls=Leaf, help=decision.__doc__ or f"{words}.".capitalize()
    )(take)


def _values(fields: tuple["Field", ...], given: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields:
        value = given.get(field.name)
        if value is None or (field.many and value == ()):
            continue  # the field's own default
        many = tuple(field.read(v) for v in value) if field.many else None
        values[field.name] = field.read(value) if many is None else many
    return values


def _parameter(field: "Field") -> Decorator[Any]:
    if field.argument:
        return click.argument(field.name)
    if field.type is When and not field.many and field.name == "when":
        return options.period(required=field.required)
    name = f"--{field.name.replace('_', '-')}"
    shown = f"  [default: {field.default}]" if field.default not in (None, (), False) else ""
    help = f"{field.help or _title(field.name)}{shown}"
    if field.type is bool:
        both = f"{name}/--no-{name[2:]}" if field.default is not False else name
        return click.option(both, field.name, is_flag=True, default=None, help=help)
    return click.option(
        name,
        field.name,
        type=_type(field),
        multiple=field.many,
        required=field.required,
        help=f"{help}; repeatable." if field.many and not field.help else help,
    )


def _type(field: "Field") -> Any:
    if field.choices:
        return click.Choice(field.choices)
    kinds: dict[Any, Any] = {date: DAY, Moment: MOMENT, When: _WHEN, int: int, float: float}
    return kinds.get(field.type, str)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
