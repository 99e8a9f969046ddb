// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

/// Moves tokens that return true, and those that return nothing (USDT, ERC-721), and reverts where a move fails.
library TokenMover {
    function pull(address token, address from, address to, uint256 amount) internal {
        // transferFrom(address,address,uint256) of ERC-20 and ERC-721 share one selector.
        _call(token, abi.encodeWithSelector(0x23b872dd, from, to, amount));
    }

    function push(address token, address to, uint256 amount) internal {
        _call(token, abi.encodeWithSelector(0xa9059cbb, to, amount));
    }

    function balance(address token, address owner) internal view returns (uint256) {
        (bool ok, bytes memory answer) = token.staticcall(abi.encodeWithSelector(0x70a08231, owner));
        require(ok && answer.length >= 32, "TokenMover: no balance");
        return abi.decode(answer, (uint256));
    }

    function sendEther(address to, uint256 amount) internal {
        (bool ok,) = to.call{value: amount}("");
        require(ok, "TokenMover: ether refused");
    }

    function _call(address token, bytes memory data) private {
        require(token.code.length > 0, "TokenMover: not a token");
        (bool ok, bytes memory answer) = token.call(data);
        require(ok && (answer.length == 0 || abi.decode(answer, (bool))), "TokenMover: move failed");
    }
}
