"""What wallets hold and allow at the pinned block: which questions to ask, and the tables that the answers make. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from exposure.amounts import NATIVE, NATIVE_DECIMALS, UNLIMITED
from exposure.chain.authorizations import delegate_of
from exposure.chain.build import Decimals, Events, with_f64
from exposure.chain.events import PERMIT2, PERMIT2_UNLIMITED
from exposure.chain.multicall import (
    ALLOWANCE,
    BALANCE_OF,
    DECIMALS,
    ENTRY_POINT,
    GET_APPROVED,
    GET_OWNERS,
    GET_THRESHOLD,
    IS_APPROVED_FOR_ALL,
    PERMIT2_ALLOWANCE,
    SYMBOL,
    address_word,
    read_address,
    read_addresses,
    read_text,
    read_uint,
    word,
)
from exposure.chain.state import Answers, Question, balance, call, code, nonce
from exposure.tables import TABLES

# A wallet may hold what did not move in these days: tokens that several others were seen with are asked of all.
SHARED_BY, SHARED_TOKENS, MOST_GUESSES = 3, 30, 100_000
_NOBODY = "0x" + "0" * 40
_GRANT = ("standard", "token_address", "from_address", "to_address", "token_id")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom and what the state is asked about.

    `wallets` are asked for everything, `others` (attackers) only what kind of account they are. `seen` are the (wallet, token)
    pairs of events, `guessed` further ones that are worth a question, `grants` the permissions that events told of.
    """

    wallets: tuple[str, ...]
    others: tuple[str, ...]
    seen: tuple[tuple[str, str], ...]
    guessed: tuple[tuple[str, str], ...]
    grants: tuple[tuple[str, str, str, str, str | None], ...]
    tokens: Mapping[str, str]

    def holdings(self) -> Iterator[tuple[tuple[str, str], Question, bool]]:
        """Give (wallet, token), the question for its balance, and whether a balance of nothing tells something."""
        for wallet in self.wallets:
            yield (wallet, NATIVE), balance(wallet), True
        for pairs, keep_zero in ((self.seen, True), (self.guessed, False)):
            for wallet, token in pairs:
                yield (wallet, token), call(token, BALANCE_OF + address_word(wallet)), keep_zero


def subject_of(
    events: Events, candidates: Collection[str], attackers: Collection[str], delegators: Iterable[str]
) -> Subject:
    """Say whom to ask about: the candidates, and whoever allowed something to an attacker."""
    granted = events.grants.filter(
        pl.col("to_address").is_in(list(attackers)) & ~pl.col("from_address").is_in([*attackers, _NOBODY])
    )
    wallets = sorted({*candidates, *granted.get_column("from_address"), *delegators} - set(attackers))
    tokens = token_kinds(events)
    named = pl.Series(wallets, dtype=pl.String).implode()
    pairs = pl.concat(
        [events.moves.select(pl.col(side).alias("wallet"), "token_address") for side in ("from_address", "to_address")]
        + [events.grants.select(pl.col("from_address").alias("wallet"), "token_address")]
    )
    pairs = pairs.filter(pl.col("wallet").is_in(named) & (pl.col("token_address") != NATIVE)).unique()
    countable = [token for token, kind in tokens.items() if kind in ("erc20", "erc721")]
    pairs = pairs.filter(pl.col("token_address").is_in(countable)).sort("wallet", "token_address")
    grants = events.grants.filter(pl.col("from_address").is_in(named) & (pl.col("to_address") != _NOBODY))
    return Subject(
        wallets=tuple(wallets),
        others=tuple(sorted(attackers)),
        seen=tuple(pairs.iter_rows()),
        guessed=tuple(_guesses(pairs, wallets, tokens)),
        grants=tuple(grants.select(_GRANT).unique().sort(_GRANT).iter_rows()),
        tokens=tokens,
    )


def token_kinds(events: Events) -> dict[str, str]:
    """Give the standard of every token that was seen, by address: what its transfers say, else its approvals."""
    order = ["erc20", "erc721", "erc1155"]
    moved = events.moves.filter(pl.col("token_address") != NATIVE).select("token_address", "standard")
    meant = {"permit2": "erc20", "for_all": "erc721"}
    granted = events.grants.select("token_address", pl.col("standard").replace(meant))
    found: dict[str, str] = {}
    for frame in (moved, granted):
        counts = frame.group_by("token_address", "standard").len()
        rank = pl.col("standard").replace_strict(order, range(len(order)), return_dtype=pl.Int32)
        best = counts.sort(["len", rank], descending=[True, False]).unique(
            "token_address", keep="first", maintain_order=True
        )
        for token, kind in best.select("token_address", "standard").iter_rows():
            found.setdefault(token, kind)
    return dict(sorted(found.items()))


def _guesses(pairs: pl.DataFrame, wallets: list[str], tokens: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    plain = [token for token, kind in tokens.items() if kind == "erc20"]
    shared = (
        pairs.filter(pl.col("token_address").is_in(plain))
        .group_by("token_address")
        .len()
        .filter(pl.col("len") >= SHARED_BY)
        .sort(["len", "token_address"], descending=[True, False])
    )
    few = min(SHARED_TOKENS, MOST_GUESSES // max(1, len(wallets)))
    seen = set(pairs.iter_rows())
    for token in shared.get_column("token_address").head(few):
        yield from ((wallet, token) for wallet in wallets if (wallet, token) not in seen)


def questions(subject: Subject) -> list[Question]:
    """Give what to ask at the pinned block, most urgent first."""
    return questions_of(subject) + common_questions(subject)


def common_questions(subject: Subject) -> list[Question]:
    """Give what tells nobody whom we suspect: what tokens are, and what the attackers' accounts are."""
    return token_questions(subject.tokens) + [ask(other) for other in subject.others for ask in (code, nonce)]


def questions_of(subject: Subject) -> list[Question]:
    """Give what names the wallets."""
    held = [question for _, question, _ in subject.holdings()]
    asked = [*held[: len(subject.wallets)], *(_grant_question(*grant) for grant in subject.grants)]
    asked += held[len(subject.wallets) :]
    return asked + [ask(wallet) for wallet in subject.wallets for ask in (code, nonce)]


def token_questions(tokens: Mapping[str, str]) -> list[Question]:
    """Give the questions about tokens themselves."""
    asked = [call(token, SYMBOL) for token in tokens]
    return asked + [call(token, DECIMALS) for token, kind in tokens.items() if kind == "erc20"]


def contract_questions(addresses: Iterable[str], answers: Answers) -> list[Question]:
    """Give what to ask of those that turned out to have code: a Safe names its owners, an ERC-4337 account its entry point."""
    found = []
    for wallet in addresses:
        has = answers.get(code(wallet))
        if has and delegate_of(has) is None:
            found += [call(wallet, one) for one in (GET_OWNERS, GET_THRESHOLD, ENTRY_POINT)]
    return found


def _grant_question(standard: str, token: str, owner: str, spender: str, token_id: str | None) -> Question:
    if standard == "erc721":
        return call(token, GET_APPROVED + word(int(token_id or 0)))
    if standard == "for_all":
        return call(token, IS_APPROVED_FOR_ALL + address_word(owner) + address_word(spender))
    if standard == "permit2":
        return call(PERMIT2, PERMIT2_ALLOWANCE + address_word(owner) + address_word(token) + address_word(spender))
    return call(token, ALLOWANCE + address_word(owner) + address_word(spender))


def _grant_value(standard: str, spender: str, answer: bytes | None, now: int) -> int | None:
    """Read how much of a permission stands; None where the contract does not say."""
    if standard == "erc721":
        approved = read_address(answer)
        return None if approved is None else int(approved == spender)
    value = read_uint(answer)
    if value is None:
        return None
    if standard == "for_all":
        return int(value != 0)
    if standard == "permit2":
        expiry = read_uint(answer[32:64]) if answer is not None else None
        return value if expiry is not None and expiry >= now else 0
    return value


def decimals_of(tokens: Iterable[str], answers: Answers) -> dict[str, int | None]:
    """Give the decimals that tokens claim; what does not fit a uint8 is no answer."""
    found: dict[str, int | None] = {}
    for token in tokens:
        value = read_uint(answers.get(call(token, DECIMALS)))
        found[token] = value if value is not None and value <= 255 else None
    return found


@dataclass(frozen=True, slots=True)
class Here:
    """The chain and block that a state is of, with the block's hash (hex) and time (Unix seconds), and the native symbol."""

    chain_id: int
    number: int
    block_hash: str
    seconds: int
    symbol: str


def state_tables(subject: Subject, answers: Answers, here: Here) -> dict[str, pl.DataFrame]:
    """Build balances, allowances, tokens, accounts, and the delegations that stand in code."""
    decimals = decimals_of(subject.tokens, answers)
    return {
        "balances": balance_table(_balances(subject, answers), decimals, here),
        "allowances": allowance_table(allowances_of(subject, answers, here.seconds), decimals, here),
        "tokens": token_table(
            subject.tokens,
            {token: read_text(answers.get(call(token, SYMBOL))) for token in subject.tokens},
            decimals,
            here,
        ),
        "accounts": TABLES["accounts"].frame(list(_accounts(subject, answers, here))),
        "delegations": head_delegations(
            [
                (one, delegate)
                for one in (*subject.wallets, *subject.others)
                if (delegate := delegate_of(answers.get(code(one)))) is not None
            ],
            here,
        ),
    }


def _balances(subject: Subject, answers: Answers) -> Iterator[tuple[str, str, int]]:
    for pair, question, keep_zero in subject.holdings():
        value = answers.uint(question)
        if value is not None and (value or keep_zero):
            yield *pair, value


def allowances_of(subject: Subject, answers: Answers, now: int) -> Iterator[tuple[str, str, str, str, str | None, int]]:
    """Give the permissions of a subject as they stand, by answers at a block of that time (Unix seconds)."""
    for grant in subject.grants:
        value = _grant_value(grant[0], grant[3], answers.get(_grant_question(*grant)), now)
        if value is not None:
            yield *grant, value


def _accounts(subject: Subject, answers: Answers, here: Here) -> Iterator[dict[str, Any]]:
    for wallet in (*subject.wallets, *subject.others):
        if code(wallet) not in answers:
            continue
        sent = read_uint(answers.get(nonce(wallet)))
        yield {
            "chain_id": here.chain_id,
            "block_number": here.number,
            "address": wallet,
            **_kind(wallet, answers),
            "nonce": sent if sent is None or sent < 2**63 else None,
        }


def kind_of(wallet: str, answers: Answers) -> str:
    """Say what kind of account it is, by its code and what it says of itself."""
    return str(_kind(wallet, answers)["kind"])


def _kind(wallet: str, answers: Answers) -> dict[str, Any]:
    """Say what kind of account it is, and who owns a Safe. Contracts say what they like: a kind is a claim."""
    has = answers.get(code(wallet))
    if not has:
        return {"kind": "eoa"}
    if delegate_of(has) is not None:
        return {"kind": "eip7702"}
    owners = read_addresses(answers.get(call(wallet, GET_OWNERS)))
    threshold = read_uint(answers.get(call(wallet, GET_THRESHOLD)))
    if owners and threshold and threshold <= len(owners):
        return {"kind": "safe", "owners": ",".join(owners), "threshold": threshold}
    entry = read_address(answers.get(call(wallet, ENTRY_POINT)))
    return {"kind": "erc4337" if entry is not None and entry != _NOBODY else "contract"}


def balance_table(rows: Iterable[tuple[str, str, int]], decimals: Decimals, here: Here) -> pl.DataFrame:
    """Build `balances` from (wallet, token, amount)."""
    frame = pl.DataFrame(
        [(wallet, token, str(value)) for wallet, token, value in rows],
        schema={"address": pl.String, "token_address": pl.String, "balance": pl.String},
        orient="row",
    )
    full = with_f64(frame, "balance", {**decimals, NATIVE: NATIVE_DECIMALS})
    return TABLES["balances"].check(full.with_columns(*_place(here)))


def allowance_table(
    rows: Iterable[tuple[str, str, str, str, str | None, int]], decimals: Decimals, here: Here
) -> pl.DataFrame:
    """Build `allowances` from (standard, token, owner, spender, token id, amount)."""
    frame = pl.DataFrame(
        [(*row[:5], str(row[5]), _is_unlimited(row[0], row[5])) for row in rows],
        schema={**dict.fromkeys((*_GRANT, "value"), pl.String), "unlimited": pl.Boolean},
        orient="row",
    )
    full = with_f64(frame, "value", decimals)
    return TABLES["allowances"].check(full.with_columns(*_place(here)))


def _is_unlimited(standard: str, value: int) -> bool:
    if standard == "permit2":
        return value >= PERMIT2_UNLIMITED
    return value == 1 if standard == "for_all" else value >= UNLIMITED


def token_table(
    kinds: Mapping[str, str], symbols: Mapping[str, str | None], decimals: Decimals, here: Here
) -> pl.DataFrame:
    """Build `tokens`, with the native asset. Symbols are hostile text, kept as they came and cut."""
    rows: list[dict[str, Any]] = [
        {
            "chain_id": here.chain_id,
            "token_address": token,
            "standard": kind,
            "symbol": symbols.get(token),
            "decimals": decimals.get(token),
        }
        for token, kind in kinds.items()
    ]
    native = {
        "chain_id": here.chain_id,
        "token_address": NATIVE,
        "standard": "native",
        "symbol": here.symbol,
        "decimals": NATIVE_DECIMALS,
    }
    return TABLES["tokens"].frame([native, *rows])


def head_delegations(pairs: Iterable[tuple[str, str | None]], here: Here) -> pl.DataFrame:
    """Build the `delegations` that code says at a block; one without delegate was cleared before."""
    frame = pl.DataFrame(list(pairs), schema={"from_address": pl.String, "to_address": pl.String}, orient="row")
    time = pl.from_epoch(pl.lit(here.seconds), "s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return TABLES["delegations"].check(
        frame.with_columns(
            *_place(here),
            block_hash=pl.lit(here.block_hash),
            timestamp=time,
            transaction_hash=pl.lit(None, pl.String),
        )
    )


def _place(here: Here) -> tuple[pl.Expr, pl.Expr]:
    return pl.lit(here.chain_id, pl.UInt64).alias("chain_id"), pl.lit(here.number, pl.UInt64).alias("block_number")
