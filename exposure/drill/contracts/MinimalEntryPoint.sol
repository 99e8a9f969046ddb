// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {PackedUserOperation} from "./PackedUserOperation.sol";

interface IAccount {
    function validateUserOp(PackedUserOperation calldata op, bytes32 userOpHash, uint256 missingFunds)
        external
        returns (uint256);
}

/// The entry point of ERC-4337 v0.7, cut to what a chain reader sees: the bundler's call, the account's act, the event.
/// Nobody pays anybody: no deposits, no paymasters, no factories, no gas limits. It has no constructor and no immutables,
/// so its runtime code can be set at the real one's address.
contract MinimalEntryPoint {
    event UserOperationEvent(
        bytes32 indexed userOpHash,
        address indexed sender,
        address indexed paymaster,
        uint256 nonce,
        bool success,
        uint256 actualGasCost,
        uint256 actualGasUsed
    );

    mapping(address => mapping(uint192 => uint256)) private _sequence;

    function getNonce(address sender, uint192 key) public view returns (uint256) {
        return (uint256(key) << 64) | _sequence[sender][key];
    }

    /// An operation that the account refuses reverts the whole bundle; one whose act fails is logged with success = false.
    function handleOps(PackedUserOperation[] calldata ops, address payable) external {
        for (uint256 i = 0; i < ops.length; i++) {
            _handle(ops[i]);
        }
    }

    function getUserOpHash(PackedUserOperation calldata op) public view returns (bytes32) {
        bytes32 packed = keccak256(
            abi.encode(
                op.sender,
                op.nonce,
                keccak256(op.initCode),
                keccak256(op.callData),
                op.accountGasLimits,
                op.preVerificationGas,
                op.gasFees,
                keccak256(op.paymasterAndData)
            )
        );
        return keccak256(abi.encode(packed, address(this), block.chainid));
    }

    function _handle(PackedUserOperation calldata op) private {
        uint256 gasBefore = gasleft();
        uint192 key = uint192(op.nonce >> 64);
        require(op.nonce == getNonce(op.sender, key), "MinimalEntryPoint: wrong nonce");
        _sequence[op.sender][key] += 1;
        bytes32 userOpHash = getUserOpHash(op);
        require(IAccount(op.sender).validateUserOp(op, userOpHash, 0) == 0, "MinimalEntryPoint: wrong signature");
        (bool success,) = op.sender.call(op.callData);
        emit UserOperationEvent(userOpHash, op.sender, address(0), op.nonce, success, 0, gasBefore - gasleft());
    }
}
