// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

/// What a smart account wants done, in the layout of ERC-4337 v0.7.
struct PackedUserOperation {
    address sender;
    uint256 nonce;
    bytes initCode;
    bytes callData;
    bytes32 accountGasLimits;
    uint256 preVerificationGas;
    bytes32 gasFees;
    bytes paymasterAndData;
    bytes signature;
}
