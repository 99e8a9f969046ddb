"""Every table: its columns, types, units, meaning, and who may see it. The only place.

From these declarations come the check at the door of the case folder, the order of columns and rows, docs/tables.md, and the
sheet's headers and legend. Same datum, same name and type in every table. Addresses and hashes are lowercase `0x` hex strings;
token amounts are exact decimal strings in base units, with a `_f64` twin in whole tokens; times are UTC in microseconds.
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl

TIME = pl.Datetime("us", "UTC")

Audience = Literal["team", "partners", "public"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `audience` is the widest circle that may see it; `unit` is empty where there is none."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    meaning: str
    unit: str = ""
    audience: Audience = "team"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what a row is, its columns in order, and the key that its rows are sorted by."""

    name: str
    one_row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pl.Schema:
        """Give names and types in the declared order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def empty(self) -> pl.DataFrame:
        """Give the table without rows."""
        return pl.DataFrame(schema=self.schema)

    def frame(self, rows: list[dict[str, object]]) -> pl.DataFrame:
        """Make the table from rows; a missing key becomes null. Raises where a value does not fit its column."""
        return self.check(pl.DataFrame(rows, schema=self.schema, strict=True))

    def check(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return `frame` with the declared columns, order and row order.

        Raises ValueError naming each column that is missing, unknown or of another type: this is a fault of the
        program, never of its input. Rows are sorted by the key and then by all other columns, since polars keeps no order.
        """
        declared = self.schema
        missing = [name for name in declared if name not in frame.columns]
        unknown = [name for name in frame.columns if name not in declared]
        wrong = [
            f"{name} is {frame.schema[name]}, not {dtype}"
            for name, dtype in declared.items()
            if name in frame.columns and frame.schema[name] != dtype
        ]
        if missing or unknown or wrong:
            raise ValueError(f"table {self.name}: missing {missing}, unknown {unknown}, wrong type {wrong}")
        rest = [name for name in declared if name not in self.key]
        return frame.select(declared.names()).sort([*self.key, *rest], nulls_last=True).rechunk()


def _c(
    name: str,
    dtype: pl.DataType | type[pl.DataType],
    meaning: str,
    unit: str = "",
    audience: Audience = "team",
) -> Column:
    return Column(name, dtype, meaning, unit, audience)


S, B, F = pl.String, pl.Boolean, pl.Float64
U16, U32, U64, I64 = pl.UInt16, pl.UInt32, pl.UInt64, pl.Int64

CHAIN = _c("chain_id", U64, "The chain's id (EIP-155)", audience="public")
BLOCK = _c("block_number", U64, "Number of the block", audience="public")
BLOCK_HASH = _c("block_hash", S, "Hash of the block, so that a reorganisation is noticed", audience="public")
STAMP = _c("timestamp", TIME, "The block's time", "UTC", audience="public")
TX = _c("transaction_hash", S, "Hash of the transaction", audience="public")
TX_INDEX = _c("transaction_index", U32, "Place of the transaction in its block", audience="public")
LOG_INDEX = _c("log_index", U32, "Place of the log in its block; null for native transfers", audience="public")
TRACE = _c(
    "trace_address",
    S,
    "Which inner call moved it, told by a trace: 0.2 is the third call of the first, #1 the second movement of a transaction "
    "that was run again; null for logs and for what the transaction itself paid",
    audience="public",
)
TOKEN = _c("token_address", S, "The token's contract; 0xeeee…eeee is the native asset (ERC-7528)", audience="public")
ADDRESS = _c("address", S, "Address of the wallet", audience="partners")
SOURCE = _c("source", S, "Id of the log source (table sources)")
LINE = _c("line", U64, "Line number in the source, from 1, as `sed -n` counts")
CLIENT = _c("client", S, "Keyed pseudonym of IP (/64 for IPv6), user agent and session id")
SESSION = _c("session", S, "Session of that client: a new one after the session gap")
ACTION = _c("action", S, "Name of the first [[action]] that matches; null where none does", audience="partners")
REF = _c("ref", S, "Where it stands: log:SOURCE:LINE, tx:CHAIN:HASH[:LOG], block:CHAIN:NUMBER or report:N")


def _amount(name: str, meaning: str, audience: Audience = "team") -> tuple[Column, Column]:
    """Give an exact amount and its float twin."""
    return (
        _c(name, S, f"{meaning}, exact", "base units", audience),
        _c(f"{name}_f64", F, f"{meaning}, rounded: for sorting and charts only", "whole tokens", audience),
    )


def _table(name: str, one_row: str, key: str, *columns: Column | tuple[Column, ...]) -> Table:
    flat: list[Column] = []
    for column in columns:
        flat.extend(column if isinstance(column, tuple) else (column,))
    return Table(name, one_row, tuple(key.split()), tuple(flat))


_PLACE = (CHAIN, BLOCK, BLOCK_HASH, STAMP, TX_INDEX, TX)

_LOG_TABLES = (
    _table(
        "sources",
        "an input that was read",
        "source",
        SOURCE,
        _c("path", S, "Path from the case folder on, archive!member, or the address of an object"),
        _c("kind", S, "access or events"),
        _c("format", S, "Name of the format (`exposure formats`)"),
        _c("bytes", I64, "Size as stored; of a member of an archive as it is once taken out", "bytes"),
        _c("sha256", S, "SHA-256 of these bytes"),
        _c("lines", U64, "Lines read"),
    ),
    _table(
        "requests",
        "a kept request or event: it carries an address, matches an action or fetches a watched asset",
        "source line",
        SOURCE,
        LINE,
        _c("time", TIME, "Time of the request", "UTC"),
        CLIENT,
        SESSION,
        _c("host", S, "Host that was asked, lowercase; null where the format has none"),
        _c("method", S, "HTTP method"),
        _c("path", S, "Path and query as sent, secrets replaced by [secret]"),
        _c("status", U16, "HTTP status"),
        _c("bytes", I64, "Bytes of the response body (of the whole response where the format has no other)", "bytes"),
        _c("event", S, "Name of the event (kind events)"),
        _c("version", S, "Version of the app or extension (kind events)"),
        ACTION,
        _c("asset_state", S, "What the client's last full fetch of a watched asset was: bad, good, mixed or unknown"),
    ),
    _table(
        "sightings",
        "an address seen, by whatever source",
        "address time ref link",
        ADDRESS,
        _c("time", TIME, "When", "UTC"),
        _c("link", S, "direct, session, key, event, contract or report: how the address is tied to the action"),
        _c(
            "strength",
            F,
            "How surely this address's owner did that; shared and crowded clients lower it. With link key: 1 where the logs name "
            "the address, 0.25 where it was only derived and counts if the chain knows it",
            "0 to 1",
        ),
        CLIENT,
        SESSION,
        ACTION,
        REF,
    ),
    _table(
        "traffic",
        "a minute of one host",
        "minute host",
        _c("minute", TIME, "Start of the minute", "UTC"),
        _c("host", S, "Host; null where the format has none"),
        _c("requests", U64, "Requests"),
        _c("clients", U64, "Clients seen"),
        _c("bytes", I64, "Bytes sent", "bytes"),
        _c("errors", U64, "Requests answered with 500 or above"),
    ),
    _table(
        "assets",
        "a run of one served size of a static path (GET, 200)",
        "host path encoding start size",
        _c("host", S, "Host; null where the format has none"),
        _c("path", S, "Path without query"),
        _c("encoding", S, "Cluster of sizes that differ by encoding or headers only; empty where there is one"),
        _c("size", I64, "Served size: the commonest of the cluster", "bytes"),
        _c("start", TIME, "First full fetch of this run", "UTC"),
        _c("end", TIME, "Last full fetch of this run", "UTC"),
        _c("hits", U64, "Full fetches in this run"),
    ),
    _table(
        "rejects",
        "a line that could not be read",
        "source line",
        SOURCE,
        LINE,
        _c("reason", S, "Why"),
        _c("excerpt", S, "Start of the line: redacted, control characters shown as escapes"),
    ),
    _table(
        "secrets",
        "a secret in a line that opens a wallet, and each wallet that it opens; never the secret itself",
        "source line kind address",
        SOURCE,
        LINE,
        _c("kind", S, "private_key, phrase, keystore or extended_key"),
        _c(
            "address",
            S,
            "Wallet that it opens: named by the logs, or asked about on chain; null where there is none such",
        ),
    ),
    _table(
        "coverage",
        "what was read of one source, or pulled of one layer and chain",
        "source layer",
        _c("source", S, "Id of the log source, or `chain:ID`", audience="partners"),
        _c("layer", S, "lines for logs; logs, native, state, ... for a chain", audience="partners"),
        _c("first", TIME, "First time covered", "UTC", "partners"),
        _c("last", TIME, "Last time covered", "UTC", "partners"),
        _c("lines", U64, "Lines read (logs) or blocks asked (chain)"),
        _c("parsed", U64, "Lines parsed, or blocks answered"),
        _c("kept", U64, "Rows kept"),
        _c("rejected", U64, "Lines that could not be read, or blocks that could not be pulled"),
        _c("duplicates", U64, "Rows met twice and merged"),
        _c("gaps", U32, "Holes in time: silences and dips of traffic, or ranges not pulled", audience="partners"),
        _c("note", S, "What limits it, in words", audience="partners"),
    ),
)

_CHAIN_TABLES = (
    _table("blocks", "a block that was used", "chain_id block_number", CHAIN, BLOCK, BLOCK_HASH, STAMP),
    _table(
        "transactions",
        "a transaction from or to an address of interest",
        "chain_id block_number transaction_index",
        *_PLACE,
        _c("nonce", U64, "Nonce of the sender"),
        _c("from_address", S, "Sender", audience="partners"),
        _c("to_address", S, "Recipient; null where a contract is created", audience="partners"),
        _amount("value", "Native amount sent", "partners"),
        _c("input", S, "Call data as hex"),
        _c("transaction_type", U32, "Type (EIP-2718)"),
        _c("success", B, "Whether it succeeded; null where no receipt was read"),
        _c("gas_used", U64, "Gas used; null where no receipt was read", "gas"),
    ),
    _table(
        "transfers",
        "a movement of a token or of the native asset",
        "chain_id block_number transaction_index log_index trace_address token_id",
        *_PLACE,
        LOG_INDEX,
        TRACE,
        _c("standard", S, "native, erc20, erc721 or erc1155", audience="public"),
        TOKEN,
        _c("from_address", S, "Who lost it", audience="partners"),
        _c("to_address", S, "Who got it", audience="partners"),
        _c("token_id", S, "Id of an NFT, decimal; null for fungible tokens", audience="partners"),
        _amount("value", "Amount moved (1 for an ERC-721)", "partners"),
        _c("transaction_from", S, "Sender of the transaction; null where it was not read", audience="partners"),
        _c(
            "transaction_to", S, "Contract that the transaction called; null where it was not read", audience="partners"
        ),
    ),
    _table(
        "approvals",
        "a permission given or taken back by an event",
        "chain_id block_number transaction_index log_index",
        *_PLACE,
        LOG_INDEX,
        _c("standard", S, "erc20, erc721, for_all or permit2", audience="public"),
        TOKEN,
        _c("from_address", S, "Owner who gives it", audience="partners"),
        _c("to_address", S, "Spender or operator who gets it", audience="public"),
        _c("token_id", S, "Id of a single NFT, decimal", audience="partners"),
        _amount("value", "Amount allowed; for_all: 1 given, 0 taken back", "partners"),
        _c("unlimited", B, "2^255 or more, or for_all given", audience="partners"),
        _c("transaction_from", S, "Sender of the transaction: not the owner for a permit", audience="partners"),
    ),
    _table(
        "executions",
        "what an account that runs code did of its own will, whoever sent the transaction: a UserOperation or a Safe's execution",
        "chain_id block_number transaction_index log_index",
        *_PLACE,
        LOG_INDEX,
        ADDRESS,
        _c("kind", S, "userop (an entry point of ERC-4337 says so), safe or module (the account itself says so)"),
        _c("success", B, "Whether what it asked for was done"),
        _c("transaction_from", S, "Sender of the transaction: a bundler, a relayer or an owner", audience="partners"),
        _c("transaction_to", S, "Contract that the transaction called", audience="partners"),
    ),
    _table(
        "delegations",
        "an EIP-7702 delegation, from an authorization or from the code at the pinned block or that of T1",
        "chain_id block_number from_address",
        CHAIN,
        BLOCK,
        BLOCK_HASH,
        STAMP,
        _c("transaction_hash", S, "Type-4 transaction; null where read from the code", audience="partners"),
        _c("from_address", S, "Authority: the wallet", audience="partners"),
        _c("to_address", S, "Delegate: the code that it runs; null where cleared", audience="public"),
    ),
    _table(
        "balances",
        "what a wallet holds at a block: the pinned one, and that of T1 where an archive answers",
        "chain_id address token_address block_number",
        CHAIN,
        BLOCK,
        ADDRESS,
        TOKEN,
        _amount("balance", "Balance"),
    ),
    _table(
        "allowances",
        "a permission as it stands at a block: the pinned one, and that of T1 where an archive answers",
        "chain_id from_address to_address token_address token_id block_number",
        CHAIN,
        BLOCK,
        TOKEN,
        _c("from_address", S, "Owner", audience="partners"),
        _c("to_address", S, "Spender or operator", audience="public"),
        _c("standard", S, "erc20, erc721, for_all or permit2", audience="public"),
        _c("token_id", S, "Id of a single NFT, decimal", audience="partners"),
        _amount("value", "Amount allowed; for_all and erc721: 1 where live"),
        _c("unlimited", B, "2^255 or more, or for_all given"),
    ),
    _table(
        "tokens",
        "facts of one token",
        "chain_id token_address",
        CHAIN,
        TOKEN,
        _c("standard", S, "native, erc20, erc721 or erc1155", audience="public"),
        _c("symbol", S, "Symbol as the contract says it: anyone can claim any", audience="public"),
        _c("decimals", U32, "Decimals; null where the contract does not answer", audience="public"),
    ),
    _table(
        "names",
        "an ENS name of an address",
        "address name time",
        ADDRESS,
        _c("name", S, "The name", audience="partners"),
        _c("time", TIME, "At what time it resolved so", "UTC"),
    ),
    _table(
        "prices",
        "what one whole token was worth at a block, by its Chainlink feed",
        "chain_id token_address block_number",
        CHAIN,
        TOKEN,
        BLOCK,
        STAMP,
        _c("usd", F, "Price of one whole token", "USD", "public"),
        _c("feed", S, "The feed, or the registry that it was asked through", audience="public"),
    ),
    _table(
        "traces",
        "a wallet whose internal ETH was looked for: what contracts sent it, or sent on for it",
        "chain_id address",
        CHAIN,
        ADDRESS,
        _c(
            "how",
            S,
            "searched: every such movement in the blocks of its history; known: in the transactions that are known of it; "
            "partly: in some of them; none: no endpoint gives traces",
        ),
        _c("transactions", U32, "Transactions known of it in which code may have run"),
        _c("traced", U32, "Of these, traced"),
    ),
    _table(
        "onward",
        "one asset that went from one address to another on the way of the attackers' money, up to three hops on",
        "chain_id hop from_address to_address token_address token_id",
        CHAIN,
        _c("hop", U32, "1: from an attacker; 2 and 3: from who got it", audience="partners"),
        _c("from_address", S, "Who sent it: an attacker, or who got it from one", audience="partners"),
        _c("to_address", S, "Who got it", audience="partners"),
        TOKEN,
        _c("token_id", S, "Id of an NFT, decimal; null for fungible tokens", audience="partners"),
        _c("standard", S, "native, erc20, erc721 or erc1155", audience="public"),
        _amount("value", "What went there in all", "partners"),
        _c("first", TIME, "First movement", "UTC", "partners"),
        _c("last", TIME, "Last movement", "UTC", "partners"),
        _c("transactions", U32, "Transactions that moved it", audience="partners"),
        _c("kind", S, "What got it: eoa, eip7702 or contract; null where not asked", audience="partners"),
        _c(
            "stop",
            S,
            "Why the trail stops here: service, contract, attacker, wallet, seen, gas, dust, burned, rests, hidden, hops, "
            "budget or not_asked; null where it goes on",
            audience="partners",
        ),
        _c("why", S, "What shows that, in words", audience="partners"),
    ),
    _table(
        "candidates",
        "an address that is asked about on chain, and why",
        "address reason",
        ADDRESS,
        _c(
            "reason",
            S,
            "log, control, report, contract, attacker_side (robbed), signature (allowed an attacker something) or person",
        ),
        _c("first", TIME, "First time of interest", "UTC"),
        _c("last", TIME, "Last time of interest", "UTC"),
    ),
    _table(
        "accounts",
        "what kind of account an address is at a block: the pinned one, and that of T1 where an archive answers",
        "chain_id address block_number",
        CHAIN,
        BLOCK,
        ADDRESS,
        _c("kind", S, "eoa, safe, erc4337, eip7702 or contract"),
        _c("nonce", U64, "Transactions sent so far"),
        _c("owners", S, "Owners of a Safe, comma-separated, as it names them"),
        _c("threshold", U32, "How many of them must sign"),
    ),
)

_ASSESS_TABLES = (
    _table(
        "attackers",
        "an address of the attacker, by origin",
        "address role chain_id",
        _c("address", S, "The attacker's address", audience="public"),
        _c("chain_id", U64, "Chain it was seen on; null: any", audience="public"),
        _c("role", S, "sink, spender, delegate or funder", audience="public"),
        _c("origin", S, "config, discovered or person", audience="public"),
        _c("confirmed", B, "True where the team or a person named it; discovered ones are not", audience="public"),
        _c("exclusive", B, "Seen in this incident only", audience="public"),
        _c("first_seen", TIME, "First taking or approval seen", "UTC", "public"),
        _c("last_seen", TIME, "Last taking or approval seen", "UTC", "public"),
    ),
    _table(
        "sinks",
        "a recipient, spender, delegate or funder tested as attacker",
        "chain_id address role",
        CHAIN,
        _c("address", S, "The address tested", audience="public"),
        _c("role", S, "sink, spender, delegate or funder", audience="public"),
        _c("known", B, "Named in incident.toml or by a person", audience="public"),
        _c("victims", U32, "Independent owners among the exposed who gave to it", audience="public"),
        _c("controls", U32, "Independent owners among the controls who did", audience="public"),
        _c(
            "odds_ratio",
            F,
            "Odds of giving to it, exposed against controls (0.5 added to every cell)",
            audience="public",
        ),
        _c("p_value", F, "One-sided p", audience="public"),
        _c("q_value", F, "p after correction for the number tested", audience="public"),
        _c("verdict", S, "attacker, suspect or ordinary", audience="public"),
    ),
    _table(
        "attack_rates",
        "one stratum: who was harmed of those exposed",
        "action host asset_state",
        _c("action", S, "The action", audience="public"),
        _c("host", S, "Host; null = all", audience="public"),
        _c("asset_state", S, "State of the watched asset; null = all", audience="public"),
        _c("is_x", S, "yes, no or cannot_tell: is this the action that compromised people", audience="public"),
        _c("exposed", U32, "Wallets that did it in the window", audience="public"),
        _c("harmed", U32, "Of those, harmed", audience="public"),
        _c("rate", F, "harmed ÷ exposed", "0 to 1", "public"),
        _c("rate_low", F, "Lower end of the 95 % interval (Wilson)", "0 to 1", "public"),
        _c("rate_high", F, "Upper end", "0 to 1", "public"),
        _c(
            "relative_risk",
            F,
            "Rate ÷ rate of those who did not do it; beside an X, among people who did alike of it (Mantel-Haenszel)",
            audience="public",
        ),
        _c("rr_low", F, "Lower end of its 95 % interval", audience="public"),
        _c("rr_high", F, "Upper end", audience="public"),
        _c("p_value", F, "One-sided Fisher p", audience="public"),
        _c("q_value", F, "p after Benjamini-Hochberg", audience="public"),
    ),
    _table(
        "windows",
        "a bound of one window, by one method",
        "window_id bound method",
        _c("window_id", S, "w1, w2, ...", audience="public"),
        _c("action", S, "The action it is about; null = all", audience="public"),
        _c("host", S, "Host; null = all", audience="public"),
        _c("exposure", S, "key, approval or none", audience="public"),
        _c("bound", S, "T1 or T2", audience="public"),
        _c("method", S, "fact, asset, scan or published", audience="public"),
        _c("estimate", TIME, "Best estimate", "UTC", "public"),
        _c("earliest", TIME, "Not before; null = not bounded", "UTC", "public"),
        _c("latest", TIME, "Not after; null = not bounded", "UTC", "public"),
        _c("level", F, "Confidence of [earliest, latest]; null for facts", "0 to 1", "public"),
        _c("reason", S, "How it was found", audience="public"),
    ),
    _table(
        "losses",
        "a loss: assets of a wallet that went to the attacker",
        "chain_id transaction_hash log_index trace_address address token",
        ADDRESS,
        CHAIN,
        _c("token", S, "Token's contract; 0xeeee…eeee is the native asset", audience="partners"),
        _c("token_id", S, "Id of an NFT, decimal", audience="partners"),
        _amount("amount", "Amount lost", "partners"),
        _c("usd", F, "Worth in US dollars then; null where there is no price", "USD", "partners"),
        _c("attacker", S, "Who got it", audience="public"),
        TX,
        LOG_INDEX,
        TRACE,
        _c("time", TIME, "When", "UTC", "partners"),
    ),
    _table(
        "takings",
        "an exact sum of losses: by attacker, by wallet, by both, by hour, or in all (attacker, address and hour null)",
        "attacker address hour chain_id token items",
        _c("attacker", S, "Who got it; null: summed over attackers", audience="public"),
        _c("address", S, "Address of the wallet; null: summed over wallets", audience="partners"),
        _c("hour", TIME, "Start of the hour; null: summed over time", "UTC", "partners"),
        CHAIN,
        _c("token", S, "Token's contract; 0xeeee…eeee is the native asset", audience="public"),
        _c("items", B, "Whether NFTs are counted; else base units are summed", audience="public"),
        _amount("amount", "Sum of what was lost (items: how many)", "partners"),
        _c("usd", F, "Its worth in US dollars then; null where the price of a part is not known", "USD", "partners"),
        _c("losses", U32, "Losses summed", audience="partners"),
        _c("wallets", U32, "Wallets that they come from", audience="partners"),
        _c("first_loss", TIME, "Time of the first", "UTC", "partners"),
        _c("last_loss", TIME, "Time of the last", "UTC", "partners"),
    ),
    _table(
        "facts",
        "what people found out ([[fact]] of incident.toml), so that questions in SQL can ask it",
        "time kind source",
        _c("kind", S, "last_known_good, first_bad, last_bad, first_known_good, detected or public_notice"),
        _c("time", TIME, "When", "UTC"),
        _c("source", S, "Who or what says so"),
    ),
    _table(
        "reports",
        "what a person reported, and what the data says of it",
        "file line",
        _c("file", S, "The file of reports; incident.toml for its [[report]]s"),
        _c("line", U64, "Line in that file; of incident.toml the number of the [[report]], from 1"),
        _c("source", S, "Who took the report down, such as a ticket"),
        _c("address", S, "The wallet; null where the report names none that can be read"),
        _c("time", TIME, "When it happened, as reported", "UTC"),
        _c("time_slack", F, "How far that time may be off: its zone, or the time of day, was not said", "hours"),
        _c("did", S, "What the person did, as reported"),
        _c("amount", S, "What was lost, as reported"),
        _c("chain", S, "On which chain, as reported"),
        _c("transaction_hash", S, "Transaction named as the theft"),
        _c("fault", S, "What could not be read of it; null where everything could"),
        _c(
            "judgement",
            S,
            "supported, contradicted or cannot_tell: what the data says of the report, not of the wallet",
        ),
        _c("verdict", S, "Verdict of the wallet; null where this case does not know it"),
        _c("tx_says", S, "yes, no or cannot_tell: does the named transaction fit; null where none is named"),
        _c("time_says", S, "The same of the time"),
        _c("amount_says", S, "The same of the amount"),
        _c("did_says", S, "The same of the deed; never no, since logs do not show everything"),
        _c("reason", S, "Why, in words"),
        _c("refs", S, "The evidence: tx:CHAIN:HASH[:LOG] and log:SOURCE:LINE, separated by blanks"),
        _c("duplicate_of", S, "FILE:LINE of the earlier report of the same wallet; null where this is the first"),
    ),
    _table(
        "holdings",
        "what a wallet still holds: still to save where the wallet is exposed",
        "address chain_id token",
        ADDRESS,
        CHAIN,
        _c("token", S, "Token's contract; 0xeeee…eeee is the native asset"),
        _amount("amount", "Amount held"),
        _c("usd", F, "Worth in US dollars; null where there is no price", "USD"),
        _c(
            "at_risk",
            B,
            "Whether this incident puts it at risk (key exposure, a live approval to an attacker, a signature that may lie unused)",
        ),
    ),
    _table(
        "evidence",
        "a reason for or against",
        "address code ref",
        ADDRESS,
        _c("code", S, "Evidence code (design, section 6)", audience="partners"),
        _c("weight", F, "Natural-log likelihood ratio; 0 = shown only"),
        _c("text", S, "The reason in words", audience="partners"),
        REF,
    ),
    _table(
        "wallets",
        "a wallet, over all chains",
        "address",
        ADDRESS,
        _c("kind", S, "eoa, safe, erc4337, eip7702 or contract; null where not asked", audience="partners"),
        _c("verdict", S, "compromised, probable, exposed, possible or no_sign", audience="partners"),
        _c(
            "p_exposed",
            F,
            "Chance that the attacker holds its key or a usable signature, by how many who did alike were harmed",
            "0 to 1",
        ),
        _c("p_harmed", F, "Chance that its observed loss is this attacker's", "0 to 1"),
        _c(
            "harm",
            S,
            "drained, partly_drained, at_risk, moved_unconfirmed, moved_by_owner, empty, none or not_known",
            audience="partners",
        ),
        _c("link_to_incident", S, "logged, event, contract, reported or chain_only", audience="partners"),
        _c("actions", S, "Actions seen, comma-separated", audience="partners"),
        _c("first_exposed", TIME, "First exposure in the window", "UTC", "partners"),
        _c("last_exposed", TIME, "Last exposure in the window", "UTC", "partners"),
        _c("lost", S, "What went to the attacker, exact, per token", "whole tokens", "partners"),
        _c("at_risk", S, "What is left to save, exact, per token", "whole tokens"),
        _c("live_approvals", U32, "Approvals to attackers that stand now", audience="partners"),
        _c("unseen_signature", B, "A signature may exist that the chain does not show yet", audience="partners"),
        _c("remedy", S, "What its owner must do", audience="partners"),
        _c("covered", S, "What was looked at: the logs' span, and of each chain which layers"),
        _c("not_covered", S, "What was not, and why"),
        _c("urgency", F, "Still to save × p_exposed: the order of the sheet"),
    ),
    _table(
        "people",
        "what people typed into the sheet about one address",
        "address",
        ADDRESS,
        _c("status", S, "Status in the war room's words"),
        _c("assigned_to", S, "Who looks after it"),
        _c("contacted_at", S, "When its owner was contacted, as typed"),
        _c("owner_confirmed", S, "What the owner said: yes, no, or words"),
        _c("rescue", S, "How it was saved"),
        _c("note", S, "Notes"),
        _c("added", B, "The row was added by a person, not by the tool"),
        _c("overrides", S, "Tool columns that a person changed, as JSON {column: value}"),
        _c(
            "overrides_by",
            S,
            "Who saved each of these changes and when, as far as the file says, as JSON {column: text}",
        ),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in (*_LOG_TABLES, *_CHAIN_TABLES, *_ASSESS_TABLES)}
