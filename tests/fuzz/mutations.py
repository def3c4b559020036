"""Inputs as hypothesis draws them: anything at all, and what is right with some changes."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

WORDS = (
    b"\n", b"\n\n", b" ", b"+", b"=", b"-", b"0", b"7", b"-1", b"\xff", b"\0", b"\r", b"\t", b'"',
    b"\\", b"\\ud800", b"\\u0000", b"[", b"]", b"{", b"}", b"null", b"NaN", b"1e999", b"AAAA",
    "永川".encode(), "—".encode(), "\u2028".encode(), "\u202e".encode(), b"\xed\xa0\x80",
    b"99999999999999999999", b"\xef\xbb\xbf", b"'; DROP TABLE event; --", b"\x1b[2J", b"%s%n{0}",
)  # fmt: skip
"""What readers stumble over, whatever they read."""


def anything(words: Sequence[bytes] = WORDS) -> st.SearchStrategy[bytes]:
    """Bytes of any kind, and the words in any order."""
    return st.binary(max_size=400) | st.lists(st.sampled_from(words), max_size=30).map(b"".join)


@st.composite
def mutated(draw: st.DrawFn, whole: bytes, words: Sequence[bytes] = WORDS) -> bytes:
    """What is right, with some changes: bytes, spans taken out, put in twice, other words."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        until = draw(st.integers(at, min(len(data), at + 60)))
        match draw(st.sampled_from(["byte", "out", "twice", "word", "for", "cut", "parts"])):
            case "byte" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "out":
                del data[at:until]
            case "twice":
                data[until:until] = data[at:until]
            case "word":
                data[at:at] = draw(st.sampled_from(words))
            case "for":
                data[at:until] = draw(st.sampled_from(words))
            case "cut":
                del data[at:]
            case "parts":
                between = b"\0" if b"\0" in data else b"\n"
                parts = bytes(data).split(between)[:50]
                data = bytearray(between.join(draw(st.permutations(parts))))
            case _:
                pass
    return bytes(data)


def hostile(seeds: Sequence[bytes], words: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Inputs for a surface, of its seeds and words."""
    every = (*WORDS, *words)
    changed = st.sampled_from(seeds).flatmap(lambda seed: mutated(seed, every))
    return changed | anything(every)


def extremes(seed: bytes) -> dict[str, bytes]:
    """What no search comes upon: very deep, very long, very large, and broken in each way.

    Each also as the end of what is right, where a reader has already begun to believe it.
    """
    alone = {
        "nothing": b"",
        "deep lists": b"[" * 60_000,
        "deep lists, closed": b"[" * 30_000 + b"]" * 30_000,
        "deep objects": b'{"do":' * 10_000,
        "a deep setting": b"a=" + b"[" * 5_000 + b"]" * 5_000,
        "a deep expression": b"x = " + b"(" * 5_000 + b")" * 5_000,
        "a deep sum": b"x: " + b"-" * 50_000 + b"1\n",
        "a huge number": b"9" * 50_000,
        "a huge setting": b"a=" + b"9" * 5_000,
        "many lines": b"\n" * 60_000,
        "many words": b"a " * 30_000,
        "zeros": bytes(60_000),
        "no text": b"\xff\xfe" * 30_000,
        "half characters": b"\xed\xa0\x80" * 1_000,
        "keys twice": b'{"do":"project open",' + b'"do":"project open",' * 2_000 + b'"a":1}',
    }
    ended = {f"{name}, at the end": seed + data for name, data in alone.items()}
    return {**alone, **ended, "a huge line": b"x" * 10_000_000}
