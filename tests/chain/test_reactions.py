"""Every refusal that a provider is known to give is met with the reaction that gets the answer after all."""

import re

import pytest

from exposure.chain.reactions import RULES, Kind, Rule, classify

# (who, text, JSON-RPC code, HTTP status, reaction, limit): the catalogue of refusals that others have met.
CASES = [
    (
        "Alchemy",
        "Log response size exceeded. Based on your parameters, this block range should work: [0x1, 0x3e8]",
        -32602,
        200,
        Kind.HALVE,
        1000,
    ),
    (
        "Alchemy free",
        "You can make eth_getLogs requests with up to a 500 block range. this block range should work: [0x10, 0x203]",
        -32600,
        400,
        Kind.RANGE,
        500,
    ),
    (
        "Alchemy rate",
        "Your app has exceeded its compute units per second capacity. If you have retries enabled, ignore this message.",
        429,
        429,
        Kind.BACK_OFF,
        None,
    ),
    (
        "Infura results",
        "query returned more than 10000 results. Try with this block range [0x100, 0x1ff].",
        -32005,
        200,
        Kind.HALVE,
        256,
    ),
    ("Infura range", "range 1000000 exceeds limit of 10000", -32602, 200, Kind.RANGE, 10_000),
    ("Infura list", "This query contains 5006 filters. The current limit is 5000.", None, 200, Kind.SPLIT_LIST, 5000),
    ("Infura archive", "project ID does not have access to archive state", -32002, 403, Kind.SWITCH, None),
    ("QuickNode", "eth_getLogs is limited to a 10,000 range", -32614, 413, Kind.RANGE, 10_000),
    ("QuickNode rate", "credits limited to 6000/sec", -32012, 429, Kind.BACK_OFF, None),
    ("QuickNode rate 2", "15/second request limit reached", -32007, 200, Kind.BACK_OFF, 15),
    ("Ankr", "block range is too wide", -32600, 200, Kind.HALVE, None),
    ("Ankr results", "query exceeds max results", None, 200, Kind.HALVE, None),
    (
        "Ankr key",
        "Unauthorized: You must authenticate your request with an API key",
        -32000,
        200,
        Kind.PARK,
        None,
    ),
    ("Cloudflare", "Max range: 800", None, 200, Kind.RANGE, 800),
    ("PublicNode", "exceed maximum block range: 50000", None, 200, Kind.RANGE, 50_000),
    (
        "PublicNode archive",
        "Archive requests require a personal token. Get one at: https://www.allnodes.com/publicnode",
        -32602,
        403,
        Kind.SWITCH,
        None,
    ),
    ("reth", "query exceeds max results 20000, retry with the range 100-199", -32602, 200, Kind.HALVE, 100),
    ("a bare suggestion", "please retry with the range 100-199", -32602, 200, Kind.RANGE, 100),
    ("reth range", "query exceeds max block range 100000", -32602, 200, Kind.RANGE, 100_000),
    ("dRPC", "ranges over 10000 blocks are not supported on freetier", 35, 400, Kind.RANGE, 10_000),
    ("dRPC batch", "Batch of more than 3 requests are not allowed on free tier", 31, 500, Kind.SMALLER_BATCH, 3),
    ("dRPC time", "Request timeout on the free tier, please upgrade", 30, 408, Kind.HALVE, None),
    ("1rpc", "eth_getLogs is limited to a 1000 blocks range", -32000, 200, Kind.RANGE, 1000),
    ("1rpc size", "response size should not greater than 10000000 bytes", -32000, 200, Kind.HALVE, None),
    ("1rpc quota", "You've reached the usage limit for your current plan", -32001, 200, Kind.PARK, None),
    ("BlockPI", "eth_getLogs is limited to 1024 block range", -32602, 200, Kind.RANGE, 1024),
    ("Chainstack", "Block range limit exceeded.", -32602, 200, Kind.HALVE, None),
    ("merkle", "eth_getLogs range is too large, max is 10k blocks", None, 200, Kind.RANGE, 10_000),
    ("thirdweb", "Maximum allowed number of requested blocks is 1000", -32005, 200, Kind.RANGE, 1000),
    ("Base node", "please limit the query to at most 1000 blocks", -32005, 200, Kind.RANGE, 1000),
    ("Base public", "no backend is currently healthy to serve traffic", -32011, 503, Kind.HALVE, None),
    ("Base public size", "backend response too large", -32020, 200, Kind.HALVE, None),
    (
        "Erigon",
        "query block range exceeds server limit, narrow your filter: 1000",
        None,
        200,
        Kind.RANGE,
        1000,
    ),
    ("Erigon results", "query returns too many logs, narrow your filter: 20000", None, 200, Kind.HALVE, None),
    (
        "Erigon list",
        "query exceeds the maximum of 1000 addresses or topics per search position",
        -32602,
        200,
        Kind.SPLIT_LIST,
        1000,
    ),
    ("geth range", "exceed maximum block range 5000", -32602, 200, Kind.RANGE, 5000),
    ("geth list", "exceed max addresses or topics per search position", -32000, 200, Kind.SPLIT_LIST, None),
    ("geth batch", "batch too large", -32600, 200, Kind.SMALLER_BATCH, None),
    ("geth size", "response too large", -32003, 200, Kind.HALVE, None),
    ("geth time", "request timed out", -32002, 200, Kind.HALVE, None),
    ("geth head", "block range extends beyond current head block", -32602, 200, Kind.WAIT, None),
    (
        "geth state",
        "missing trie node 0b2d (path ) state 0x12 is not available, not found",
        -32000,
        200,
        Kind.SWITCH,
        None,
    ),
    ("geth old logs", "history has been pruned for this block", 4444, 200, Kind.SWITCH, None),
    ("Nethermind state", "Internal error MissingTrieNodeException", -32603, 200, Kind.SWITCH, None),
    ("reth proof", "distance to target block exceeds maximum proof window", -32602, 200, Kind.SWITCH, None),
    ("no method", "the method eth_getBlockReceipts does not exist/is not available", -32601, 200, Kind.NO_METHOD, None),
    ("no method 2", "Method debug_traceTransaction is not supported", -32004, 200, Kind.NO_METHOD, None),
    ("no method 3", "rpc method is not whitelisted", -32001, 200, Kind.NO_METHOD, None),
    ("no method 4", "Unsupported method: eth_getBlockReceipts", None, 400, Kind.NO_METHOD, None),
    ("busy", "the network is busy, please try again later", -32000, 200, Kind.BACK_OFF, None),
    ("revert", "execution reverted: archive requests: batch too large", 3, 200, Kind.REVERTED, None),
    ("gas", "out of gas: gas required exceeds: 50000000", -32000, 200, Kind.REVERTED, None),
    ("anvil gas", "EVM error OutOfGas", -32603, 200, Kind.REVERTED, None),
    ("bare 429", "", None, 429, Kind.BACK_OFF, None),
    ("bare 403", "", None, 403, Kind.PARK, None),
    ("bare 413", "", None, 413, Kind.HALVE, None),
    ("bare 502", "", None, 502, Kind.RETRY, None),
    ("internal", "Internal error", -32603, 200, Kind.RETRY, None),
    ("unknown", "something that nobody has met before", -32000, 200, Kind.FATAL, None),
]


@pytest.mark.parametrize(("who", "text", "code", "status", "kind", "limit"), CASES, ids=[case[0] for case in CASES])
def test_a_known_refusal_is_met_with_its_reaction(
    who: str, text: str, code: int | None, status: int, kind: Kind, limit: int | None
) -> None:
    """The text decides, since the same code means ten things with ten providers."""
    reaction = classify(text, code=code, status=status)
    assert (kind, limit) == (reaction.kind, reaction.limit)


@pytest.mark.parametrize("rule", RULES, ids=[rule.pattern for rule in RULES])
def test_every_rule_has_a_case(rule: Rule) -> None:
    """A rule that no known text needs would only collide with others."""
    texts = [text for _, text, *_ in CASES]
    assert any(re.search(rule.pattern, text, re.IGNORECASE | re.DOTALL) for text in texts)


def test_a_suggested_range_the_wrong_way_round_is_no_suggestion() -> None:
    """Some nodes suggest an end before the beginning: then the range is halved."""
    reaction = classify("retry with the range 200-100")
    assert (Kind.HALVE, None) == (reaction.kind, reaction.limit)


def test_retry_after_is_honoured_where_it_is_a_number() -> None:
    """A date or nonsense in the header leaves the ordinary back-off."""
    waits = [classify("", status=429, retry_after=text).wait for text in ("7", "1.5", "Wed, 21 Oct 2026", "-3", None)]
    assert [7.0, 1.5, None, None, None] == waits


def test_a_huge_number_in_a_refusal_is_no_limit() -> None:
    """A hostile provider's number must not overflow anything."""
    assert (Kind.HALVE, None) == (
        (reaction := classify(f"Max range: {'9' * 400}")).kind,
        reaction.limit,
    )
