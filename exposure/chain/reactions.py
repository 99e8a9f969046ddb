"""What providers say when they refuse, and what to do about it: one table, in the order in which it is matched. Pure.

The same code (-32000, -32005, -32602) means ten things with ten providers, so the text decides. The texts and their sources
stand in the order that avoids collisions: first what another endpoint must answer, then lists, ranges and sizes, then rates,
methods and lagging nodes; what no rule knows is fatal and shown.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """What a refusal asks of us."""

    SWITCH = "switch"  # this endpoint will never answer this (old state, a plan that it wants paid): ask another
    PARK = "park"  # this endpoint answers nothing any more: its quota is used up, or it wants a key
    SPLIT_LIST = "split the list"  # too many topics or addresses
    RANGE = "narrow the range"  # at most `limit` blocks, wherever they lie
    HALVE = "halve"  # too much in these blocks; `limit` of them would fit, where the provider says so
    SMALLER_BATCH = "smaller batch"
    BACK_OFF = "back off"  # too fast
    NO_METHOD = "no such method"
    WAIT = "wait"  # the node lags behind the block that was asked
    REVERTED = "reverted"  # an answer: the contract refused
    RETRY = "retry"  # network, 5xx, HTML, nonsense
    FATAL = "fatal"


@dataclass(frozen=True, slots=True)
class Reaction:
    """How to react to one refusal. `text` is the provider's, not yet redacted.

    `limit` counts blocks, topics, the calls of a batch, or requests a second.
    """

    kind: Kind
    text: str
    limit: int | None = None
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: `pattern` is matched without case; a group is the limit, two groups are a range of blocks."""

    kind: Kind
    pattern: str
    source: str


_N = r"([0-9][0-9,._]*k?)"

RULES: tuple[Rule, ...] = (
    # A contract's own words come first: they may hold any of the texts below.
    Rule(Kind.REVERTED, r"execution reverted|vm execution error|^reverted\b", "geth, Nethermind"),
    # A call that breaks, or burns all gas, breaks with every endpoint: it too is an answer.
    Rule(
        Kind.REVERTED, r"evm error|invalid (?:op|jump)|opcode|stack (?:under|over)flow|bad instruction", "geth, anvil"
    ),
    Rule(Kind.REVERTED, r"out ?of ?gas|gas required exceeds|intrinsic gas|gas (?:limit|uint64)", "geth, anvil, Erigon"),
    # 1. Only another endpoint can answer. "archive" also stands in PublicNode's refusal of old logs: do not shrink there.
    Rule(Kind.SWITCH, r"archive (?:requests|state|node|data)|access to archive", "PublicNode 403, Infura -32002"),
    Rule(Kind.SWITCH, r"missing ?trie ?node|historical state|required historical|state .{0,80}not available", "geth"),
    Rule(
        Kind.SWITCH,
        r"state (?:already )?(?:been )?(?:discarded|pruned)|history .{0,20}pruned|pruned history",
        "geth 4444, reth",
    ),
    Rule(Kind.SWITCH, r"distance to target block exceeds|no state available for block|blockoutofrange", "reth, anvil"),
    Rule(
        Kind.PARK, r"must authenticate|unauthori[sz]ed|invalid (?:api|project|access) ?(?:key|id|token)", "Ankr -32000"
    ),
    Rule(
        Kind.PARK,
        r"usage limit for your current plan|(?:daily|monthly) (?:request|quota|limit|capacity)",
        "1rpc -32001",
    ),
    # 2. Lists of topics.
    Rule(Kind.SPLIT_LIST, rf"contains [0-9]+ filters.{{0,40}}limit is {_N}", "Infura"),
    Rule(Kind.SPLIT_LIST, rf"exceeds the maximum of {_N} addresses or topics", "Erigon"),
    Rule(Kind.SPLIT_LIST, r"exceed max addresses or topics|too many (?:topics|addresses)", "geth --rpc.logquerylimit"),
    # Batches, before ranges: "more than 3 requests".
    Rule(
        Kind.SMALLER_BATCH,
        rf"batch (?:of more than|size.{{0,20}}(?:limit|exceeds|max)[a-z ]*:?) ?{_N}",
        "dRPC 31, 1rpc",
    ),
    Rule(
        Kind.SMALLER_BATCH,
        r"batch (?:too large|size too|limit|request.{0,30}not (?:allowed|supported))",
        "geth -32600, Besu",
    ),
    # 3. A range that would work: its length counts, and our own first block stays. Where the answer was too large it says how
    # crowded these blocks are, and nothing about others.
    Rule(
        Kind.HALVE,
        r"(?:size exceeded|returned more than|max results).*range[^\[]{0,40}\[\s*(0x[0-9a-f]+)\s*,\s*(0x[0-9a-f]+)\s*\]",
        "Alchemy -32602, Infura -32005",
    ),
    Rule(Kind.HALVE, r"max results.{0,40}retry with the range ([0-9]+)-([0-9]+)", "reth, LlamaNodes, Ankr"),
    Rule(
        Kind.RANGE,
        r"range[^\[]{0,40}\[\s*(0x[0-9a-f]+)\s*,\s*(0x[0-9a-f]+)\s*\]",
        "Alchemy free -32600",
    ),
    Rule(Kind.RANGE, r"retry with the range ([0-9]+)-([0-9]+)", "reth without its reason"),
    # 4. A number of blocks.
    Rule(Kind.RANGE, rf"limited to (?:a |an )?{_N} (?:blocks? )?range", "QuickNode -32614, BlockPI, 1rpc"),
    Rule(Kind.RANGE, rf"exceeds limit of {_N}", "Infura -32602"),
    Rule(
        Kind.RANGE,
        rf"(?:max(?:imum)? (?:block )?range|max is)[: ]*(?:of )?{_N}",
        "geth, PublicNode, Cloudflare, merkle, reth",
    ),
    Rule(Kind.RANGE, rf"ranges over {_N} blocks", "dRPC 35"),
    Rule(Kind.RANGE, rf"requested blocks is {_N}", "thirdweb -32005"),
    Rule(Kind.RANGE, rf"(?:at most|up to)(?: an?)? {_N} blocks?", "Base -32005, Alchemy without a range"),
    Rule(Kind.RANGE, rf"block range exceeds server limit.{{0,40}}: ?{_N}", "Erigon"),
    # 5. Too much, without a number.
    Rule(
        Kind.HALVE,
        r"block range (?:is )?too (?:wide|large)|block range limit exceeded|range is too large",
        "Ankr, Chainstack",
    ),
    Rule(Kind.HALVE, r"query (?:returned more than|exceeds max results|returns too many)", "Infura, Ankr, Erigon"),
    Rule(
        Kind.HALVE,
        r"response (?:size|too large|body).{0,60}|size exceeded|too large to|exceeded the size",
        "Alchemy, 1rpc, geth",
    ),
    Rule(
        Kind.HALVE, r"no backend is currently healthy", "Base -32011: a range that is too large, dressed as an outage"
    ),
    Rule(
        Kind.HALVE,
        r"(?:request|query|execution) (?:timed out|timeout|aborted)|timeout exceeded|took too long",
        "geth, dRPC 30",
    ),
    Rule(
        Kind.HALVE,
        r"out of gas|outofgas|gas required exceeds|intrinsic gas|invalid request: body",
        "eth_call's gas cap",
    ),
    # 6. Too fast.
    Rule(Kind.BACK_OFF, rf"{_N} ?/ ?s(?:ec(?:ond)?)? request limit", "QuickNode -32007"),
    Rule(
        Kind.BACK_OFF,
        r"compute units per second|rate limit|too many requests|request limit|limited to .{0,20}/ ?s",
        "many",
    ),
    Rule(
        Kind.BACK_OFF, r"capacity exceeded|throughput|try again (?:later|in)|slow down|over rate", "Alchemy, QuickNode"
    ),
    # 7. Methods.
    Rule(
        Kind.NO_METHOD,
        r"method .{0,60}(?:does not exist|not (?:found|available|supported|allowed|whitelisted))",
        "any -32601",
    ),
    Rule(Kind.NO_METHOD, r"(?:unsupported|unknown|unhandled) method|not implemented", "any"),
    # 8. The node is not there yet.
    Rule(Kind.WAIT, r"beyond current head|header not found|unknown block|block not found|invalid block range", "geth"),
)

_COMPILED = tuple((rule, re.compile(rule.pattern, re.IGNORECASE | re.DOTALL)) for rule in RULES)


def classify(text: str, *, code: int | None = None, status: int = 200, retry_after: str | None = None) -> Reaction:
    """Say how to react to a refusal: its text (message, data and body together), JSON-RPC code and HTTP status."""
    wait = _seconds(retry_after)
    for rule, pattern in _COMPILED:
        match = pattern.search(text)
        if match:
            return replace(_react(rule.kind, match, text), wait=wait)
    if code == 3:
        return Reaction(Kind.REVERTED, text)
    if code in (-32601, -32004):
        return Reaction(Kind.NO_METHOD, text)
    return Reaction(_by_status(status, code), text, wait=wait)


def _react(kind: Kind, match: re.Match[str], text: str) -> Reaction:
    numbers = [number for number in (_number(group) for group in match.groups()) if number is not None]
    if len(numbers) == 2:
        length = numbers[1] - numbers[0] + 1
        # Some nodes suggest a range the wrong way round: then only the refusal is worth something.
        return Reaction(kind, text, length) if length > 0 else Reaction(Kind.HALVE, text)
    if numbers and numbers[0] > 0:
        return Reaction(kind, text, numbers[0])
    return Reaction(Kind.HALVE if kind is Kind.RANGE else kind, text)


def _by_status(status: int, code: int | None) -> Kind:
    if status == 429:
        return Kind.BACK_OFF
    if status in (401, 402, 403, 404, 405, 410):
        return Kind.PARK
    if status in (408, 413, 504):
        return Kind.HALVE
    # -32603 is "internal error", and a proxy's 5xx says as little: the next try or another endpoint may answer.
    if status >= 500 or status < 200 or 300 <= status < 400 or code == -32603:
        return Kind.RETRY
    return Kind.FATAL


def _number(text: str) -> int | None:
    """Read `0x7d0`, `10,000` or `10k`; one that no range of blocks can have gives None."""
    if text[:2].lower() == "0x":
        return int(text, 16) if len(text) <= 18 else None
    thousands = text[-1:].lower() == "k"
    digits = re.sub(r"[^0-9]", "", text)
    if not digits or len(digits) > 18:
        return None
    return int(digits) * (1000 if thousands else 1)


def _seconds(retry_after: str | None) -> float | None:
    """Read Retry-After where it is a number of seconds; dates are rare, and ordinary back-off serves as well."""
    if retry_after is None or not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", retry_after.strip()):
        return None
    return float(retry_after)
