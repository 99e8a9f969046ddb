"""ENS names both ways, at one block: the name that an address bears, and the address that a name stands for. Pure.

Asked are the registry and the resolver that it names, since the universal resolver does not exist at old blocks. A name that an
address claims counts only where it leads back to that address. Names that live off chain (CCIP-read) or under wildcards (ENSIP-10)
do not resolve so, and are said to be unresolved.
"""

import re
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from ens.exceptions import InvalidName
from ens.utils import normalize_name, raw_name_to_hash
from eth_utils.crypto import keccak

from exposure.chain.multicall import NAME_CHARACTERS, read_address, read_text, selector
from exposure.chain.state import Answers, Question, call

REGISTRY = "0x00000000000c2e074ec69a0dfb2997ba6c7d2e1e"
# Mainnet, its test chains, and a test's own.
ENS_CHAINS = (1, 11155111, 17000, 31337)

_RESOLVER, _ADDR, _NAME = selector("resolver(bytes32)"), selector("addr(bytes32)"), selector("name(bytes32)")
_REVERSE = bytes(raw_name_to_hash("addr.reverse"))
_NOBODY = "0x" + "0" * 40
_PLAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")

T = TypeVar("T")
Steps = Generator[Question, bytes | None, T]


def reverse(address: str) -> Steps[str | None]:
    """Find the name that an address bears; None where it has none, or one that does not lead back."""
    node = keccak(_REVERSE + keccak(text=address[2:]))
    resolver = read_address((yield call(REGISTRY, _RESOLVER + node)))
    if resolver is None or resolver == _NOBODY:
        return None
    claimed = read_text((yield call(resolver, _NAME + node)), NAME_CHARACTERS)
    # A claim in another form than the normal one is made to be mistaken.
    if claimed is None or normal(claimed) != claimed or (yield from forward(claimed)) != address:
        return None
    return claimed


def forward(name: str) -> Steps[str | None]:
    """Find the address that a normal name stands for; None where there is none."""
    node = bytes(raw_name_to_hash(name))
    resolver = read_address((yield call(REGISTRY, _RESOLVER + node)))
    if resolver is None or resolver == _NOBODY:
        return None
    address = read_address((yield call(resolver, _ADDR + node)))
    return None if address == _NOBODY else address


def normal(name: str | None) -> str | None:
    """Give the normal form of a name (ENSIP-15); None where it is none, such as one made to look like another's."""
    if name is None or "." not in name:
        return None
    if _PLAIN.fullmatch(name):
        return name
    try:
        return str(normalize_name(name))
    except (InvalidName, ValueError):
        return None


def follow(steps: Callable[[], Steps[T]], answers: Answers) -> tuple[T | None, Question | None]:
    """Go as far as answers are known: the result, or the question that comes next."""
    way = steps()
    try:
        question = next(way)
        while question in answers:
            question = way.send(answers.get(question))
    except StopIteration as end:
        found: T = end.value
        return found, None
    return None, question


def next_questions(ways: Iterable[Callable[[], Steps[T]]], answers: Answers) -> list[Question]:
    """Give what has to be asked next, each question once."""
    asked = (follow(way, answers)[1] for way in ways)
    return list({question.key: question for question in asked if question is not None}.values())
