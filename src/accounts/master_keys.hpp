// SPDX-License-Identifier: Apache-2.0
// The master keys that this process has. They wrap the keys that lie in the database, each of which
// names the one that wrapped it. What is new is wrapped by the active one, which the database names
// for all processes: while one master key takes the place of another a process has both. Writes
// active_master_key. Any thread.
#pragma once

#include "base/result.hpp"
#include "crypto/secret_box.hpp"
#include "postgres/codec.hpp"
#include "postgres/database.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::accounts {

struct MasterKey {
    crypto::SecretKey key;
    std::string id;  ///< 16 hexadecimal digits that tell nothing of the key
    explicit MasterKey(const crypto::SecretKey& secret);
    /// `place` names the table and row: what was wrapped for one opens as no other's.
    [[nodiscard]] postgres::Bytes wrap(std::string_view plain, std::string_view place) const;
};

class MasterKeys {
  public:
    using Read = std::function<Result<std::vector<crypto::SecretKey>>()>;
    /// `keys`: at least one; the first one becomes the active one of a new database. `read_again`
    /// is asked, at most once a second for each, when a row names a key that is not among them.
    MasterKeys(postgres::Database& database, std::vector<crypto::SecretKey> keys,
               Read read_again = {});

    /// The key that wraps what is new. `master_key_wrong` (internal) if it is none of these.
    Result<MasterKey> active();
    /// What `MasterKey::wrap` was given. `id`: as the row says, or nothing. `master_key_wrong`.
    Result<std::string> unwrap(const postgres::Bytes& wrapped, const std::optional<std::string>& id,
                               std::string_view place);
    /// Those there are now.
    [[nodiscard]] std::vector<MasterKey> list() const;

  private:
    [[nodiscard]] std::optional<MasterKey> find(std::string_view id) const;
    Result<MasterKey> find_or_read(std::string_view id);
    Result<void> read_again(std::string_view id);
    Result<void> name_active_key();

    postgres::Database& database_;
    const Read read_;
    mutable std::mutex mutex_;
    std::vector<MasterKey> keys_;
    std::map<std::string, std::chrono::steady_clock::time_point, std::less<>> sought_;
};

}  // namespace stoa::accounts
