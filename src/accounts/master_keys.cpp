// SPDX-License-Identifier: Apache-2.0
#include "accounts/master_keys.hpp"

#include "accounts/sql.hpp"
#include "accounts/wrapped_key.hpp"
#include "crypto/hash.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace stoa::accounts {
namespace {

constexpr std::chrono::seconds read_again_after{1};
constexpr std::size_t sought_max = 64;
constexpr std::size_t id_digits = 16;

tl::unexpected<Error> wrong(std::string_view id) {
    return fail(ErrorKind::internal, "master_key_wrong",
                "Stored keys are wrapped by another master key than this process has" +
                    (id.empty() ? std::string() : " (" + std::string(id) + ")") +
                    "; give it the one that the database was made with.");
}

}  // namespace

MasterKey::MasterKey(const crypto::SecretKey& secret)
    : key(secret),
      id(crypto::to_hex(crypto::hmac_sha256(crypto::view(secret), "stoa master key id"))
             .substr(0, id_digits)) {}

postgres::Bytes MasterKey::wrap(std::string_view plain, std::string_view place) const {
    return {crypto::seal(plain, key, place)};
}

MasterKeys::MasterKeys(postgres::Database& database, std::vector<crypto::SecretKey> keys, Read read)
    : database_(database), read_(std::move(read)) {
    if (keys.empty()) throw std::invalid_argument("there is at least one master key");
    for (const auto& key : keys) keys_.emplace_back(key);
}

std::vector<MasterKey> MasterKeys::list() const {
    const std::lock_guard lock(mutex_);
    return keys_;
}

Result<MasterKey> MasterKeys::active() {
    for (const bool is_first_try : {true, false}) {
        const auto id = database_.find<std::string>(sql::find_active_master_key);
        if (!id) return fail(id);
        if (*id) return find_or_read(**id);
        if (!is_first_try) break;
        if (auto named = name_active_key(); !named) return fail(named);
    }
    return fail(ErrorKind::internal, "database_error", "The active master key has no name.");
}

/// The first of these, unless keys from before they had names say that it is another one.
Result<void> MasterKeys::name_active_key() {
    const auto unnamed = database_.find<WrappedKey>(sql::find_unnamed_subject_key);
    if (!unnamed) return fail(unnamed);
    const auto keys = list();
    const auto opens = [&](const MasterKey& key) {
        return !*unnamed || crypto::open((*unnamed)->wrapped_key.value, key.key,
                                         subject_key_place((*unnamed)->name));
    };
    const auto found = std::ranges::find_if(keys, opens);
    if (found == keys.end()) return wrong("");
    auto named = database_.run(sql::insert_active_master_key, found->id);
    if (!named) return fail(named);
    return {};
}

Result<std::string> MasterKeys::unwrap(const postgres::Bytes& wrapped,
                                       const std::optional<std::string>& id,
                                       std::string_view place) {
    if (id) {
        const auto key = find_or_read(*id);
        if (!key) return fail(key);
        if (auto plain = crypto::open(wrapped.value, key->key, place)) return std::move(*plain);
        return fail(ErrorKind::internal, "sealed_unreadable",
                    "A stored key does not open with its master key: " + std::string(place));
    }
    for (const auto& key : list()) {
        if (auto plain = crypto::open(wrapped.value, key.key, place)) return std::move(*plain);
    }
    return wrong("");
}

std::optional<MasterKey> MasterKeys::find(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(keys_, id, &MasterKey::id);
    if (found == keys_.end()) return std::nullopt;
    return *found;
}

Result<MasterKey> MasterKeys::find_or_read(std::string_view id) {
    if (auto key = find(id)) return std::move(*key);
    if (auto read = read_again(id); !read) return fail(read);
    if (auto key = find(id)) return std::move(*key);
    return wrong(id);
}

/// Keys are added, never dropped: what was wrapped by one of them a moment ago may still come. Only
/// a key that was looked for in vain has to wait: a second new one may come right after the first.
Result<void> MasterKeys::read_again(std::string_view id) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (!read_) return {};
    if (sought_.size() >= sought_max) sought_.clear();
    const auto [sought, is_new] = sought_.try_emplace(std::string(id), now);
    if (!is_new && now - sought->second < read_again_after) return {};
    sought->second = now;
    const auto read = read_();
    if (!read) return fail(read);
    for (const auto& secret : *read) {
        MasterKey key(secret);
        if (std::ranges::find(keys_, key.id, &MasterKey::id) == keys_.end()) {
            keys_.push_back(std::move(key));
        }
    }
    return {};
}

}  // namespace stoa::accounts
