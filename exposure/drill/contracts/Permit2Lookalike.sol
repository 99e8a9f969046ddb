// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {Signatures} from "./Signatures.sol";
import {TokenMover} from "./TokenMover.sol";

/// Stands in for Permit2 at 0x000000000022D473030F116dDEE9F6B43aC78BA3 on test chains: its allowance half.
///
/// Functions, events and typed data are those of Uniswap's Permit2 (github.com/Uniswap/permit2); the code is not. Left out: batches,
/// SignatureTransfer, nonce invalidation, compact and contract signatures. It has no constructor and no immutables, so its
/// runtime code can be set anywhere; the domain separator is made from the address it runs at.
contract Permit2Lookalike {
    struct PermitDetails {
        address token;
        uint160 amount;
        uint48 expiration;
        uint48 nonce;
    }

    struct PermitSingle {
        PermitDetails details;
        address spender;
        uint256 sigDeadline;
    }

    struct PackedAllowance {
        uint160 amount;
        uint48 expiration;
        uint48 nonce;
    }

    struct TokenSpenderPair {
        address token;
        address spender;
    }

    event Approval(
        address indexed owner, address indexed token, address indexed spender, uint160 amount, uint48 expiration
    );
    event Permit(
        address indexed owner,
        address indexed token,
        address indexed spender,
        uint160 amount,
        uint48 expiration,
        uint48 nonce
    );
    event Lockdown(address indexed owner, address token, address spender);

    bytes32 private constant DETAILS_TYPEHASH =
        keccak256("PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)");
    bytes32 private constant SINGLE_TYPEHASH = keccak256(
        "PermitSingle(PermitDetails details,address spender,uint256 sigDeadline)"
        "PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)"
    );

    /// owner -> token -> spender
    mapping(address => mapping(address => mapping(address => PackedAllowance))) public allowance;

    function DOMAIN_SEPARATOR() public view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)"),
                keccak256("Permit2"),
                block.chainid,
                address(this)
            )
        );
    }

    function approve(address token, address spender, uint160 amount, uint48 expiration) external {
        _grant(allowance[msg.sender][token][spender], amount, expiration);
        emit Approval(msg.sender, token, spender, amount, expiration);
    }

    function permit(address owner, PermitSingle calldata single, bytes calldata signature) external {
        require(block.timestamp <= single.sigDeadline, "Permit2: signature expired");
        PermitDetails calldata details = single.details;
        bytes32 message = keccak256(
            abi.encode(
                SINGLE_TYPEHASH, keccak256(abi.encode(DETAILS_TYPEHASH, details)), single.spender, single.sigDeadline
            )
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", DOMAIN_SEPARATOR(), message));
        address signer = Signatures.signer(digest, signature);
        require(signer != address(0) && signer == owner, "Permit2: wrong signature");

        PackedAllowance storage granted = allowance[owner][details.token][single.spender];
        require(granted.nonce == details.nonce, "Permit2: wrong nonce");
        granted.nonce += 1;
        _grant(granted, details.amount, details.expiration);
        emit Permit(owner, details.token, single.spender, details.amount, details.expiration, details.nonce);
    }

    /// Emits nothing itself; the token's Transfer is all that shows. The maximal amount is not counted down.
    function transferFrom(address from, address to, uint160 amount, address token) external {
        PackedAllowance storage granted = allowance[from][token][msg.sender];
        require(block.timestamp <= granted.expiration, "Permit2: allowance expired");
        if (granted.amount != type(uint160).max) {
            require(granted.amount >= amount, "Permit2: allowance too low");
            granted.amount -= amount;
        }
        TokenMover.pull(token, from, to, amount);
    }

    function lockdown(TokenSpenderPair[] calldata pairs) external {
        for (uint256 i = 0; i < pairs.length; i++) {
            allowance[msg.sender][pairs[i].token][pairs[i].spender].amount = 0;
            emit Lockdown(msg.sender, pairs[i].token, pairs[i].spender);
        }
    }

    function _grant(PackedAllowance storage granted, uint160 amount, uint48 expiration) private {
        granted.amount = amount;
        // An expiration of 0 means this block only; the events carry the 0 as it was given.
        granted.expiration = expiration == 0 ? uint48(block.timestamp) : expiration;
    }
}
