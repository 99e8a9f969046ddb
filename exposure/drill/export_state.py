"""The state of a replayed chain at one block, as frames in cryo's manner: who holds what, and who may take it."""

from collections.abc import Iterable, Sequence

import polars as pl
from eth_utils.crypto import keccak

from exposure.drill.calls import call
from exposure.drill.node import Node
from exposure.drill.wire import Schema, decoded_text, number, raw, spelled, u256, u256_schema
from exposure.drill.world import PERMIT2

_TRANSFER = keccak(text="Transfer(address,address,uint256)")
_APPROVAL = keccak(text="Approval(address,address,uint256)")
_FOR_ALL = keccak(text="ApprovalForAll(address,address,bool)")
_PERMIT2_EVENTS = [
    keccak(text="Approval(address,address,address,uint160,uint48)"),
    keccak(text="Permit(address,address,address,uint160,uint48,uint48)"),
]
_ALLOWANCE, _IS_FOR_ALL = "allowance(address,address)", "isApprovedForAll(address,address)"
_PERMIT2_ALLOWANCE = "allowance(address,address,address)"
_OF: Schema = {"address": pl.Binary}
# standard, token, owner, spender, the contract to ask, and how
_Question = tuple[str, bytes, bytes, bytes, bytes, bytes]


def read_state(node: Node, block: int, logs: pl.DataFrame, people: Sequence[bytes]) -> dict[str, pl.DataFrame]:
    """Ask a node for the state of `people` at a block; `logs` say which tokens and permissions there are to ask after.

    Gives dataset -> frame: balances, nonces, codes, erc20_balances, erc721_balances, erc20_metadata, allowances. Balances of
    zero are written too: asked and answered is something else than not asked.
    """
    whom = [[spelled(address), hex(block)] for address in people]
    ether = map(number, node.batch("eth_getBalance", whom))
    nonces = map(number, node.batch("eth_getTransactionCount", whom))
    codes = map(raw, node.batch("eth_getCode", whom))
    plain, nfts = _tokens(logs)
    frames = {
        "balances": pl.DataFrame(
            [{"address": address, **u256("balance", wei)} for address, wei in zip(people, ether, strict=True)],
            schema={**_OF, **u256_schema("balance")},
        ),
        "nonces": pl.DataFrame(
            list(zip(people, nonces, strict=True)), schema={**_OF, "nonce": pl.UInt64}, orient="row"
        ),
        "codes": pl.DataFrame(list(zip(people, codes, strict=True)), schema={**_OF, "code": pl.Binary}, orient="row"),
        "erc20_balances": _held(node, block, plain, people, "erc20"),
        "erc721_balances": _held(node, block, nfts, people, "erc721"),
        "erc20_metadata": _metadata(node, block, plain),
        "allowances": _allowances(node, block, logs),
    }
    at = pl.lit(block, pl.UInt32).alias("block_number")
    return {dataset: frame.select(at, pl.all()) for dataset, frame in frames.items()}


def _tokens(logs: pl.DataFrame) -> tuple[list[bytes], list[bytes]]:
    """Give the ERC-20 and the ERC-721 contracts: the latter's transfers have four topics."""
    moves = logs.filter(pl.col("topic0") == _TRANSFER)
    plain = moves.filter(pl.col("topic3").is_null()).get_column("address").unique().to_list()
    nfts = moves.filter(pl.col("topic3").is_not_null()).get_column("address").unique().to_list()
    return sorted(plain), sorted(nfts)


def _held(node: Node, block: int, tokens: Sequence[bytes], people: Sequence[bytes], kind: str) -> pl.DataFrame:
    pairs = [(token, address) for token in tokens for address in people]
    answers = _ask(node, block, [(token, call("balanceOf(address)", spelled(address))) for token, address in pairs])
    rows = [
        {kind: token, "address": address, **u256("balance", int.from_bytes(answer, "big"))}
        for (token, address), answer in zip(pairs, answers, strict=True)
    ]
    return pl.DataFrame(rows, schema={kind: pl.Binary, **_OF, **u256_schema("balance")})


def _metadata(node: Node, block: int, tokens: Sequence[bytes]) -> pl.DataFrame:
    questions = [(token, call(what)) for what in ("name()", "symbol()", "decimals()") for token in tokens]
    answers = _ask(node, block, questions)
    names, symbols, decimals = (
        answers[start : start + len(tokens)] for start in range(0, 3 * len(tokens), len(tokens))
    )
    rows = [
        (token, decoded_text(name), decoded_text(symbol), int.from_bytes(places, "big"))
        for token, name, symbol, places in zip(tokens, names, symbols, decimals, strict=True)
    ]
    schema: Schema = {"erc20": pl.Binary, "name": pl.String, "symbol": pl.String, "decimals": pl.UInt32}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _allowances(node: Node, block: int, logs: pl.DataFrame) -> pl.DataFrame:
    """Ask after every permission that an event ever gave; those that are spent or taken back stand there with 0."""
    questions = [*_plain_questions(logs), *_permit2_questions(logs)]
    answers = _ask(node, block, [(target, data) for *_, target, data in questions])
    rows = [
        {
            "standard": standard,
            "token_address": token,
            "from_address": owner,
            "to_address": spender,
            **u256("value", int.from_bytes(answer[:32], "big")),
        }
        for (standard, token, owner, spender, _, _), answer in zip(questions, answers, strict=True)
    ]
    parties: Schema = dict.fromkeys(("token_address", "from_address", "to_address"), pl.Binary)
    return pl.DataFrame(rows, schema={"standard": pl.String, **parties, **u256_schema("value")})


def _plain_questions(logs: pl.DataFrame) -> Iterable[_Question]:
    for standard, event, function in (("erc20", _APPROVAL, _ALLOWANCE), ("for_all", _FOR_ALL, _IS_FOR_ALL)):
        given = logs.filter((pl.col("topic0") == event) & pl.col("topic3").is_null())
        for token, owner, spender in sorted(given.select("address", "topic1", "topic2").unique().iter_rows()):
            data = call(function, spelled(owner[12:]), spelled(spender[12:]))
            yield standard, token, owner[12:], spender[12:], token, data


def _permit2_questions(logs: pl.DataFrame) -> Iterable[_Question]:
    given = logs.filter(pl.col("topic0").is_in(_PERMIT2_EVENTS)).select("topic1", "topic2", "topic3").unique()
    for owner, token, spender in sorted(tuple(topic[12:] for topic in row) for row in given.iter_rows()):
        data = call(_PERMIT2_ALLOWANCE, spelled(owner), spelled(token), spelled(spender))
        yield "permit2", token, owner, spender, raw(PERMIT2), data


def _ask(node: Node, block: int, questions: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    rows = [[{"to": spelled(target), "data": spelled(data)}, hex(block)] for target, data in questions]
    return [raw(answer) for answer in node.batch("eth_call", rows)]
