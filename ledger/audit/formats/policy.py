"""Policies: the trusted logs and witnesses, and how many must agree (C2SP tlog-policy).

    log LOG_VKEY
    witness insurer INSURER_VKEY
    witness union UNION_VKEY
    witness ministry MINISTRY_VKEY
    group two-of-three 2 insurer union ministry
    quorum two-of-three

Pure.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from ledger.audit.formats.checkpoint import SignedCheckpoint, key_name
from ledger.audit.formats.note import COSIGNATURE, LOG, KeyType, VerifierKey
from ledger.audit.refusals import BadPolicy, NoKey, NotProved

MAX_POLICY = 65_536
"""Bytes of a policy, enough for hundreds of witnesses."""

_CONTROL = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_NONE = "none"


class Group(Struct, frozen=True):
    """Names of witnesses and groups; `needed` of them must have cosigned."""

    needed: int
    members: tuple[str, ...]


class Policy(Struct, frozen=True):
    """The trusted logs, the witnesses by name, and the quorum: a name, or `none`."""

    logs: tuple[VerifierKey, ...] = ()
    witnesses: Mapping[str, VerifierKey] = {}
    groups: Mapping[str, Group] = {}
    quorum: str = _NONE

    @classmethod
    def parse(cls, data: bytes) -> "Policy":
        """Parse a policy. Raises `BadPolicy` with the number of the line."""
        if len(data) > MAX_POLICY:
            raise BadPolicy(f"a policy of {len(data):,} bytes is too large", advice=_FORM)
        if _CONTROL.search(data):
            raise BadPolicy("the policy holds a control character", advice="Use spaces and tabs")
        reading = _Reading()
        for number, raw in enumerate(data.split(b"\n"), start=1):
            # The format defines names as bytes: also those that are not UTF-8 must compare equal.
            words = [
                w.decode("utf-8", "surrogateescape")
                for w in raw.replace(b"\t", b" ").split(b" ")
                if w
            ]
            if words and not words[0].startswith("#"):
                try:
                    reading.take(words)
                except (BadPolicy, NoKey) as error:
                    wrong = BadPolicy(error.message, advice=error.advice)
                    wrong.where = f"line {number} of the policy"
                    raise wrong from None
        if reading.quorum is None:
            raise BadPolicy("the policy has no quorum", advice="Write: quorum NAME, or quorum none")
        return cls(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum)

    def log_of(self, signed: SignedCheckpoint) -> VerifierKey:
        """The log that a checkpoint claims to be from. Raises `NotProved` if it is none of these.

        The name of a log's key is its origin, so the key cannot sign for another log.
        """
        name = key_name(signed.checkpoint.origin)
        for log in self.logs:
            if log.name == name and any(log.signed(one) for one in signed.note.signatures):
                return log
        raise NotProved(
            f"the checkpoint of {signed.checkpoint.origin!r} is not signed by a log of that name "
            "in the policy",
            advice="Find out where it comes from",
        )

    def check(self, signed: SignedCheckpoint) -> list[str]:
        """The names of the witnesses that have cosigned.

        Raises `NotProved` if they do not make a quorum, `BadNote` if a cosignature is wrong.
        """
        keys = {key: name for name, key in self.witnesses.items()}
        have = {keys[key] for key in signed.cosigned(list(keys))}
        if self.quorum != _NONE and self.quorum not in self._witnessing(have):
            raise NotProved(
                f"the checkpoint #{signed.size} is cosigned by "
                f"{', '.join(sorted(have)) or 'no witness of the policy'}, "
                f"but the quorum is {self._described(self.quorum)}",
                advice="Have the others cosign it: audit request, audit cosign",
            )
        return sorted(have)

    def _witnessing(self, have: set[str]) -> set[str]:
        """The names that agree if these witnesses have cosigned: they, and groups."""
        found = set(have)
        for name, group in self.groups.items():  # members come first, so one pass suffices
            if sum(member in found for member in group.members) >= group.needed:
                found.add(name)
        return found

    def _described(self, name: str) -> str:
        group = self.groups.get(name)
        if group is None:
            return name
        return f"{group.needed} of {', '.join(group.members)}"


class _Reading:
    """The definitions in the lines read so far."""

    def __init__(self) -> None:
        self.logs: list[VerifierKey] = []
        self.witnesses: dict[str, VerifierKey] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()

    def take(self, words: Sequence[str]) -> None:
        """Read one line that is neither empty nor a comment."""
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                self.logs.append(self._key(vkey, LOG, self.logs))
            case ["witness", name, vkey] | ["witness", name, vkey, _]:
                self._name(name)
                self.witnesses[name] = self._key(vkey, COSIGNATURE, self.witnesses.values())
            case ["group", name, needed, *members] if members:
                self._name(name)
                self._group(name, needed, members)
            case ["quorum", name] if self.quorum is None:
                if name != _NONE:
                    self._defined(name)
                self.quorum = name
            case ["quorum", _]:
                raise BadPolicy("the policy has two quorums", advice="Write one")
            case _:
                raise BadPolicy(f"{' '.join(words)[:80]!r} is not a policy line", advice=_FORM)

    def _group(self, name: str, needed: str, members: Sequence[str]) -> None:
        for member in members:
            self._defined(member)
            if member in self._members:
                raise BadPolicy(f"{member} is already in a group", advice="Name each once")
            self._members.add(member)
        count = {"all": str(len(members)), "any": "1"}.get(needed, needed)
        if not re.fullmatch(r"[1-9][0-9]{0,4}", count) or int(count) > len(members):
            raise BadPolicy(
                f"{needed!r} of {len(members)} is impossible", advice="Write all, any or a number"
            )
        self.groups[name] = Group(int(count), tuple(members))

    def _key(self, vkey: str, type: KeyType, others: Iterable[VerifierKey]) -> VerifierKey:
        key = VerifierKey.parse(vkey)
        if key.type != type:
            raise BadPolicy(
                f"{key.name} is a key of type {key.type}, but {type} is needed here",
                advice="A log's key is of type 1, a witness's of type 4",
            )
        if any(key.public == other.public for other in others):
            raise BadPolicy(f"the key of {key.name} is listed twice", advice="List it once")
        return key

    def _name(self, name: str) -> None:
        if name == _NONE or name in self.witnesses or name in self.groups:
            raise BadPolicy(f"{name!r} is taken", advice="Give each witness and group its own name")

    def _defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise BadPolicy(f"{name!r} is not defined above", advice="Define it first")


_FORM = "Write lines such as: log VKEY, witness NAME VKEY, group NAME 2 A B C, quorum NAME"
