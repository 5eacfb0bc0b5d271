// SPDX-License-Identifier: Apache-2.0
#include "accounts/subject_keys.hpp"

#include "accounts/sql.hpp"
#include "accounts/wrapped_key.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"

namespace stoa::accounts {
namespace {

constexpr std::size_t known_max = 4096;
/// A key that was destroyed on another node is forgotten here after this long.
constexpr std::chrono::minutes known_for{5};

struct KeyRow {
    std::optional<postgres::Bytes> wrapped_key;  ///< nothing once it was destroyed
    std::optional<std::string> master_key_id;
};
BOOST_DESCRIBE_STRUCT(KeyRow, (), (wrapped_key, master_key_id))

/// Another master key may become the active one while a key is wrapped.
constexpr int tries_max = 3;

}  // namespace

postgres::Bytes SubjectKey::seal(std::string_view plain, std::string_view place) const {
    return {crypto::seal(plain, key_, place)};
}

Result<std::string> SubjectKey::open(const postgres::Bytes& sealed, std::string_view place) const {
    if (auto plain = crypto::open(sealed.value, key_, place)) return std::move(*plain);
    return fail(ErrorKind::internal, "sealed_unreadable",
                "Stored bytes do not open with their owner's key: " + std::string(place));
}

crypto::SecretKey SubjectKey::derive(std::string_view purpose) const {
    return crypto::hmac_sha256(crypto::view(key_), purpose);
}

SubjectKeys::SubjectKeys(postgres::Database& database, MasterKeys& master_keys)
    : database_(database), master_keys_(master_keys) {}

Result<SubjectKey> SubjectKeys::key_of(const UserId& user) {
    if (auto known = find_known(user)) return *known;
    auto key = read_or_make(user);
    if (key) remember(user, *key);
    return key;
}

Result<SubjectKey> SubjectKeys::key_of_installation() { return key_of(UserId{}); }

Result<SubjectKey> SubjectKeys::read_or_make(const UserId& user) {
    auto found = database_.find<KeyRow>(sql::find_subject_key, user);
    for (int i = 0; i < tries_max && found && !*found; ++i) {
        if (auto made = make(user); !made) return fail(made);
        found = database_.find<KeyRow>(sql::find_subject_key, user);
    }
    if (!found) return fail(found);
    if (!*found || !(*found)->wrapped_key) {
        return fail(ErrorKind::not_found, "subject_erased",
                    "This person's data was erased and cannot be read any more.");
    }
    const auto& row = **found;
    const auto plain =
        master_keys_.unwrap(*row.wrapped_key, row.master_key_id, subject_key_place(user.str()));
    if (!plain) return fail(plain);
    const auto key = crypto::to_array<32>(*plain);
    if (!key) return fail(ErrorKind::internal, "sealed_unreadable", "A stored key is cut short.");
    return SubjectKey(*key);
}

/// Of several that make one at once, the first one's stands.
Result<void> SubjectKeys::make(const UserId& user) {
    const auto master = master_keys_.active();
    if (!master) return fail(master);
    const auto wrapped = master->wrap(crypto::random_bytes(crypto::SecretKey().size()),
                                      subject_key_place(user.str()));
    auto made = database_.run(sql::insert_subject_key, user, wrapped, master->id);
    if (!made) return fail(made);
    return {};
}

std::optional<SubjectKey> SubjectKeys::find_known(const UserId& user) {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(user);
    if (known == known_.end()) return std::nullopt;
    if (std::chrono::steady_clock::now() - known->second.known_since < known_for) {
        return known->second.key;
    }
    known_.erase(known);
    return std::nullopt;
}

void SubjectKeys::remember(const UserId& user, const SubjectKey& key) {
    const std::lock_guard lock(mutex_);
    // Who is dropped for room costs one read more; which one it is does not matter.
    if (known_.size() >= known_max) known_.erase(known_.begin());
    known_.insert_or_assign(user, Known{key, std::chrono::steady_clock::now()});
}

}  // namespace stoa::accounts
