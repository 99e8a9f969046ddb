"""What one process found in a block is the same to another one, wherever in the file it stood; and it holds no secret."""

import polars as pl
import pytest

from exposure.errors import ExposureError
from exposure.incident import Asset, LogSource
from exposure.logs.digest import Digest, Digester, Wanted, parse
from exposure.logs.formats.known import FORMATS
from exposure.logs.parts import PROBE, pack, placed, unpack
from exposure.logs.reading.blocks import Block, Piece
from tests.logs.logbook import ALICE, BOB, CHECKSUMMED, UNLOCK, at, cloudflare, combined
from tests.logs.test_proofs import HASH, KEY, PHRASE

LINES = [
    combined(f"/wallet/{ALICE}"),
    combined("/static/app.js", at(3), size=4000),
    combined("/wallet/vitalik.eth", at(4)),
    combined("/api/unlock/mnemonic", at(5), method="POST"),
    combined(f"/u?p={PHRASE.replace(' ', '+')}", at(6)),
    combined(f"/u?pk={KEY}", at(7), ip="198.51.100.4"),
    combined(f"/tx/0x{HASH}", at(8)),
    "garbage",
    f"half a line with {BOB}",
    f'"privateKey": "{KEY}"',
    combined("/static/app.js", at(-90_000), size=5000),
    combined(f"/wallet/{CHECKSUMMED}", at(9), ip="198.51.100.4"),
    *[cloudflare(f"/wallet/0x{number:040x}", ray=f"{number}") for number in range(7, 12)],
]


def digest(source: int, first: int, lines: list[str] = LINES, *, wanted: bool = True) -> Digest:
    """Digest lines as those of a file, from a line on."""
    data = "\n".join(lines).encode()
    block = Block(LogSource(path="x"), FORMATS["combined"], [Piece(source, first, data, len(lines))], len(lines))
    digester = Digester([UNLOCK], [Asset(path="/static/app.js", bytes=(4000,))], b"k" * 32)
    return digester.digest(parse(block), Wanted(lines=wanted))


def differences(one: Digest, other: Digest) -> list[str]:
    """Name the fields in which two digests differ; the order of rows is no difference."""
    found = []
    for name in Digest.__dataclass_fields__:
        left, right = getattr(one, name), getattr(other, name)
        pairs = [(left, right)]
        if name == "unread":
            pairs = [(getattr(left, part), getattr(right, part)) for part in type(left).__dataclass_fields__]
        found += [name for pair in pairs if not _same(*pair)]
    return found


def _same(left: object, right: object) -> bool:
    if isinstance(left, pl.DataFrame) and isinstance(right, pl.DataFrame):
        return left.schema == right.schema and left.sort(left.columns).equals(right.sort(right.columns))
    return left == right


@pytest.mark.parametrize("wanted", [True, False])
def test_a_digest_comes_back_whole(wanted: bool) -> None:
    """Every field, with its types; where no lines were wanted there are none."""
    made = digest(0, 1, wanted=wanted)
    assert (5, 3, wanted) == (made.second.read.total(), made.unread.rejected.total(), made.lines is not None)
    assert {"private_key", "phrase"} == {opener.kind for opener in made.openers.values()}
    assert [] == differences(made, unpack(pack(made)))


def test_a_digest_can_be_moved() -> None:
    """Whoever reads the middle of a file does not know how many lines stand before it."""
    moved = placed(unpack(pack(digest(0, 1))), {0: (3, 100)})
    assert [] == differences(moved, digest(3, 101))
    assert [] != differences(moved, digest(3, 102))


def test_nothing_of_a_secret_is_in_it() -> None:
    """Neither in the bytes nor in what is printed of it: only what it opens."""
    made = digest(0, 1)
    held = pl.read_ipc(pack(made)).get_column("rows").to_list()
    for data in [*held, repr(made).encode()]:
        assert KEY.encode() not in data
        assert bytes.fromhex(KEY) not in data
        assert PHRASE.split()[3].encode() not in data


@pytest.mark.parametrize("end", [0, 40, -40])
def test_a_damaged_part_says_so(end: int) -> None:
    """A machine that went down while it wrote leaves half of it."""
    with pytest.raises(ExposureError, match="cannot be read"):
        unpack(pack(digest(0, 1))[:end])


def test_a_part_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its numbers of clients and files would name others."""
    data = pack(digest(0, 1))
    monkeypatch.setattr("exposure.logs.parts.PROBE", PROBE + "x")
    with pytest.raises(ExposureError, match="another version"):
        unpack(data)
