"""What fuzzing found once stays mended, and every format's example passes the same target."""

from pathlib import Path

import pytest

from tests.fuzz import target

FOUND = Path(target.__file__).parent / "found"


@pytest.mark.parametrize("name", sorted(path.name for path in FOUND.iterdir() if path.suffix != ".md"))
def test_what_was_found_is_read(name: str) -> None:
    """Each file broke a reader, or lost a line."""
    target.read((FOUND / name).read_bytes())


@pytest.mark.parametrize("name", target.NAMES)
def test_examples_cut_and_joined_lose_no_line(name: str) -> None:
    """Where the fuzzer begins."""
    example = target.FORMATS[name].example.encode()
    for log in (
        example,
        example[: len(example) // 2],
        example + b"\n" + example[3:],
        b"\0\xff\n\r\n" + example * 2,
        b"\n\n",
    ):
        target.read(name.encode() + b"\n" + log)
