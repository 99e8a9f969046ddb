// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

/// Says who signed a digest; the zero address where the signature is malformed.
library Signatures {
    // The upper half of the curve's order: a signature there is the mirror of a valid one and is refused everywhere.
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    function signer(bytes32 digest, bytes memory signature) internal pure returns (address) {
        if (signature.length != 65) return address(0);
        bytes32 r;
        bytes32 s;
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
        }
        return signer(digest, uint8(signature[64]), r, s);
    }

    function signer(bytes32 digest, uint8 v, bytes32 r, bytes32 s) internal pure returns (address) {
        if (uint256(s) > HALF_ORDER) return address(0);
        return ecrecover(digest, v, r, s);
    }
}
