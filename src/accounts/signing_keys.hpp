// SPDX-License-Identifier: Apache-2.0
// The Ed25519 keys of the access tokens. They lie in PostgreSQL (private halves wrapped by
// the master key); the first process to need one makes it. A new key is published
// before it signs and an old one verifies until its last token has expired, so rotation logs nobody
// out. Loads at first use, then at most every ten seconds. Writes signing_keys. Any thread.
#pragma once

#include "accounts/master_keys.hpp"
#include "base/result.hpp"
#include "crypto/ed25519.hpp"
#include "postgres/database.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::accounts {

struct SigningKey {
    std::string kid;  ///< RFC 7638 thumbprint
    crypto::KeyPair keys;
};

class SigningKeys {
  public:
    /// `token_lifetime`: how long a retired key must still verify.
    SigningKeys(postgres::Database& database, MasterKeys& master_keys,
                std::chrono::seconds token_lifetime);
    ~SigningKeys();

    /// The key to sign with; made if there is none.
    Result<SigningKey> signing_key();
    /// A key that verifies, retired or not.
    Result<std::optional<crypto::PublicKey>> find_public_key(std::string_view kid);
    /// RFC 7517's set of all keys that verify, as JSON.
    Result<std::string> jwks();
    /// Makes a new key and retires the others.
    Result<void> rotate();

  private:
    struct Loaded;
    struct KeyRow;
    Result<std::shared_ptr<const Loaded>> load(std::chrono::seconds age_max);
    Result<std::shared_ptr<const Loaded>> read_keys();
    Result<void> make_first_key();
    [[nodiscard]] std::optional<crypto::KeyPair> open_keys(const KeyRow& row);
    Result<void> insert_key(postgres::Session& session, const MasterKey& master, bool is_rotation);

    postgres::Database& database_;
    MasterKeys& master_keys_;
    const std::chrono::seconds token_lifetime_;
    std::mutex mutex_;  // held while loading: those who wait want the same keys
    std::shared_ptr<const Loaded> loaded_;
    std::chrono::steady_clock::time_point loaded_at_;
};

}  // namespace stoa::accounts
