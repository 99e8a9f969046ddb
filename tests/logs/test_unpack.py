"""A packed file is read as far as it can be, however it is cut, joined or damaged."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterator

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from exposure.logs.reading.unpack import RATIO, DamagedError, guarded, packing, unpack

TEXT = b"".join(b"line %d of a log that is not all the same\n" % number for number in range(50_000))
Pack = Callable[[bytes], bytes]
PACKERS: dict[str, Pack] = {
    "gz": gzip.compress,
    "zst": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
    "bz2": bz2.compress,
    "xz": lzma.compress,
}
every_packing = pytest.mark.parametrize(("name", "pack"), PACKERS.items(), ids=PACKERS)


def pieces(packed: bytes, size: int) -> Iterator[bytes]:
    """Give bytes as a disk or a network does."""
    return (packed[start : start + size] for start in range(0, len(packed), size))


def read(packed: bytes, name: str, size: int = 1 << 20) -> tuple[bytes, str]:
    """Give what could be read, and why not more."""
    known = packing(packed)
    assert known is not None
    assert name == known.name
    got = bytearray()
    try:
        for piece in unpack(pieces(packed, size), known):
            got += piece
    except DamagedError as error:
        return bytes(got), str(error)
    return bytes(got), ""


@every_packing
@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 20])
def test_several_members_are_one_text(name: str, pack: Pack, size: int) -> None:
    """Logrotate and cat append members; an empty one and padding with zeros belong to no line."""
    packed = pack(b"one\n") + pack(b"") + pack(b"two\n") + b"\0" * 700
    assert (b"one\ntwo\n", "") == read(packed, name, size)


@every_packing
def test_a_file_that_was_cut_off_gives_all_that_is_readable(name: str, pack: Pack) -> None:
    """Nearly everything in front of the cut is there: at most one slice, or the packer's own block, is missing."""
    packed = pack(TEXT)
    got, why = read(packed[: len(packed) * 2 // 3], name)
    assert (f"the {name} data ends in the middle", True) == (why, TEXT.startswith(got))
    assert len(got) > len(TEXT) * 0.3


@every_packing
def test_every_cut_is_noticed(name: str, pack: Pack) -> None:
    """A download may stop at any byte, also within header and trailer; only a whole file passes for one."""
    packed = pack(b"one\ntwo\n")
    told = {cut: read(packed[:cut], name)[1] for cut in range(10, len(packed))}
    assert dict.fromkeys(range(10, len(packed)), f"the {name} data ends in the middle") == told


@every_packing
def test_damage_keeps_what_came_before(name: str, pack: Pack) -> None:
    """Bytes that are no such data behind a whole member do not take the member with them."""
    assert (TEXT, f"the {name} data is damaged") == read(pack(TEXT) + b"this is nothing that was packed", name)


@every_packing
@given(at=st.floats(0.2, 0.95), flip=st.integers(1, 255))
def test_a_flipped_byte_is_damage_or_no_difference(name: str, pack: Pack, at: float, flip: int) -> None:
    """Never other text without a word, and never another error."""
    small = TEXT[:20_000]
    packed = bytearray(pack(small))
    packed[int(len(packed) * at)] ^= flip
    got, why = read(bytes(packed), name)
    assert bool(why) or got == small


@every_packing
def test_a_bomb_is_unpacked_in_small_pieces(name: str, pack: Pack) -> None:
    """A hundred megabytes of zeros come out of nearly nothing: never all at once."""
    packed = pack(b"\0" * (100 << 20))
    known = packing(packed)
    assert known is not None
    sizes = [len(piece) for piece in unpack(iter([packed]), known)]
    assert (100 << 20, True) == (sum(sizes), max(sizes) <= 4 << 20)


def test_a_bomb_is_stopped_at_a_ratio_after_what_is_free() -> None:
    """What came before is kept; a flood of one line, which packs as well, is small enough to be read whole."""
    bomb = [b"\0" * (1 << 20)] * 64
    got: list[bytes] = []

    def read_all() -> None:
        for piece in guarded(iter(bomb), lambda: 100, free=16 << 20):
            got.append(piece)  # noqa: PERF402 - extend() would lose what came before the error

    with pytest.raises(DamagedError, match=r"^it holds more than 1,000 times its size, as a zip bomb does$"):
        read_all()
    assert 16 == len(got)
    assert 64 == len(list(guarded(iter(bomb), lambda: (64 << 20) // RATIO + 1, free=16 << 20)))


def test_a_window_of_two_gibibytes_is_read() -> None:
    """`zstd --long=31` says so in its frame, and the library refuses it unless told."""
    options = {
        zstd.CompressionParameter.window_log: 31 if zstd.CompressionParameter.window_log.bounds()[1] >= 31 else 30
    }
    parameters = {**options, zstd.CompressionParameter.enable_long_distance_matching: 1}
    packer = zstd.ZstdCompressor(options=parameters)
    packed = (
        packer.compress(TEXT) + packer.flush()
    )  # in two calls the size is not known, so that the window stands in the frame
    assert (TEXT, "") == read(packed, "zst")


def test_a_frame_that_holds_nothing_may_come_first() -> None:
    """The tool pzstd begins each part with one, to say how long the part is."""
    assert (b"one\n", "") == read(b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstd.compress(b"one\n"), "zst")


@pytest.mark.parametrize("head", [b"", b"BZh", b"BZh9 is how this log begins", b"P*M\x19", b"203.0.113.7 - - ["])
def test_text_is_not_taken_for_packed(head: bytes) -> None:
    """A log may begin with anything."""
    assert packing(head) is None
