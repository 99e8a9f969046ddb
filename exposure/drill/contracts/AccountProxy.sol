// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {PackedUserOperation} from "./PackedUserOperation.sol";
import {Signatures} from "./Signatures.sol";

/// A smart account of one owner: acts when the owner calls it, as a Safe does, or when its entry point does, as in ERC-4337.
contract AccountProxy {
    // Topics as in Safe.
    event SafeReceived(address indexed sender, uint256 value);
    event ExecutionSuccess(bytes32 indexed txHash, uint256 payment);

    address public immutable owner;
    address public immutable entryPoint;
    uint256 public nonce;

    constructor(address owner_, address entryPoint_) {
        owner = owner_;
        entryPoint = entryPoint_;
    }

    receive() external payable {
        emit SafeReceived(msg.sender, msg.value);
    }

    /// Calls `to` in the account's name. A failing call reverts with its own reason.
    function exec(address to, uint256 value, bytes calldata data) external returns (bytes memory answer) {
        require(msg.sender == owner || msg.sender == entryPoint, "AccountProxy: not the owner");
        bytes32 txHash = keccak256(abi.encode(block.chainid, address(this), nonce, to, value, data));
        nonce += 1;
        bool ok;
        (ok, answer) = to.call{value: value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        emit ExecutionSuccess(txHash, 0);
    }

    /// Answers 0 where the owner signed the hash as a personal message, 1 otherwise (ERC-4337).
    function validateUserOp(PackedUserOperation calldata op, bytes32 userOpHash, uint256) external view returns (uint256) {
        require(msg.sender == entryPoint, "AccountProxy: not the entry point");
        bytes32 digest = keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", userOpHash));
        address signer = Signatures.signer(digest, op.signature);
        return signer != address(0) && signer == owner ? 0 : 1;
    }

    function onERC721Received(address, address, uint256, bytes calldata) external pure returns (bytes4) {
        return this.onERC721Received.selector;
    }

    function onERC1155Received(address, address, uint256, uint256, bytes calldata) external pure returns (bytes4) {
        return this.onERC1155Received.selector;
    }

    function onERC1155BatchReceived(address, address, uint256[] calldata, uint256[] calldata, bytes calldata)
        external
        pure
        returns (bytes4)
    {
        return this.onERC1155BatchReceived.selector;
    }
}
