"""The tokens and well-known contracts of drills do what their originals do, down to the topics of their events."""

from collections.abc import Iterator
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.abi import function_abi_to_4byte_selector
from web3.contract import Contract

from exposure.drill.anvil import Anvil
from exposure.drill.contracts import NAMES, PLACES, load
from tests.drill.playground import APPROVAL, APPROVAL_FOR_ALL, FOREVER, TRANSFER, ZERO, Chain, logged, refusal, topics

# What a constructor takes; the others take nothing.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "AccountProxy": (ZERO, ZERO),
    "Delegate7702": (ZERO,),
    "Drainer": (ZERO, ZERO, 0),
    "Forwarder": (ZERO,),
    "TestNft": ("Apes", "APE"),
    "TestToken": ("Dollar", "USD", 6),
}


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    """A node of this file's own: code is set at well-known addresses, which would surprise the tests of others."""
    with Anvil() as node:
        yield Chain(node)


@pytest.mark.parametrize("name", NAMES)
def test_every_contract_deploys_under_prague(chain: Chain, name: str) -> None:
    """The node takes the bytecode, and what then stands on chain is the committed runtime code, but for immutables."""
    code = chain.web3.eth.get_code(chain.deploy(name, *ARGUMENTS.get(name, ())).address)
    assert len(load(name).runtime) == len(code.to_0x_hex())
    if name in PLACES:
        assert load(name).runtime == code.to_0x_hex()


def test_a_token_is_named_as_its_constructor_says(chain: Chain) -> None:
    """Name, symbol and decimals are free, so that a drill can have a dollar of 6 decimals and a coin of 18."""
    token = chain.deploy("TestToken", "Some Coin", "SOME", 18).functions
    assert ("Some Coin", "SOME", 18) == (token.name().call(), token.symbol().call(), token.decimals().call())


def test_a_token_moves_and_logs_like_any_erc20(chain: Chain) -> None:
    """Mint, transfer and transferFrom log Transfer; spending counts the allowance down without another Approval."""
    token, owner, spender = chain.deploy("TestToken", "Dollar", "USD", 6), chain.owner, chain.spender
    call = token.functions
    assert [topics(TRANSFER, ZERO, owner)] == logged(chain.send(call.mint(owner, 100), spender))
    assert [topics(TRANSFER, owner, chain.friend)] == logged(chain.send(call.transfer(chain.friend, 10), owner))
    assert [topics(APPROVAL, owner, spender)] == logged(chain.send(call.approve(spender, 50), owner))
    assert [topics(TRANSFER, owner, chain.sink)] == logged(
        chain.send(call.transferFrom(owner, chain.sink, 20), spender)
    )
    balances = [call.balanceOf(who).call() for who in (owner, chain.friend, chain.sink)]
    assert ([70, 10, 20], 30) == (balances, call.allowance(owner, spender).call())
    assert "execution reverted: TestToken: allowance too low" == refusal(
        lambda: chain.send(call.transferFrom(owner, chain.sink, 31), spender)
    )


def test_an_approval_event_carries_the_new_total(chain: Chain) -> None:
    """After +100, +5 and -30 the events say 100, 105 and 75, and 75 is what may be spent."""
    token, owner, spender = chain.token(chain.owner), chain.owner, chain.spender
    call = token.functions
    steps = [
        call.increaseAllowance(spender, 100),
        call.increaseAllowance(spender, 5),
        call.decreaseAllowance(spender, 30),
    ]
    receipts = [chain.send(step, owner) for step in steps]
    assert [[topics(APPROVAL, owner, spender)]] * 3 == [logged(receipt) for receipt in receipts]
    assert [100, 105, 75] == [int.from_bytes(receipt["logs"][0]["data"]) for receipt in receipts]
    assert 75 == call.allowance(owner, spender).call()


def test_an_unlimited_allowance_is_not_counted_down(chain: Chain) -> None:
    """As in the common tokens: the approval stays live at its full size after the drain."""
    token, owner, spender = chain.token(chain.owner), chain.owner, chain.spender
    chain.send(token.functions.approve(spender, 2**256 - 1), owner)
    chain.send(token.functions.transferFrom(owner, chain.sink, 1000), spender)
    assert 2**256 - 1 == token.functions.allowance(owner, spender).call()


def test_anyone_can_log_a_transfer_of_nothing_from_anybody(chain: Chain) -> None:
    """A zero-value transferFrom needs no allowance: this is how address poisoners write into a stranger's history."""
    token = chain.token(chain.owner)
    receipt = chain.send(token.functions.transferFrom(chain.owner, chain.sink, 0), chain.spender)
    assert [topics(TRANSFER, chain.owner, chain.sink)] == logged(receipt)


def test_spam_logs_many_transfers_and_moves_nothing(chain: Chain) -> None:
    """A thousand Transfer events of the sender, in one transaction, with balances as they were."""
    token = chain.token(chain.owner)
    logs = logged(chain.send(token.functions.spam(1000), chain.owner))
    assert (1000, 1000) == (len(logs), len({log[2] for log in logs}))
    assert [topics(TRANSFER, chain.owner)] == [list(start) for start in {(log[0], log[1]) for log in logs}]
    assert 1000 == token.functions.balanceOf(chain.owner).call()


def token_permit(chain: Chain, token: Contract, signer: LocalAccount, owner: str, deadline: int = FOREVER) -> Any:
    """Sign an EIP-2612 permit for 40 to the spender, and make the call that hands it in."""
    fields = {"owner": "address", "spender": "address", "value": "uint256", "nonce": "uint256", "deadline": "uint256"}
    message = {"owner": owner, "spender": chain.spender, "value": 40, "nonce": 0, "deadline": deadline}
    domain = {"name": "Dollar", "version": "1", "chainId": 31337, "verifyingContract": token.address}
    types = {"Permit": [{"name": name, "type": kind} for name, kind in fields.items()]}
    signed = signer.sign_message(encode_typed_data(domain, types, message))
    r, s = signed.r.to_bytes(32), signed.s.to_bytes(32)
    return token.functions.permit(owner, chain.spender, 40, deadline, signed.v, r, s)


def test_a_permit_approves_without_a_transaction_of_the_owner(chain: Chain) -> None:
    """A stranger hands in the owner's signature: Approval is logged, the allowance stands, and it works once only."""
    token, owner = chain.deploy("TestToken", "Dollar", "USD", 6), Account.create()
    permit = token_permit(chain, token, owner, owner.address)
    assert [topics(APPROVAL, owner.address, chain.spender)] == logged(chain.send(permit, chain.relayer))
    assert (40, 1) == (
        token.functions.allowance(owner.address, chain.spender).call(),
        token.functions.nonces(owner.address).call(),
    )
    assert "execution reverted: TestToken: wrong signature" == refusal(lambda: chain.send(permit, chain.relayer))


def test_a_permit_of_another_signer_or_past_its_deadline_is_refused(chain: Chain) -> None:
    """The signature has to be the owner's, and in time."""
    token, owner = chain.deploy("TestToken", "Dollar", "USD", 6), Account.create()
    forged = token_permit(chain, token, Account.create(), owner.address)
    late = token_permit(chain, token, owner, owner.address, deadline=1)
    assert "execution reverted: TestToken: wrong signature" == refusal(lambda: chain.send(forged, chain.relayer))
    assert "execution reverted: TestToken: permit expired" == refusal(lambda: chain.send(late, chain.relayer))
    assert 0 == token.functions.allowance(owner.address, chain.spender).call()


def test_an_nft_moves_and_logs_like_any_erc721(chain: Chain) -> None:
    """Approvals for one and for all, and transfers, have the token's id as fourth topic; a stranger moves nothing."""
    nft, owner, operator = chain.deploy("TestNft", "Apes", "APE"), chain.owner, chain.operator
    call = nft.functions
    assert [topics(TRANSFER, ZERO, owner, 7)] == logged(chain.send(call.mint(owner, 7), chain.relayer))
    assert "execution reverted: TestNft: not allowed" == refusal(
        lambda: chain.send(call.transferFrom(owner, chain.sink, 7), chain.spender)
    )
    assert [topics(APPROVAL, owner, chain.spender, 7)] == logged(chain.send(call.approve(chain.spender, 7), owner))
    assert [topics(TRANSFER, owner, chain.friend, 7)] == logged(
        chain.send(call.transferFrom(owner, chain.friend, 7), chain.spender)
    )
    assert [topics(APPROVAL_FOR_ALL, chain.friend, operator)] == logged(
        chain.send(call.setApprovalForAll(operator, True), chain.friend)
    )
    assert [topics(TRANSFER, chain.friend, chain.sink, 7)] == logged(
        chain.send(call.safeTransferFrom(chain.friend, chain.sink, 7), operator)
    )
    assert (chain.sink, ZERO) == (call.ownerOf(7).call(), call.getApproved(7).call())


def test_an_erc1155_names_the_mover_first(chain: Chain) -> None:
    """Operator, from and to are indexed in this order, for one token and for many."""
    multi, owner, operator, sink = chain.deploy("TestMulti"), chain.owner, chain.operator, chain.sink
    call = multi.functions
    single = "TransferSingle(address,address,address,uint256,uint256)"
    batch = "TransferBatch(address,address,address,uint256[],uint256[])"
    assert [topics(single, chain.relayer, ZERO, owner)] == logged(chain.send(call.mint(owner, 1, 10), chain.relayer))
    chain.send(call.mint(owner, 2, 20), chain.relayer)
    move = call.safeTransferFrom(owner, sink, 1, 4, b"")
    assert "execution reverted: TestMulti: not allowed" == refusal(lambda: chain.send(move, operator))
    assert [topics(APPROVAL_FOR_ALL, owner, operator)] == logged(
        chain.send(call.setApprovalForAll(operator, True), owner)
    )
    assert [topics(single, operator, owner, sink)] == logged(chain.send(move, operator))
    moves = call.safeBatchTransferFrom(owner, sink, [1, 2], [6, 5], b"")
    assert [topics(batch, operator, owner, sink)] == logged(chain.send(moves, operator))
    assert [0, 15, 10, 5] == call.balanceOfBatch([owner, owner, sink, sink], [1, 2, 1, 2]).call()


# What callers encode by hand and readers of transactions match on: the selectors of the originals on mainnet.
SELECTORS = {
    "Multicall3": {
        "aggregate": "0x252dba42",
        "aggregate3": "0x82ad56cb",
        "aggregate3Value": "0x174dea71",
        "blockAndAggregate": "0xc3077fa9",
        "getBasefee": "0x3e64a696",
        "getBlockHash": "0xee82ac5e",
        "getBlockNumber": "0x42cbb15c",
        "getChainId": "0x3408e470",
        "getCurrentBlockCoinbase": "0xa8b0574e",
        "getCurrentBlockDifficulty": "0x72425d9d",
        "getCurrentBlockGasLimit": "0x86d516e8",
        "getCurrentBlockTimestamp": "0x0f28c97d",
        "getEthBalance": "0x4d2301cc",
        "getLastBlockHash": "0x27e86d6e",
        "tryAggregate": "0xbce38bd7",
        "tryBlockAndAggregate": "0x399542e9",
    },
    "Permit2Lookalike": {
        "DOMAIN_SEPARATOR": "0x3644e515",
        "allowance": "0x927da105",
        "approve": "0x87517c45",
        "lockdown": "0xcc53287f",
        "permit": "0x2b67b570",
        "transferFrom": "0x36c78516",
    },
    "MinimalEntryPoint": {"getNonce": "0x35567e1a", "getUserOpHash": "0x22cdde4c", "handleOps": "0x765e827f"},
}


@pytest.mark.parametrize("name", sorted(PLACES))
def test_a_stand_in_has_the_selectors_of_its_original(name: str) -> None:
    """What calls the original can call the stand-in at the same address."""
    functions = [entry for entry in load(name).abi if entry["type"] == "function"]
    assert SELECTORS[name] == {entry["name"]: "0x" + function_abi_to_4byte_selector(entry).hex() for entry in functions}


def test_multicall3_says_what_the_block_says(chain: Chain) -> None:
    """Number, time, parent's hash, chain and balance agree with the node's own answers."""
    call = chain.place("Multicall3").functions
    block = chain.web3.eth.get_block("latest")
    number = block["number"]
    assert (number, block["timestamp"], bytes(block["parentHash"]), 31337, chain.ether(chain.owner)) == (
        call.getBlockNumber().call(block_identifier=number),
        call.getCurrentBlockTimestamp().call(block_identifier=number),
        call.getBlockHash(number - 1).call(block_identifier=number),
        call.getChainId().call(),
        call.getEthBalance(chain.owner).call(),
    )


def test_multicall3_reports_each_call_and_fails_only_where_asked_to(chain: Chain) -> None:
    """Of a balance and a call that reverts both answers come back; without leave to fail the whole call reverts."""
    multicall, token = chain.place("Multicall3"), chain.token(chain.owner, 77)
    balance = (token.address, True, token.encode_abi("balanceOf", [chain.owner]))
    stolen = token.encode_abi("transferFrom", [chain.owner, chain.sink, 1])
    answers = multicall.functions.aggregate3([balance, (token.address, True, stolen)]).call()
    assert [(True, (77).to_bytes(32)), False] == [tuple(answers[0]), answers[1][0]]
    strict = multicall.functions.aggregate3([balance, (token.address, False, stolen)])
    assert "execution reverted: Multicall3: call failed" == refusal(strict.call)
    # a call with value needs all of it
    gift = multicall.functions.aggregate3Value([(chain.friend, False, 5, b"")])
    assert "execution reverted: Multicall3: value mismatch" == refusal(lambda: gift.call({"value": 6}))
    assert [(True, b"")] == [tuple(answer) for answer in gift.call({"value": 5})]


PERMIT2_APPROVAL = "Approval(address,address,address,uint160,uint48)"
PERMIT2_PERMIT = "Permit(address,address,address,uint160,uint48,uint48)"


def permit2_permit(chain: Chain, token: str, signer: LocalAccount, owner: str) -> Any:
    """Sign a Permit2 PermitSingle for 300 to the spender, and make the call that hands it in."""
    kinds = {"token": "address", "amount": "uint160", "expiration": "uint48", "nonce": "uint48"}
    single = [("details", "PermitDetails"), ("spender", "address"), ("sigDeadline", "uint256")]
    types = {
        "PermitSingle": [{"name": name, "type": kind} for name, kind in single],
        "PermitDetails": [{"name": name, "type": kind} for name, kind in kinds.items()],
    }
    details = {"token": token, "amount": 300, "expiration": FOREVER, "nonce": 0}
    message = {"details": details, "spender": chain.spender, "sigDeadline": FOREVER}
    permit2 = chain.place("Permit2Lookalike")
    domain = {"name": "Permit2", "chainId": 31337, "verifyingContract": permit2.address}
    signature = signer.sign_message(encode_typed_data(domain, types, message)).signature
    return permit2.functions.permit(owner, (tuple(details.values()), chain.spender, FOREVER), signature)


def test_permit2_approval_is_spent_without_an_event_of_permit2(chain: Chain) -> None:
    """Spending logs the token's Transfer alone and counts the amount down; lockdown sets it to nothing."""
    permit2, owner, spender = chain.place("Permit2Lookalike"), chain.owner, chain.spender
    token = chain.token(owner)
    chain.send(token.functions.approve(permit2.address, 2**256 - 1), owner)
    approve = permit2.functions.approve(token.address, spender, 500, FOREVER)
    assert [topics(PERMIT2_APPROVAL, owner, token.address, spender)] == logged(chain.send(approve, owner))
    take = permit2.functions.transferFrom(owner, chain.sink, 200, token.address)
    assert [topics(TRANSFER, owner, chain.sink)] == logged(chain.send(take, spender))
    assert [300, FOREVER, 0] == permit2.functions.allowance(owner, token.address, spender).call()
    lockdown = permit2.functions.lockdown([(token.address, spender)])
    assert [topics("Lockdown(address,address,address)", owner)] == logged(chain.send(lockdown, owner))
    assert "execution reverted: Permit2: allowance too low" == refusal(lambda: chain.send(take, spender))


def test_permit2_approval_ends_at_its_expiration(chain: Chain) -> None:
    """An allowance with an end in the past is worth nothing, whatever its amount."""
    permit2, token = chain.place("Permit2Lookalike"), chain.token(chain.owner)
    chain.send(token.functions.approve(permit2.address, 2**256 - 1), chain.owner)
    chain.send(permit2.functions.approve(token.address, chain.spender, 2**160 - 1, 1), chain.owner)
    take = permit2.functions.transferFrom(chain.owner, chain.sink, 1, token.address)
    assert "execution reverted: Permit2: allowance expired" == refusal(lambda: chain.send(take, chain.spender))


def test_permit2_takes_a_right_signature_and_refuses_a_wrong_one(chain: Chain) -> None:
    """The owner's typed signature, handed in by a stranger, gives an allowance once; another's gives none."""
    token, owner, stranger = chain.token(chain.owner).address, Account.create(), Account.create()
    allowance = chain.place("Permit2Lookalike").functions.allowance(owner.address, token, chain.spender)
    forged = permit2_permit(chain, token, stranger, owner.address)
    assert "execution reverted: Permit2: wrong signature" == refusal(lambda: chain.send(forged, chain.relayer))
    assert [0, 0, 0] == allowance.call()
    permit = permit2_permit(chain, token, owner, owner.address)
    assert [topics(PERMIT2_PERMIT, owner.address, token, chain.spender)] == logged(chain.send(permit, chain.relayer))
    assert [300, FOREVER, 1] == allowance.call()
    assert "execution reverted: Permit2: wrong nonce" == refusal(lambda: chain.send(permit, chain.relayer))
