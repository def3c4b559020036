"""The prompt of `replay`: look around at one place in the log, and move on.

Each line is a command. An error takes one line, and the prompt continues.
"""

import copy
import shlex
from collections.abc import Callable, Iterator
from typing import NamedTuple

import click

from ledger.commands.exit_codes import told
from ledger.commands.history.log import log
from ledger.commands.history.replay_steps import event_lines, say_event, show_steps
from ledger.commands.history.replay_view import CONTEXT, Look, names_output
from ledger.commands.history.show import show
from ledger.commands.session import Session
from ledger.commands.views.answer_sheets import progress
from ledger.errors import BadInput, LedgerError, near
from ledger.events.base import Query, RecordedEvent
from ledger.tags import check_tag
from ledger.terminal.prompts import complete_with, piped_lines, typed_line
from ledger.terminal.sheets import Column, Sheet, Style

_VIEWS = (Column("view", "View", fixed=True), Column("title", "Question", wrap=True))
_HELP = (Column("command", "Command", fixed=True), Column("help", "Description", wrap=True))
_SEARCHED = 1_000
"""Events between two updates of a search's progress."""


class Order(NamedTuple):
    """A command of the prompt: its usage, its help, and the method that runs it."""

    usage: str
    help: str
    obey: Callable[["Prompt", list[str]], None]


class Prompt:
    """A prompt over a replay. `code` is the exit code of the first line that failed."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.code = 0
        self._ended = False

    def type(self) -> None:
        """Take lines from the terminal until the user quits."""
        complete_with(self.completions)
        while not self._ended:
            try:
                line = typed_line(self._text())
            except BadInput as error:
                self._refuse(error)
                continue
            if line is None:
                return
            self.take(line)

    def pipe(self) -> int:
        """Take the lines of a pipe; return how many commands there were."""
        count = 0
        for line in piped_lines():
            count += self.take(line)
            if self._ended:
                break
        return count

    def take(self, line: str) -> bool:
        """Run a line; return whether it holds a command. One that begins with # is a comment."""
        line = line.strip()
        if not line or line.startswith("#"):
            return False
        try:
            try:
                word, *rest = shlex.split(line)
            except ValueError as error:
                raise BadInput("a quote is not closed", advice="Close it, or write \\'") from error
            _find(word).obey(self, rest)
        except (LedgerError, click.ClickException) as error:
            self._refuse(error)
        except click.exceptions.Exit:
            pass  # help was shown
        return True

    def _refuse(self, error: LedgerError | click.ClickException) -> None:
        self.code = self.code or error.exit_code
        self.look.session.say(f"error: {told(error)}")

    def _text(self) -> str:
        place = self.look.replay.place
        if place is None:
            return "#0> "
        return f"#{place.position} {Style(self.look.zone).text(place.recorded_at)}> "

    # --- looking -----------------------------------------------------------------------

    def view(self, words: list[str]) -> None:
        """Ask a view here; without a name, list them."""
        if words and not words[0].startswith("-"):
            self.look.show_view(*self.look.read_view(words))
            return
        views = self.look.replay.views.values()
        with self.look.output.opened() as sink:
            sink.write(Sheet(_VIEWS, [(view.name, view.title) for view in views]))

    def show(self, words: list[str]) -> None:
        """The command `show`, as of here."""
        self._call(show, words)

    def log(self, words: list[str]) -> None:
        """The command `log`, as of here."""
        self._call(log, words)

    def _call(self, command: click.Command, words: list[str]) -> None:
        """Run a command of the program as of here."""
        if any(word.partition("=")[0] == "--as-of" for word in words):
            raise BadInput("a replay sets --as-of by its own position", advice="Move there: goto")
        place = self.look.replay.place
        if place is None and not {"-h", "--help"} & set(words):
            raise BadInput("nothing is recorded before the first event", advice="Move on: next")
        here = [] if place is None else ["--as-of", str(place.position)]
        output = self.look.output.format
        form = [] if names_output(words) or output == "table" else ["--format", output]
        # its own session: such a command needs no plugin, and notes that in its session
        session: Session = copy.copy(self.look.session)
        session.exit_code = 0
        with command.make_context(
            command.name, [*here, *form, *words], obj=session, **CONTEXT
        ) as context:
            command.invoke(context)
        self.code = self.code or session.exit_code

    def projections(self, words: list[str]) -> None:
        """Show how each projection stands here."""
        _none(words)
        self.look.show_standings(self.look.output)

    # --- moving ------------------------------------------------------------------------

    def next(self, words: list[str]) -> None:
        """Go some events forward."""
        here, head = self.look.replay.position, self._head_beyond()
        self._go(min(here + _count(words), head))

    def back(self, words: list[str]) -> None:
        """Go some events back."""
        here = self.look.replay.position
        if here == 0:
            raise BadInput("there is nothing before the first event", advice="Move on: next")
        self._go(max(here - _count(words), 0))

    def goto(self, words: list[str]) -> None:
        """Go to a position, a date or a time."""
        if not words:
            raise BadInput("goto needs a place", advice="Write: goto 812, or goto 2025-07-01")
        position, now = self.look.resolve(" ".join(words))
        self._go(position)
        self.look.now = now

    def find(self, words: list[str]) -> None:
        """Go to the next event that matches."""
        if not words:
            raise BadInput("find needs a word", advice="Write a tag, a type, or a text")
        here, wanted = self.look.replay.position, " ".join(words)
        self._head_beyond()
        found = next(self._matching(wanted, here), None)
        if found is None:
            raise BadInput(f"nothing after #{here} matches {wanted!r}", advice="Go back: goto 1")
        self._go(found.position)

    def step(self, words: list[str]) -> None:
        """Go some events forward, and show what each of them changed."""
        from ledger.projections.querying.stepping import steps

        replay = self.look.replay
        to = min(replay.position + _count(words), self._head_beyond())
        self.look.now = None
        show_steps(self.look, steps(replay, to), self.look.output)

    def _go(self, position: int) -> None:
        """Move; say what going back took, and show the event reached."""
        here = self.look.replay.position
        folded, seconds = self.look.go(position)
        if position < here and folded:
            since = position - folded
            start = f"from #{since} on" if since else "from the beginning"
            self.look.session.say(f"folded {folded:,} events again, {start}, in {seconds:.2f} s")
        if position:
            say_event(self.look, position)

    def _head_beyond(self) -> int:
        """Return the last position. Raises `BadInput` if the replay is already there."""
        head = self.look.ledger.log.head()
        if head <= self.look.replay.position:
            raise BadInput(f"there is nothing after #{head}", advice="Go back: back, goto")
        return head

    def _matching(self, wanted: str, after: int) -> Iterator[RecordedEvent]:
        """Yield the events that have the tag, the type, or the text."""
        reading = self.look.ledger.log
        kinds = {t.type_name.casefold(): t.type_name for t in reading.registry}
        if wanted.casefold() in kinds:
            yield from reading.read([Query((), (kinds[wanted.casefold()],))], after=after, limit=1)
        elif ":" in wanted and _is_tag(wanted):
            yield from reading.read([Query((wanted,))], after=after, limit=1)
        else:
            yield from self._with_text(wanted.casefold(), after)

    def _with_text(self, wanted: str, after: int) -> Iterator[RecordedEvent]:
        head, tell = self.look.ledger.log.head(), progress("searching")
        for entry in self.look.ledger.log.stream(after, head):
            words = " ".join([*event_lines(self.look, entry, width=None), *entry.tags])
            if wanted in words.casefold():
                if tell is not None:
                    tell(head, head)
                yield entry
            if tell is not None and (entry.position % _SEARCHED == 0 or entry.position == head):
                tell(entry.position, head)

    # --- the prompt itself -------------------------------------------------------------

    def help(self, words: list[str]) -> None:
        """List the commands."""
        _none(words)
        with self.look.output.opened() as sink:
            sink.write(Sheet(_HELP, [(order.usage, order.help) for order in ORDERS.values()]))

    def quit(self, words: list[str]) -> None:
        """End."""
        _none(words)
        self._ended = True

    def completions(self, before: str, word: str) -> list[str]:
        """Return the words that can be typed next."""
        words = before.split()
        if not words:
            return list(ORDERS)
        views = self.look.replay.views
        given: list[str] = []
        match words:
            case ["view"]:
                given = list(views)
            case ["view", name, *_] if name in views:
                given = [f"--{p.name.replace('_', '-')}" for p in views[name].parameters]
            case ["log" | "show", *_]:
                command = log if words[0] == "log" else show
                given = [n for p in command.params for n in p.opts if n.startswith("--")]
            case ["find"]:
                given = [t.type_name for t in self.look.ledger.log.registry]
        return sorted(given)


ORDERS = {
    "view": Order(
        "view NAME [PARAMETERS]", "ask a view here; without NAME, list them", Prompt.view
    ),
    "show": Order("show POSITION|TAG|ID", "one event, or the history of one thing", Prompt.show),
    "log": Order("log [FILTERS]", "the events so far", Prompt.log),
    "projections": Order("projections", "how each projection stands here", Prompt.projections),
    "next": Order("next [K]", "go forward an event, or K", Prompt.next),
    "back": Order("back [K]", "go back an event, or K", Prompt.back),
    "step": Order("step [K]", "go forward, and show what each event changed", Prompt.step),
    "goto": Order("goto POSITION|DATE|TIME", "go to that place", Prompt.goto),
    "find": Order("find TAG|TYPE|TEXT", "go to the next event that matches", Prompt.find),
    "help": Order("help", "this list; view NAME --help shows its parameters", Prompt.help),
    "quit": Order("quit", "end; so does Ctrl-D", Prompt.quit),
}
_ALSO = {"exit": "quit", "?": "help"}


def _find(word: str) -> Order:
    """Return the command of that name, or the only one that begins with it."""
    word = _ALSO.get(word, word)
    found = [name for name in ORDERS if name == word] or [n for n in ORDERS if n.startswith(word)]
    if len(found) == 1:
        return ORDERS[found[0]]
    meant = found or near(word, ORDERS)
    hint = f"Did you mean {' or '.join(meant)}?" if meant else "List them with: help"
    raise BadInput(f"unknown command {word!r}", advice=hint)


def _count(words: list[str]) -> int:
    if not words:
        return 1
    if len(words) > 1 or not words[0].isdecimal() or int(words[0][:19]) < 1:
        raise BadInput(f"{' '.join(words)!r} is not a number of events", advice="Write: next 10")
    return int(words[0][:19])


def _none(words: list[str]) -> None:
    if words:
        raise BadInput(f"unexpected word {words[0]!r}", advice="See: help")


def _is_tag(text: str) -> bool:
    try:
        check_tag(text)
    except BadInput:
        return False
    return True
