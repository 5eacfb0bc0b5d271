// SPDX-License-Identifier: Apache-2.0
// Per-person keys: whatever a person wrote, asked or uploaded lies at rest under a key of their
// own, which is stored wrapped by the master key (envelope encryption) and made at its first use.
// Who destroys the key destroys all that it sealed. Unwrapped keys are kept in memory for some
// minutes. Writes subject_keys. Any thread.
#pragma once

#include "accounts/master_keys.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "crypto/secret_box.hpp"
#include "postgres/codec.hpp"
#include "postgres/database.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace stoa::accounts {

/// One person's key. `place` names the table, column and row ("highlights.quote <id>"): what was
/// sealed for one place opens at no other.
class SubjectKey {
  public:
    explicit SubjectKey(const crypto::SecretKey& key) : key_(key) {}
    [[nodiscard]] postgres::Bytes seal(std::string_view plain, std::string_view place) const;
    /// `sealed_unreadable` (internal): another key or place, or a bit was changed.
    [[nodiscard]] Result<std::string> open(const postgres::Bytes& sealed,
                                           std::string_view place) const;
    /// A key for one purpose only, from this one (HMAC-SHA-256).
    [[nodiscard]] crypto::SecretKey derive(std::string_view purpose) const;

  private:
    crypto::SecretKey key_;
};

class SubjectKeys {
  public:
    SubjectKeys(postgres::Database& database, MasterKeys& master_keys);

    /// The key of a person, made if they have none. Asks the database over a connection of its own:
    /// to be called before a transaction, never inside one. `subject_erased` (404) once the key was
    /// destroyed; `master_key_wrong` (internal) if another master key wrapped it.
    Result<SubjectKey> key_of(const UserId& user);
    /// The key of what belongs to nobody alone: the words of the full-text index.
    Result<SubjectKey> key_of_installation();

  private:
    struct Known {
        SubjectKey key;
        std::chrono::steady_clock::time_point known_since;
    };
    Result<SubjectKey> read_or_make(const UserId& user);
    Result<void> make(const UserId& user);
    [[nodiscard]] std::optional<SubjectKey> find_known(const UserId& user);
    void remember(const UserId& user, const SubjectKey& key);

    postgres::Database& database_;
    MasterKeys& master_keys_;
    std::mutex mutex_;
    std::unordered_map<UserId, Known> known_;
};

}  // namespace stoa::accounts
