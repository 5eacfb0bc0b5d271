// SPDX-License-Identifier: Apache-2.0
#include "crypto/ed25519.hpp"

#include "crypto/random.hpp"

#include <algorithm>

#include <sodium.h>

namespace stoa::crypto {

KeyPair make_key_pair() { return key_pair_of(*to_array<32>(random_bytes(32))); }

KeyPair key_pair_of(const Seed& seed) {
    KeyPair keys{.seed = seed, .public_key = {}};
    ByteArray<crypto_sign_SECRETKEYBYTES> secret;
    crypto_sign_seed_keypair(keys.public_key.data(), secret.data(), seed.data());
    sodium_memzero(secret.data(), secret.size());
    return keys;
}

bool is_strong_key(const PublicKey& key) {
    return crypto_core_ed25519_is_valid_point(key.data()) == 1;
}

Signature sign(std::string_view message, const KeyPair& keys) {
    ByteArray<crypto_sign_SECRETKEYBYTES> secret;  // libsodium's form: seed, then public key
    std::copy(keys.seed.begin(), keys.seed.end(), secret.begin());
    std::copy(keys.public_key.begin(), keys.public_key.end(), secret.begin() + 32);
    Signature signature;
    crypto_sign_detached(signature.data(), nullptr, data(message), message.size(), secret.data());
    sodium_memzero(secret.data(), secret.size());
    return signature;
}

bool verify(std::string_view message, const Signature& signature, const PublicKey& key) {
    return crypto_sign_verify_detached(signature.data(), data(message), message.size(),
                                       key.data()) == 0;
}

}  // namespace stoa::crypto
