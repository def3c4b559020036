"""Policies: the specification's example with two levels of groups, and each of its rules."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from ledger.audit.formats.checkpoint import SignedCheckpoint
from ledger.audit.formats.note import COSIGNATURE, Note, Signature, VerifierKey
from ledger.audit.formats.policy import MAX_POLICY, Policy
from ledger.audit.refusals import BadNote, BadPolicy, NotProved
from tests.unit.audit.conftest import INSURER, LOG_KEY, ORIGIN, MadeUpLog, key_of

NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
WITNESSES = {name: key_of(f"{name}.example", COSIGNATURE) for name in NAMES}
LOG_VKEY = LOG_KEY.verifier.text
A, B, C = (WITNESSES[name].verifier.text for name in ("X1", "X2", "X3"))

EXAMPLE = f"""\
log {LOG_VKEY}

witness X1 {WITNESSES["X1"].verifier.text}
witness X2 {WITNESSES["X2"].verifier.text}
witness X3 {WITNESSES["X3"].verifier.text}
group X-witnesses 2 X1 X2 X3

witness Y1 {WITNESSES["Y1"].verifier.text}
witness Y2 {WITNESSES["Y2"].verifier.text}
witness Y3 {WITNESSES["Y3"].verifier.text}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""

SIGNED = MadeUpLog.of(5).signed()


def cosigned_by(*names: str) -> SignedCheckpoint:
    """The checkpoint with these witnesses' cosignatures, as read from a file."""
    text = SIGNED.note.text
    signed = SIGNED.adding([WITNESSES[name].sign(text, 1_700_000_000) for name in names])
    return SignedCheckpoint.parse(signed.encode())


def agrees(policy: Policy, *names: str) -> bool:
    """Whether these witnesses are enough."""
    try:
        found = policy.check(cosigned_by(*names))
    except NotProved:
        return False
    assert found == sorted(names)
    return True


def test_the_example_of_the_specification() -> None:
    """Of all 64 sets of witnesses, exactly those with two of X and one of Y."""
    policy = Policy.parse(EXAMPLE.encode())
    assert (policy.logs, policy.quorum) == ((LOG_KEY.verifier,), "X-and-Y")
    enough = 0
    for count in range(7):
        for names in combinations(WITNESSES, count):
            of_x = sum(name.startswith("X") for name in names)
            expected = of_x >= 2 and count - of_x >= 1
            assert agrees(policy, *names) == expected, names
            enough += expected
    assert enough == 4 * 7


def test_what_is_missing_is_said() -> None:
    policy = Policy.parse(EXAMPLE.encode())
    with pytest.raises(NotProved, match=r"cosigned by X1, Y2, but the quorum is 2 of X-witn"):
        policy.check(cosigned_by("X1", "Y2"))
    with pytest.raises(NotProved, match="by no witness of the policy"):
        policy.check(SIGNED)


def test_a_wrong_cosignature_of_a_witness_refuses_though_the_others_are_enough() -> None:
    policy = Policy.parse(EXAMPLE.encode())
    key = WITNESSES["X3"].verifier
    forged = cosigned_by("X1", "X2", "Y1").adding([Signature(key.name, key.id, b"x" * 72)])
    with pytest.raises(BadNote, match=r"X3\.example is wrong"):
        policy.check(forged)


def test_a_witness_is_not_counted_twice_nor_under_another_name() -> None:
    policy = Policy.parse(f"witness a {A}\nwitness b {B}\ngroup g 2 a b\nquorum g\n".encode())
    text = SIGNED.note.text
    one = WITNESSES["X1"]
    with pytest.raises(NotProved):
        policy.check(SIGNED.adding([one.sign(text, 1), one.sign(text, 2)]))


@pytest.mark.parametrize(
    ("needed", "enough"),
    [("all", 3), ("any", 1), ("1", 1), ("2", 2), ("3", 3)],
)
def test_all_any_and_a_number(needed: str, enough: int) -> None:
    text = f"witness a {A}\nwitness b {B}\nwitness c {C}\ngroup g {needed} a b c\nquorum g\n"
    policy = Policy.parse(text.encode())
    for count in range(4):
        for names in combinations(("X1", "X2", "X3"), count):
            signed = cosigned_by(*names)
            if count >= enough:
                assert len(policy.check(signed)) == count
            else:
                with pytest.raises(NotProved):
                    policy.check(signed)


def test_a_quorum_of_one_and_of_none() -> None:
    one = Policy.parse(f"witness a {A}\nwitness b {B}\nquorum a\n".encode())
    assert one.check(cosigned_by("X1")) == ["a"]
    with pytest.raises(NotProved, match="the quorum is a"):
        one.check(cosigned_by("X2"))
    assert Policy.parse(b"quorum none").check(SIGNED) == []
    assert Policy.parse(f"witness a {A}\nquorum none\n".encode()).check(cosigned_by("X1")) == ["a"]


def test_spaces_tabs_comments_urls_and_order() -> None:
    text = (
        f"\t# quorum none\n   \n#\n\twitness  a\t{A}  https://a.example/ \n"
        f" group g any a\t\nquorum g\n  # {'é' * 40}\nwitness b {B}\nlog {LOG_VKEY} https://l"
    )
    policy = Policy.parse(text.encode())
    assert (list(policy.witnesses), policy.quorum, len(policy.logs)) == (["a", "b"], "g", 1)


def test_names_are_bytes() -> None:
    """A Kelvin sign differs from K, any bytes make a name, and only ASCII spaces separate."""
    names = ("K", "\u212a", "a\u00a0b")
    witnesses = zip(names, (A, B, C), strict=True)
    text = "".join(f"witness {name} {vkey}\n" for name, vkey in witnesses)
    text += f"group 摄影棚 3 {' '.join(names)}\n"
    policy = Policy.parse(text.encode() + "quorum 摄影棚".encode())
    assert policy.groups["摄影棚"].needed == 3
    raw = Policy.parse(b"witness \xff %b\nquorum \xff" % A.encode())
    assert len(raw.check(cosigned_by("X1"))) == 1
    with pytest.raises(NotProved) as refused:
        raw.check(SIGNED)
    assert str(refused.value).encode("utf-8", "backslashreplace")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "no quorum"),
        (f"witness a {A}\n", "no quorum"),
        ("quorum none\nquorum none\n", "line 2.*two quorums"),
        ("quorum a\n", "line 1.*not defined above"),
        (f"quorum a\nwitness a {A}\n", "line 1.*not defined above"),
        (f"group g any a\nwitness a {A}\nquorum g\n", "line 1.*not defined above"),
        ("group g any g\nquorum g\n", "not defined above"),
        (f"witness a {A}\ngroup g any none\nquorum g\n", "'none' is not defined"),
        (f"witness none {A}\nquorum none\n", "'none' is taken"),
        (f"witness a {A}\ngroup none any a\nquorum none\n", "'none' is taken"),
        (f"witness a {A}\nwitness a {B}\nquorum a\n", "line 2.*'a' is taken"),
        (f"witness a {A}\ngroup a any a\nquorum a\n", "line 2.*'a' is taken"),
        (f"witness a {A}\ngroup g any a a\nquorum g\n", "already in a group"),
        (f"witness a {A}\ngroup g any a\ngroup h any a\nquorum h\n", "line 3.*already in a group"),
        (f"witness a {A}\nwitness b {A}\nquorum a\n", "line 2.*is listed twice"),
        (f"log {LOG_VKEY}\nlog {LOG_VKEY}\nquorum none\n", "line 2.*is listed twice"),
        (f"log {A}\nquorum none\n", "key of type 4, but 1 is needed"),
        (f"witness a {LOG_VKEY}\nquorum a\n", "key of type 1, but 4 is needed"),
        (f"witness a {A[:-4]}\nquorum a\n", "line 1"),
        (f"witness a b {A}\nquorum a\n", "line 1"),
        (f"witness a {A} url more\nquorum a\n", "is not a policy line"),
        (f"witness {A}\nquorum none\n", "is not a policy line"),
        (f"log\nquorum none\n{A}", "line 1.*is not a policy line"),
        (f"witness a {A}\ngroup g any\nquorum g\n", "is not a policy line"),
        (f"witness a {A}\ngroup g\nquorum g\n", "is not a policy line"),
        ("quorum none more\n", "is not a policy line"),
        ("quorum\n", "is not a policy line"),
        ("QUORUM none\n", "is not a policy line"),
        *(
            (f"witness a {A}\nwitness b {B}\ngroup g {k} a b\nquorum g\n", "is impossible")
            for k in ("0", "3", "02", "-1", "+1", "1.0", "ALL", "some", "１", "9" * 50)
        ),
    ],
)
def test_what_is_no_policy(text: str, match: str) -> None:
    with pytest.raises(BadPolicy) as refused:
        Policy.parse(text.encode())
    assert re.search(match, str(refused.value)), str(refused.value)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("byte", [*range(9), *range(11, 32), 127])
def test_no_control_character_but_tab_and_newline(byte: int) -> None:
    with pytest.raises(BadPolicy, match="control character"):
        Policy.parse(b"# a comment" + bytes([byte]) + b"\nquorum none\n")


def test_one_key_under_two_names_is_one_key() -> None:
    """Two keys with the same public bytes are duplicates, whatever their names and ids."""
    key = WITNESSES["X1"].verifier
    other = VerifierKey("another.example", COSIGNATURE, key.public)
    assert other.id != key.id
    with pytest.raises(BadPolicy, match="twice"):
        Policy.parse(f"witness a {key.text}\nwitness b {other.text}\nquorum a\n".encode())
    # A log and a witness are not duplicates: their types keep their notes apart.
    as_log = VerifierKey("studio.example", 1, key.public)
    Policy.parse(f"log {as_log.text}\nwitness a {key.text}\nquorum a\n".encode())


def test_whose_log_it_is() -> None:
    """A log's key in a policy counts only for the origin that it is named after."""
    other = key_of("other.example")
    policy = Policy.parse(f"log {other.verifier.text}\nlog {LOG_VKEY}\nquorum none\n".encode())
    assert policy.log_of(SIGNED) == LOG_KEY.verifier
    for foreign in (
        MadeUpLog.of(5).signed(key=other),  # signs for an origin that is not its own
        MadeUpLog.of(5).signed(origin="other.example"),
        MadeUpLog.of(5).signed(key=INSURER_AS_LOG),
        SignedCheckpoint(SIGNED.checkpoint, Note(SIGNED.note.text, ())),
    ):
        with pytest.raises(NotProved, match="not signed by a log of that name"):
            policy.log_of(foreign)


INSURER_AS_LOG = key_of(INSURER.verifier.name)


def test_groups_may_nest_as_deep_as_they_like() -> None:
    """One in another, thousands deep, as many as the file can hold."""
    lines = [f"witness w {A}", "group g0 any w"]
    lines += [f"group g{n} any g{n - 1}" for n in range(1, 3_000)]
    policy = Policy.parse("\n".join([*lines, "quorum g2999"]).encode())
    assert policy.check(cosigned_by("X1")) == ["w"]
    with pytest.raises(NotProved, match="1 of g2998"):
        policy.check(SIGNED)


def test_limits() -> None:
    """Programs must accept 32 logs, witnesses and groups; a file has up to 64 KiB."""
    lines = [f"log {key_of(f'l{n}').verifier.text}" for n in range(40)]
    lines += [f"witness w{n} {key_of(f'w{n}', COSIGNATURE).verifier.text}" for n in range(40)]
    lines += [f"group g{n} all w{n}" for n in range(40)]
    lines += [f"group all 33 {' '.join(f'g{n}' for n in range(40))}", "quorum all"]
    policy = Policy.parse("\n".join(lines).encode())
    assert (len(policy.logs), len(policy.witnesses), len(policy.groups)) == (40, 40, 41)
    Policy.parse(b"quorum none\n" + b"#" * (MAX_POLICY - 12))
    with pytest.raises(BadPolicy, match="too large"):
        Policy.parse(b"quorum none\n" + b"#" * (MAX_POLICY - 11))


def test_the_origin_in_the_policy_may_be_any_name() -> None:
    signed = MadeUpLog.of(3).signed(key=key_of("Stage-1-2"), origin="Stage 1 + 2")
    policy = Policy.parse(f"log {key_of('Stage-1-2').verifier.text}\nquorum none".encode())
    assert policy.log_of(signed).name == "Stage-1-2"
    assert ORIGIN != "Stage-1-2"
