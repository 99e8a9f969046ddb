// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {TokenMover} from "./TokenMover.sol";

/// A deposit address of an exchange: ether goes on at once, tokens when the exchange flushes them.
contract Forwarder {
    address public immutable exchange;

    constructor(address exchange_) {
        exchange = exchange_;
    }

    receive() external payable {
        TokenMover.sendEther(exchange, msg.value);
    }

    function flush(address token) external {
        TokenMover.push(token, exchange, TokenMover.balance(token, address(this)));
    }
}
