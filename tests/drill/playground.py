"""A node to play the contracts on, and the words to say what they logged and why they refused."""

from collections.abc import Callable
from typing import Any

import pytest
from eth_utils.crypto import keccak
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractLogicError

from exposure.drill.anvil import Anvil
from exposure.drill.contracts import PLACES, load

ETHER = 10**18
FOREVER = 2**48 - 1
ZERO = "0x" + "0" * 40
TRANSFER = "Transfer(address,address,uint256)"
APPROVAL = "Approval(address,address,uint256)"
APPROVAL_FOR_ALL = "ApprovalForAll(address,address,bool)"


class Chain:
    """One node with six funded accounts that it signs for; every transaction is its own block."""

    def __init__(self, node: Anvil) -> None:
        self.node = node
        self.web3 = Web3(Web3.HTTPProvider(node.url))
        self.owner, self.spender, self.friend, self.sink, self.operator, self.relayer = self.web3.eth.accounts[:6]

    def deploy(self, name: str, *arguments: Any) -> Contract:
        """Create a contract with its constructor's arguments."""
        built = load(name)
        factory = self.web3.eth.contract(abi=built.abi, bytecode=built.bytecode)
        created = self.send(factory.constructor(*arguments), self.relayer)["contractAddress"]
        return self.web3.eth.contract(created, abi=built.abi)

    def place(self, name: str) -> Contract:
        """Set a contract's runtime code at the address where everybody expects it."""
        self.node.call("anvil_setCode", PLACES[name], load(name).runtime)
        return self.web3.eth.contract(Web3.to_checksum_address(PLACES[name]), abi=load(name).abi)

    def token(self, owner: str, amount: int = 1000) -> Contract:
        """Create an ERC-20 of which `owner` holds `amount`."""
        token = self.deploy("TestToken", "Dollar", "USD", 6)
        self.send(token.functions.mint(owner, amount), self.relayer)
        return token

    def send(self, call: Any, sender: str, value: int = 0) -> Any:
        """Send a call as a transaction and return its receipt; a revert raises ContractLogicError."""
        return self.web3.eth.wait_for_transaction_receipt(call.transact({"from": sender, "value": value}))

    def pay(self, sender: str, to: str, value: int) -> Any:
        """Send plain ether and return the receipt."""
        return self.web3.eth.wait_for_transaction_receipt(
            self.web3.eth.send_transaction({"from": sender, "to": to, "value": value})
        )

    def ether(self, address: str) -> int:
        """Read a balance in wei."""
        return self.web3.eth.get_balance(address)


def topics(signature: str, *indexed: Any) -> list[str]:
    """Spell an event's topics from its canonical signature and its indexed addresses and numbers."""
    words = [int(value, 16) if isinstance(value, str) else value for value in indexed]
    return ["0x" + keccak(text=signature).hex(), *(f"0x{word:064x}" for word in words)]


def logged(receipt: Any) -> list[list[str]]:
    """Return the topics of every event of a transaction."""
    return [[topic.to_0x_hex() for topic in log["topics"]] for log in receipt["logs"]]


def refusal(attempt: Callable[[], Any]) -> str:
    """Return the reason that a contract gives for refusing."""
    with pytest.raises(ContractLogicError) as error:
        attempt()
    return str(error.value.message)
