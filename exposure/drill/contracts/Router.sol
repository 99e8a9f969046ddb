// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {TokenMover} from "./TokenMover.sol";

/// An ordinary mover: takes tokens by allowance and pays for them in the same transaction, out of its own stock, at the price
/// that the caller names. Tokens of address 0xeeee...eeee mean ether.
contract Router {
    address private constant NATIVE = 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE;

    receive() external payable {}

    /// The owner trades; the router sees to both sides.
    function swap(address tokenIn, uint256 amountIn, address tokenOut, uint256 amountOut) external payable {
        _trade(msg.sender, tokenIn, amountIn, tokenOut, amountOut);
    }

    /// A solver settles the owner's order, as intent protocols do: the owner sends no transaction, and is paid all the same.
    function settle(address owner, address tokenIn, uint256 amountIn, address tokenOut, uint256 amountOut) external {
        require(tokenIn != NATIVE, "Router: an order sells tokens");
        _trade(owner, tokenIn, amountIn, tokenOut, amountOut);
    }

    function _trade(address owner, address tokenIn, uint256 amountIn, address tokenOut, uint256 amountOut) private {
        require(msg.value == (tokenIn == NATIVE ? amountIn : 0), "Router: wrong ether");
        if (tokenIn != NATIVE) TokenMover.pull(tokenIn, owner, address(this), amountIn);
        if (tokenOut == NATIVE) TokenMover.sendEther(owner, amountOut);
        else TokenMover.push(tokenOut, owner, amountOut);
    }
}
