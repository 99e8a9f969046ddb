"""The actors of a drill, from drainer to smart account, leave the traces on chain that real ones leave."""

from collections.abc import Iterator
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.contract import Contract

from exposure.drill.anvil import Anvil
from tests.drill.playground import ETHER, TRANSFER, ZERO, Chain, logged, refusal, topics

NATIVE = Web3.to_checksum_address("0x" + "e" * 40)
EXECUTED = "ExecutionSuccess(bytes32,uint256)"
USER_OPERATION = "UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)"


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    """A node of this file's own: code is set at well-known addresses, which would surprise the tests of others."""
    with Anvil() as node:
        yield Chain(node)


def approved(chain: Chain, spender: str, amount: int = 1000) -> Contract:
    """Create an ERC-20 of which the owner holds `amount` and has approved all of it to a spender."""
    token = chain.token(chain.owner, amount)
    chain.send(token.functions.approve(spender, amount), chain.owner)
    return token


def balances(token: Contract, *holders: str) -> list[int]:
    """Read several balances of a token."""
    return [token.functions.balanceOf(holder).call() for holder in holders]


def test_a_drainer_without_a_split_takes_all_in_one_transfer(chain: Chain) -> None:
    """The owner's approval is enough: somebody else's transaction moves the tokens to the sink."""
    drainer = chain.deploy("Drainer", chain.operator, chain.friend, 0)
    token = approved(chain, drainer.address)
    pull = drainer.functions.pull(token.address, chain.owner, chain.sink, 1000)
    assert [topics(TRANSFER, chain.owner, chain.sink)] == logged(chain.send(pull, chain.relayer))
    assert [0, 1000] == balances(token, chain.owner, chain.sink)


def test_a_drainer_splits_between_operator_and_affiliate(chain: Chain) -> None:
    """At 20 % the victim loses twice in one transaction, and no unit is lost to rounding."""
    drainer = chain.deploy("Drainer", chain.operator, chain.friend, 2000)
    token = approved(chain, drainer.address, 1001)
    pull = drainer.functions.pull(token.address, chain.owner, chain.sink, 1001)
    assert [topics(TRANSFER, chain.owner, chain.operator), topics(TRANSFER, chain.owner, chain.sink)] == logged(
        chain.send(pull, chain.relayer)
    )
    assert [0, 200, 801] == balances(token, chain.owner, chain.operator, chain.sink)


def test_a_drainer_takes_an_nft_by_the_same_call(chain: Chain) -> None:
    """ERC-721 shares transferFrom's selector and returns nothing; approval for all is all it needs."""
    drainer, nft = chain.deploy("Drainer", chain.operator, chain.friend, 0), chain.deploy("TestNft", "Apes", "APE")
    chain.send(nft.functions.mint(chain.owner, 7), chain.relayer)
    chain.send(nft.functions.setApprovalForAll(drainer.address, True), chain.owner)
    pull = drainer.functions.pull(nft.address, chain.owner, chain.sink, 7)
    assert [topics(TRANSFER, chain.owner, chain.sink, 7)] == logged(chain.send(pull, chain.relayer))


def test_a_drainer_without_an_approval_gets_nothing(chain: Chain) -> None:
    """What was never approved cannot be pulled."""
    drainer, token = chain.deploy("Drainer", chain.operator, chain.friend, 2000), chain.token(chain.owner)
    pull = drainer.functions.pull(token.address, chain.owner, chain.sink, 10)
    assert "execution reverted: TokenMover: move failed" == refusal(lambda: chain.send(pull, chain.relayer))


def test_a_claim_sends_the_ether_on_and_logs_nothing(chain: Chain) -> None:
    """The victim's own transaction pays operator and affiliate by internal transfers; the contract keeps nothing."""
    operator, affiliate = Account.create().address, Account.create().address
    drainer = chain.deploy("Drainer", operator, affiliate, 2000)
    assert [] == logged(chain.send(drainer.functions.claim(), chain.owner, value=ETHER))
    assert [ETHER // 5, ETHER * 4 // 5, 0] == [chain.ether(who) for who in (operator, affiliate, drainer.address)]


def test_a_deposit_address_forwards_to_the_exchange(chain: Chain) -> None:
    """Ether goes on in the depositor's transaction, tokens in a later one of somebody else."""
    exchange = Account.create().address
    deposit, token = chain.deploy("Forwarder", exchange), chain.token(chain.owner)
    assert [] == logged(chain.pay(chain.owner, deposit.address, ETHER))
    chain.send(token.functions.transfer(deposit.address, 600), chain.owner)
    flush = deposit.functions.flush(token.address)
    assert [topics(TRANSFER, deposit.address, exchange)] == logged(chain.send(flush, chain.relayer))
    assert (ETHER, [0, 600]) == (chain.ether(exchange), balances(token, deposit.address, exchange))


def test_a_router_pays_in_the_transaction_in_which_it_takes(chain: Chain) -> None:
    """What tells a swap from a drain: tokens leave by allowance, and others come back at once."""
    router = chain.deploy("Router")
    sold, bought = approved(chain, router.address), chain.token(router.address, 500)
    swap = router.functions.swap(sold.address, 1000, bought.address, 400)
    assert [topics(TRANSFER, chain.owner, router.address), topics(TRANSFER, router.address, chain.owner)] == logged(
        chain.send(swap, chain.owner)
    )
    assert ([0, 1000], [400, 100]) == tuple(balances(token, chain.owner, router.address) for token in (sold, bought))


def test_a_router_settles_an_order_that_a_solver_sends(chain: Chain) -> None:
    """The owner sends nothing and is paid, here in ether, which only a trace or the balance shows."""
    router = chain.deploy("Router")
    chain.pay(chain.relayer, router.address, ETHER)
    sold = approved(chain, router.address)
    before = chain.ether(chain.owner)
    settle = router.functions.settle(chain.owner, sold.address, 1000, NATIVE, ETHER)
    assert [topics(TRANSFER, chain.owner, router.address)] == logged(chain.send(settle, chain.relayer))
    assert ETHER == chain.ether(chain.owner) - before


def test_a_router_sells_for_ether_only_against_that_ether(chain: Chain) -> None:
    """A swap of ether brings the tokens; one with too little ether is refused."""
    router = chain.deploy("Router")
    bought = chain.token(router.address)
    swap = router.functions.swap(NATIVE, ETHER, bought.address, 1000)
    assert "execution reverted: Router: wrong ether" == refusal(lambda: chain.send(swap, chain.owner, value=ETHER - 1))
    assert [topics(TRANSFER, router.address, chain.owner)] == logged(chain.send(swap, chain.owner, value=ETHER))


def delegated(chain: Chain, delegate: str) -> LocalAccount:
    """Make an account that delegates to a contract (EIP-7702): it signs, and a sponsor sends the transaction."""
    account, sponsor = Account.create(), Account.create()
    chain.pay(chain.relayer, sponsor.address, ETHER)
    signed = account.sign_authorization({"chainId": 31337, "address": delegate, "nonce": 0})
    fields: dict[str, Any] = {
        "type": 4,
        "chainId": 31337,
        "nonce": 0,
        "to": sponsor.address,
        "value": 0,
        "gas": 100_000,
        "maxFeePerGas": 10**11,
        "maxPriorityFeePerGas": 10**9,
        "authorizationList": [signed],
    }
    sent = chain.web3.eth.send_raw_transaction(sponsor.sign_transaction(fields).raw_transaction)
    chain.web3.eth.wait_for_transaction_receipt(sent)
    return account


def test_a_delegated_account_loses_what_arrives_and_what_it_has(chain: Chain) -> None:
    """Its code points at the sweeper: gas sent to it is gone at once, and anybody may sweep its tokens."""
    sink = Account.create().address
    sweeper = chain.deploy("Delegate7702", sink)
    account = delegated(chain, sweeper.address)
    assert "0xef0100" + sweeper.address[2:].lower() == chain.web3.eth.get_code(account.address).to_0x_hex()
    chain.pay(chain.friend, account.address, ETHER)
    assert (0, ETHER) == (chain.ether(account.address), chain.ether(sink))
    token = chain.token(account.address)
    sweep = chain.web3.eth.contract(account.address, abi=sweeper.abi).functions.sweep([token.address])
    assert [topics(TRANSFER, account.address, sink)] == logged(chain.send(sweep, chain.relayer))


def test_a_smart_account_acts_for_its_owner_alone(chain: Chain) -> None:
    """The owner's transaction goes to the account, the tokens leave the account, and it logs as a Safe does."""
    account = chain.deploy("AccountProxy", chain.owner, ZERO)
    assert [topics("SafeReceived(address,uint256)", chain.friend)] == logged(
        chain.pay(chain.friend, account.address, 5)
    )
    token = chain.token(account.address)
    move = account.functions.exec(token.address, 0, token.encode_abi("transfer", [chain.sink, 400]))
    assert "execution reverted: AccountProxy: not the owner" == refusal(lambda: chain.send(move, chain.friend))
    [moved, executed] = logged(chain.send(move, chain.owner))
    assert (topics(TRANSFER, account.address, chain.sink), topics(EXECUTED)) == (moved, executed[:1])
    give = account.functions.exec(chain.sink, 5, b"")
    chain.send(give, chain.owner)
    assert (0, [600, 400]) == (chain.ether(account.address), balances(token, account.address, chain.sink))
    assert "execution reverted: TestToken: balance too low" == refusal(
        lambda: chain.send(
            account.functions.exec(token.address, 0, token.encode_abi("transfer", [chain.sink, 601])), chain.owner
        )
    )


def test_a_smart_account_takes_safe_transfers_of_nfts(chain: Chain) -> None:
    """It can hold ERC-721 and ERC-1155 tokens, as real ones can; a contract that does not say so gets none."""
    account, nft, multi = (
        chain.deploy("AccountProxy", ZERO, ZERO),
        chain.deploy("TestNft", "A", "A"),
        chain.deploy("TestMulti"),
    )
    chain.send(nft.functions.mint(chain.owner, 7), chain.relayer)
    for number in (1, 2):
        chain.send(multi.functions.mint(chain.owner, number, 10), chain.relayer)
    chain.send(nft.functions.safeTransferFrom(chain.owner, account.address, 7), chain.owner)
    chain.send(multi.functions.safeTransferFrom(chain.owner, account.address, 1, 4, b""), chain.owner)
    chain.send(multi.functions.safeBatchTransferFrom(chain.owner, account.address, [1, 2], [6, 5], b""), chain.owner)
    held = [multi.functions.balanceOf(account.address, number).call() for number in (1, 2)]
    assert (account.address, [10, 5]) == (nft.functions.ownerOf(7).call(), held)
    refused = multi.functions.safeTransferFrom(chain.owner, nft.address, 2, 1, b"")
    assert "execution reverted" == refusal(lambda: chain.send(refused, chain.owner))


def operation(entry: Contract, account: str, data: str, signer: LocalAccount, nonce: int = 0) -> tuple[Any, ...]:
    """Make a user operation that has the account call itself with `data`, signed as a personal message."""
    unsigned = (account, nonce, b"", data, bytes(32), 0, bytes(32), b"")
    digest = entry.functions.getUserOpHash((*unsigned, b"")).call()
    return (*unsigned, signer.sign_message(encode_defunct(digest)).signature)


def test_a_bundler_makes_a_smart_account_act_on_its_owners_signature(chain: Chain) -> None:
    """The bundler's transaction goes to the entry point; the account's tokens move, and the event names the account."""
    entry, owner = chain.place("MinimalEntryPoint"), Account.create()
    account = chain.deploy("AccountProxy", owner.address, entry.address)
    token = chain.token(account.address)
    spend = [
        account.encode_abi("exec", [token.address, 0, token.encode_abi("transfer", [chain.sink, n])])
        for n in (400, 601)
    ]
    signed = operation(entry, account.address, spend[0], owner)
    handle = entry.functions.handleOps([signed], chain.relayer)
    receipt = chain.send(handle, chain.relayer)
    named = topics(USER_OPERATION, entry.functions.getUserOpHash(signed).call().hex(), account.address, ZERO)
    assert [topics(TRANSFER, account.address, chain.sink), named] == [logged(receipt)[0], logged(receipt)[2]]
    assert [600, 400] == balances(token, account.address, chain.sink)
    assert "execution reverted: MinimalEntryPoint: wrong nonce" == refusal(lambda: chain.send(handle, chain.relayer))
    # an act that fails is logged as failed, and the bundle goes through
    failing = entry.functions.handleOps([operation(entry, account.address, spend[1], owner, nonce=1)], chain.relayer)
    [event] = entry.events.UserOperationEvent().process_receipt(chain.send(failing, chain.relayer))
    assert (account.address, 1, False) == tuple(event["args"][name] for name in ("sender", "nonce", "success"))


def test_an_operation_that_the_owner_did_not_sign_is_refused(chain: Chain) -> None:
    """A stranger's signature moves nothing."""
    entry = chain.place("MinimalEntryPoint")
    account = chain.deploy("AccountProxy", chain.owner, entry.address)
    give = account.encode_abi("exec", [chain.sink, 0, b""])
    handle = entry.functions.handleOps([operation(entry, account.address, give, Account.create())], chain.relayer)
    assert "execution reverted: MinimalEntryPoint: wrong signature" == refusal(
        lambda: chain.send(handle, chain.relayer)
    )
