// SPDX-License-Identifier: Apache-2.0
#include "accounts/subject_keys.hpp"

#include "accounts/sql.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"

#include <stdexcept>

namespace stoa::accounts {
namespace {

constexpr std::size_t known_max = 4096;
/// A key that was destroyed on another node is forgotten here after this long.
constexpr std::chrono::minutes known_for{5};

struct KeyRow {
    std::optional<postgres::Bytes> wrapped_key;  ///< nothing once it was destroyed
};
BOOST_DESCRIBE_STRUCT(KeyRow, (), (wrapped_key))

std::string place_of(const UserId& user) { return "stoa subject key " + user.str(); }

crypto::SecretKey checked_master_key(std::string_view bytes) {
    const auto key = crypto::to_array<32>(bytes);
    if (!key) throw std::invalid_argument("the master key has 32 bytes");
    return *key;
}

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

SubjectKeys::SubjectKeys(postgres::Database& database, std::string_view master_key)
    : database_(database), master_key_(checked_master_key(master_key)) {}

Result<SubjectKey> SubjectKeys::key_of(const UserId& user) {
    if (auto known = find_known(user)) return *known;
    auto key = read_or_make(user);
    if (key) remember(user, *key);
    return key;
}

Result<SubjectKey> SubjectKeys::key_of_installation() { return key_of(UserId{}); }

Result<SubjectKey> SubjectKeys::read_or_make(const UserId& user) {
    auto found = database_.find<KeyRow>(sql::find_subject_key, user);
    if (!found) return fail(found);
    if (!*found) {
        // Of several that make one at once, the first one's stands.
        const auto wrapped = crypto::seal(crypto::random_bytes(crypto::SecretKey().size()),
                                          master_key_, place_of(user));
        auto made = database_.run(sql::insert_subject_key, user, postgres::Bytes{wrapped});
        if (!made) return fail(made);
        found = database_.find<KeyRow>(sql::find_subject_key, user);
        if (!found) return fail(found);
    }
    if (!*found || !(*found)->wrapped_key) {
        return fail(ErrorKind::not_found, "subject_erased",
                    "This person's data was erased and cannot be read any more.");
    }
    const auto plain = crypto::open((*found)->wrapped_key->value, master_key_, place_of(user));
    const auto key = plain ? crypto::to_array<32>(*plain) : std::nullopt;
    if (!key) {
        return fail(ErrorKind::internal, "master_key_wrong",
                    "A stored key was wrapped by another master key than this process has; give it "
                    "the one that the database was made with.");
    }
    return SubjectKey(*key);
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
