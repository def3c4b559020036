"""The tree of a log's lines is the same with all, some, no or false hashes kept."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ledger.audit.formats.merkle import EMPTY_ROOT, HASH_SIZE, leaf_hash, root, subtree
from ledger.audit.proving import prove_continuation, prove_line
from ledger.audit.refusals import Inconsistent
from ledger.audit.signing import keep_hashes
from ledger.audit.tree import TILE, Derivation, HashFiles, LogTree, cut, tiles
from tests.unit.audit.conftest import LOG_KEY, MadeUpLog, flipped

SIZE = 1_100
"""Four whole tiles and part of one."""

LOG = MadeUpLog.of(SIZE)
LEAVES = [leaf_hash(line) for line in LOG.all]
KEY = LOG_KEY.verifier


@pytest.fixture
def hashes(tmp_path: Path) -> HashFiles:
    """A folder for hashes that does not exist yet."""
    return HashFiles(tmp_path / "studio.audit" / "tree")


def files(hashes: HashFiles) -> dict[str, bytes]:
    """The kept hashes."""
    if not hashes.folder.exists():
        return {}
    return {path.name: path.read_bytes() for path in hashes.folder.iterdir()}


def places() -> list[tuple[int, int]]:
    """Complete subtrees: all high ones, and some low ones."""
    chance = random.Random(3)
    found = []
    for level in range(11):
        count = SIZE >> level
        some = range(count) if count < 40 else [0, count - 1, *chance.sample(range(count), 20)]
        found += [(level, index) for index in some]
    return found


def check_nodes(hashes: HashFiles | None) -> None:
    """Assert that every node matches the definition."""
    tree = LogTree(LOG, hashes)
    for level, index in places():
        expected = subtree(LEAVES[index << level : (index + 1) << level])
        assert tree.node(level, index) == expected, (level, index)


def test_nodes_are_those_of_the_definition_whatever_is_kept(hashes: HashFiles) -> None:
    check_nodes(None)
    check_nodes(hashes)
    keep_hashes(hashes, LEAVES)
    whole = files(hashes)
    assert {name: len(data) // HASH_SIZE for name, data in whole.items()} == {"0": SIZE, "1": 4}
    check_nodes(hashes)
    chance = random.Random(5)
    for _ in range(12):
        for name, data in whole.items():
            # Cut at any byte, also in the middle of a hash, or missing.
            (hashes.folder / name).write_bytes(data[: chance.randrange(len(data) + 1)])
        if chance.random() < 0.3:
            (hashes.folder / chance.choice("01")).unlink()
        check_nodes(hashes)


def test_with_hashes_kept_no_other_line_is_read(hashes: HashFiles) -> None:
    keep_hashes(hashes, LEAVES)
    signed = LOG.signed()
    LOG.read.clear()
    prove_line(LOG, 700, signed, hashes)
    assert [span for span in LOG.read if span[0] < span[1]] == [(699, 700)]


@pytest.mark.parametrize("places", ["folder", "level", "file in its place"])
def test_what_cannot_be_read_counts_as_not_kept(hashes: HashFiles, places: str) -> None:
    if places == "folder":
        hashes.folder.parent.mkdir()
        hashes.folder.write_bytes(b"no folder")
    elif places == "level":
        (hashes.folder / "0").mkdir(parents=True)
    else:
        hashes.folder.mkdir(parents=True)
        (hashes.folder / "0").write_bytes(b"x" * 31)
    check_nodes(hashes)
    assert prove_line(LOG, 700, LOG.signed(), hashes).hashes
    assert hashes.read(0, 2**60, 5) == hashes.read(0, 10**30, 5) == []


def test_false_hashes_give_true_proofs_and_are_dropped(hashes: HashFiles) -> None:
    """An attacker changed one hash, every hash, or put another log's there."""
    signed, old = LOG.signed(), LOG.signed(300)
    true = prove_line(LOG, 700, signed, hashes)
    joined = prove_continuation(LOG, old, signed, hashes)
    other = [leaf_hash(b"another %d" % n) for n in range(SIZE)]
    chance = random.Random(11)
    for attempt in range(20):
        keep_hashes(hashes, other if attempt < 2 else LEAVES)
        if attempt >= 2:
            file = hashes.folder / chance.choice("01")
            file.write_bytes(flipped(file.read_bytes(), chance.randrange(file.stat().st_size * 8)))
        proof = prove_line(LOG, 700, signed, hashes)
        assert proof == true
        proof.check(LOG.all[699], KEY)
        assert prove_continuation(LOG, old, signed, hashes) == joined
        if attempt < 2:
            assert files(hashes) == {}
    # Hashes outside these proofs may still be false: the next signing corrects them.
    keep_hashes(hashes, LEAVES)
    check_nodes(hashes)


def test_false_hashes_do_not_make_a_changed_line_true(hashes: HashFiles) -> None:
    """The hashes are the signed ones but one line is not: it has no proof."""
    keep_hashes(hashes, LEAVES)
    lines = MadeUpLog(LOG.all)
    lines.all[699] = b"rewritten"
    with pytest.raises(Inconsistent, match="the lines are not those"):
        prove_line(lines, 700, LOG.signed(), hashes)
    # Another event has a proof with the hashes, but none without.
    prove_line(lines, 300, LOG.signed(), hashes).check(LOG.all[299], KEY)
    hashes.drop()
    with pytest.raises(Inconsistent):
        prove_line(lines, 300, LOG.signed(), hashes)
    with pytest.raises(Inconsistent):
        prove_continuation(lines, LOG.signed(300), LOG.signed(), hashes)
    assert prove_continuation(lines, None, LOG.signed(), hashes) == []


def test_only_what_is_missing_is_written(
    hashes: HashFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[int, int, int]] = []
    real = HashFiles.write

    def watched(self: HashFiles, level: int, start: int, true: list[bytes]) -> None:
        written.append((level, start, len(true)))
        real(self, level, start, true)

    monkeypatch.setattr(HashFiles, "write", watched)

    def keep(size: int) -> list[tuple[int, int, int]]:
        written.clear()
        keep_hashes(hashes, LEAVES[:size])
        assert files(hashes).get("0", b"") == b"".join(LEAVES[:size])
        return list(written)

    assert keep(0) == []
    assert keep(10) == [(0, 0, 10)]
    assert keep(10) == []
    assert keep(300) == [(0, 0, 300), (1, 0, 1)]
    assert keep(SIZE) == [(0, 256, SIZE - 256), (1, 0, 4)]
    assert keep(SIZE) == []
    (hashes.folder / "0").write_bytes(b"".join(LEAVES)[: 800 * HASH_SIZE + 7])
    assert keep(SIZE) == [(0, 768, SIZE - 768)]
    damaged = bytearray((hashes.folder / "0").read_bytes())
    damaged[600 * HASH_SIZE] ^= 1
    (hashes.folder / "0").write_bytes(damaged)
    assert keep(SIZE) == [(0, 512, SIZE - 512)]
    assert keep(512) == [(0, 512, 0), (1, 0, 2)]  # a shorter log keeps no hashes beyond its end
    assert keep(SIZE) == [(0, 512, SIZE - 512), (1, 0, 4)]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, SIZE])
def test_a_derivation_tells_the_roots_at_the_wanted_sizes(size: int) -> None:
    chance = random.Random(size)
    for _ in range(20):
        wanted = {chance.randrange(size + 1) for _ in range(chance.randrange(12))} | {0, size}
        beyond = {size + 1, size + TILE}
        derivation = Derivation([*wanted, *wanted, *beyond])
        for tile in tiles(LOG.all[:size]):
            whole = derivation.add(tile)
            assert whole == (subtree(tile) if len(tile) == TILE else None)
        tree = LogTree(LOG)
        assert derivation.roots == {one: root(one, tree) for one in wanted}
        assert derivation.roots[0] == EMPTY_ROOT


def test_cut_leaves_out_what_is_no_whole_hash() -> None:
    for length in range(100):
        data = bytes(range(length))
        found = cut(data)
        assert b"".join(found) == data[: length - length % HASH_SIZE]
        assert {len(one) for one in found} <= {HASH_SIZE}
