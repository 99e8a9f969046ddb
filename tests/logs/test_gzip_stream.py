"""A gz file is read as far as it can be, however it is cut, joined or damaged."""

import gzip
from collections.abc import Iterator

import pytest

from exposure.logs.gzip_stream import DamagedError, gunzip

TEXT = b"".join(b"line %d of a log that is not all the same\n" % number for number in range(50_000))
PACKED = gzip.compress(TEXT)


def pieces(packed: bytes, size: int) -> Iterator[bytes]:
    """Give bytes as a disk or a network does."""
    return (packed[start : start + size] for start in range(0, len(packed), size))


def unpack(packed: bytes, size: int = 1 << 20) -> tuple[bytes, str]:
    """Give what could be read, and why not more."""
    got = bytearray()
    try:
        for piece in gunzip(pieces(packed, size)):
            got += piece
    except DamagedError as error:
        return bytes(got), str(error)
    return bytes(got), ""


@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 20])
def test_several_members_are_one_text(size: int) -> None:
    """Logrotate and cat append members; an empty one and padding with zeros belong to no line."""
    packed = gzip.compress(b"one\n") + gzip.compress(b"") + gzip.compress(b"two\n") + b"\0" * 700
    assert (b"one\ntwo\n", "") == unpack(packed, size)


def test_a_file_that_was_cut_off_gives_all_that_is_readable() -> None:
    """Nearly everything in front of the cut is there: at most one slice of packed bytes is missing."""
    got, why = unpack(PACKED[: len(PACKED) * 2 // 3])
    assert ("the gz data ends in the middle", True) == (why, TEXT.startswith(got))
    assert len(got) > len(TEXT) * 0.6


def test_every_cut_is_noticed() -> None:
    """A download may stop at any byte, also within header and trailer; only a whole file passes for one."""
    packed = gzip.compress(b"one\ntwo\n")
    told = {cut: unpack(packed[:cut])[1] for cut in range(1, len(packed))}
    assert dict.fromkeys(range(1, len(packed)), "the gz data ends in the middle") == told


def test_damage_keeps_what_came_before() -> None:
    """Bytes that are no gz behind a whole member do not take the member with them."""
    assert (TEXT, "the gz data is damaged") == unpack(PACKED + b"this is no gz")


def test_a_bomb_is_unpacked_in_small_pieces() -> None:
    """A hundred megabytes of zeros come out of a hundred kilobytes: never all at once."""
    sizes = [len(piece) for piece in gunzip(iter([gzip.compress(b"\0" * (100 << 20))]))]
    assert (100 << 20, True) == (sum(sizes), max(sizes) <= 4 << 20)


def test_nothing_gives_nothing() -> None:
    """An empty file is not a damaged one; the reader says what it is."""
    assert (b"", "") == unpack(b"")
