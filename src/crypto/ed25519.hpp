// SPDX-License-Identifier: Apache-2.0
// Ed25519 (RFC 8032), strictly: what Solana's `verify_strict` refuses is refused here, so a
// signature cannot be altered into another valid one and no key accepts signatures nobody made.
// Pure; any thread.
#pragma once

#include "crypto/bytes.hpp"

#include <string_view>

namespace stoa::crypto {

using PublicKey = ByteArray<32>;
using Signature = ByteArray<64>;
using Seed = ByteArray<32>;  ///< RFC 8032's private key

struct KeyPair {
    Seed seed;
    PublicKey public_key;
};

KeyPair make_key_pair();
KeyPair key_pair_of(const Seed& seed);

/// Is it a canonically encoded point of the prime-order subgroup? Small-order and mixed-order keys
/// are not; neither are addresses off the curve (programs' own accounts).
bool is_strong_key(const PublicKey& key);

Signature sign(std::string_view message, const KeyPair& keys);

/// Refuses, beside wrong signatures: S not below the group's order; R or keys of small order, not
/// canonical or off the curve. A key from outside is first to pass `is_strong_key`, which also
/// finds mixed-order ones but costs as much again.
bool verify(std::string_view message, const Signature& signature, const PublicKey& key);

}  // namespace stoa::crypto
