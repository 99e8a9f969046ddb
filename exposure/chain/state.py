"""What contracts and accounts say at one block: questions with keys, asked once, through Multicall3 where it is deployed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec
import polars as pl

from exposure.chain.batches import ask_many
from exposure.chain.client import ARCHIVE, CONCURRENT, Client, together
from exposure.chain.columns import octets
from exposure.chain.multicall import (
    ANSWER_BYTES,
    GET_ETH_BALANCE,
    address_word,
    decode_aggregate,
    encode_aggregate,
    read_uint,
    word,
)
from exposure.chain.parts import Facts
from exposure.chain.reactions import Kind
from exposure.chain.rpc import RefusedError
from exposure.chain.wire import MalformedError, decoder, quantity

ANSWERS = pl.Schema({"question": pl.String, "answer": pl.Binary})
# About 6,000 gas a call: 500 fit the gas cap of every client, and a request stays below 100 KB.
CALLS_AT_ONCE = 500
# Of code only its presence and a delegation's 23 bytes matter.
_CODE_BYTES = 64

_text = decoder(str)


@dataclass(frozen=True, slots=True)
class Question:
    """Something asked about an address at the pinned block: a call of a contract, or an account's balance, nonce or code."""

    method: str
    address: str
    data: bytes = b""

    @property
    def key(self) -> str:
        """Give the key that its answer is kept under."""
        return f"{self.method}:{self.address}:{self.data.hex()}"


def call(contract: str, data: bytes) -> Question:
    """Ask a contract."""
    return Question("eth_call", contract, data)


def balance(address: str) -> Question:
    """Ask for the native balance."""
    return Question("eth_getBalance", address)


def code(address: str) -> Question:
    """Ask for the code: empty for a plain account."""
    return Question("eth_getCode", address)


def nonce(address: str) -> Question:
    """Ask how many transactions an account has sent."""
    return Question("eth_getTransactionCount", address)


class State:
    """Answers at one block, kept as facts. An `old` block is one that only endpoints with an archive know the state of."""

    def __init__(self, client: Client, facts: Facts, block: int, multicall: str, *, old: bool = False) -> None:
        self._client = client
        self._facts = facts
        self._block = hex(block)
        self._multicall = multicall
        self._ability = ARCHIVE if old else ""
        self.unanswered = 0

    async def ask(self, questions: Iterable[Question], tick: Callable[[int], None]) -> None:
        """Ask what is not known yet. `tick` is told how many were answered. Raises NoEndpointError."""
        missing = {question.key: question for question in questions if question.key not in self._facts}
        calls = [question for question in missing.values() if question.method == "eth_call"]
        balances = [question for question in missing.values() if question.method == "eth_getBalance"]
        rest = [
            question for question in missing.values() if question.method in ("eth_getCode", "eth_getTransactionCount")
        ]
        try:
            if len(calls) + len(balances) > 1 and await self._has_multicall():
                await self._through_multicall([*balances, *calls], tick)
                calls = [question for question in calls if question.key not in self._facts]
                balances = [question for question in balances if question.key not in self._facts]
            for method in ("eth_getBalance", "eth_getCode", "eth_getTransactionCount", "eth_call"):
                await self._plainly(method, [one for one in (*balances, *rest, *calls) if one.method == method], tick)
        finally:
            self._facts.flush()

    async def _has_multicall(self) -> bool:
        question = code(self._multicall)
        if question.key not in self._facts:
            await self._plainly("eth_getCode", [question], lambda _: None)
        rows = self._facts.frame().filter(question=question.key).get_column("answer")
        return rows.len() == 1 and bool(rows[0])

    def _keep(self, question: Question, answer: bytes | None) -> None:
        self._facts.add({"question": question.key, "answer": answer})

    async def _plainly(self, method: str, questions: Sequence[Question], tick: Callable[[int], None]) -> None:
        """Ask one by one, in batches; a call that reverts is answered: with nothing."""
        for at in range(0, len(questions), CALLS_AT_ONCE):
            part = questions[at : at + CALLS_AT_ONCE]
            rows = [[_target(question), self._block] for question in part]
            answers = await ask_many(self._client, method, rows, lambda raw: _read(method, raw), ability=self._ability)
            for question, answer in zip(part, answers, strict=True):
                if not isinstance(answer, RefusedError):
                    self._keep(question, answer)
                elif answer.kind is Kind.REVERTED or (method == "eth_call" and answer.of_call):
                    self._keep(question, None)
                else:
                    self.unanswered += 1
            tick(len(part))

    async def _through_multicall(self, questions: Sequence[Question], tick: Callable[[int], None]) -> None:
        async def ask(part: Sequence[Question]) -> None:
            answers = await self._aggregate(part)
            if answers is None and len(part) > 1:
                await ask(part[: len(part) // 2])
                await ask(part[len(part) // 2 :])
                return
            # A hostile token can burn the gas of those that come after it: what failed is asked again, alone.
            good = [(one, answer) for one, answer in zip(part, answers or (), strict=False) if answer]
            for question, answer in good:
                self._keep(question, answer)
            tick(len(good))

        parts = [questions[at : at + CALLS_AT_ONCE] for at in range(0, len(questions), CALLS_AT_ONCE)]
        await together([ask(part) for part in parts], CONCURRENT)

    async def _aggregate(self, part: Sequence[Question]) -> list[bytes | None] | None:
        """Ask several things in one call; None where the call as a whole is refused."""
        calls = [
            (self._multicall, GET_ETH_BALANCE + address_word(one.address))
            if one.method == "eth_getBalance"
            else (one.address, one.data)
            for one in part
        ]
        data = "0x" + encode_aggregate(calls).hex()
        try:
            answer = await self._client.one(
                "eth_call",
                [{"to": self._multicall, "data": data}, self._block],
                lambda raw: octets(_text(raw)),
                ability=self._ability,
            )
        except RefusedError:
            return None
        return None if answer is None else decode_aggregate(answer, len(part))


def _target(question: Question) -> object:
    if question.method == "eth_call":
        return {"to": question.address, "data": "0x" + question.data.hex()}
    return question.address


def _read(method: str, raw: msgspec.Raw) -> bytes | None:
    text = _text(raw)
    if method in ("eth_getBalance", "eth_getTransactionCount"):
        number = quantity(text, 2**256 - 1)
        if number is None:
            raise MalformedError(method)
        return word(number)
    answer = octets(text)
    if answer is None:
        raise MalformedError(method)
    return answer[:_CODE_BYTES] if method == "eth_getCode" else answer[:ANSWER_BYTES] or None


class Answers:
    """Answers by question."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._by_key: dict[str, bytes | None] = dict(frame.iter_rows())

    def get(self, question: Question) -> bytes | None:
        """Give the answer; None where there is none."""
        return self._by_key.get(question.key)

    def uint(self, question: Question) -> int | None:
        """Give the answer as a number; None where there is none, or it is no number."""
        return read_uint(self.get(question))

    def __contains__(self, question: Question) -> bool:
        return question.key in self._by_key
