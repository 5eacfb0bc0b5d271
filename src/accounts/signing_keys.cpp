// SPDX-License-Identifier: Apache-2.0
#include "accounts/signing_keys.hpp"

#include "accounts/audit.hpp"
#include "accounts/sql.hpp"
#include "accounts/wrapped_key.hpp"
#include "base/log.hpp"
#include "crypto/base64.hpp"
#include "crypto/hash.hpp"

#include <algorithm>
#include <vector>

namespace stoa::accounts {
namespace {

using std::chrono::seconds;

constexpr seconds reload_after{10};
constexpr seconds reload_for_unknown_after{1};  // bounds what invented key ids can cost
constexpr seconds publish_before_signing = 2 * reload_after;

/// RFC 8037, 2; in RFC 7638's order, so that the first three make the thumbprint.
std::string jwk_core(const crypto::PublicKey& key) {
    return R"({"crv":"Ed25519","kty":"OKP","x":")" + crypto::to_base64url(crypto::view(key)) + '"';
}

std::string kid_of(const crypto::PublicKey& key) {
    return crypto::to_base64url(crypto::view(crypto::sha256(jwk_core(key) + '}')));
}

}  // namespace

struct SigningKeys::KeyRow {
    std::string kid;
    postgres::Bytes public_key;
    postgres::Bytes private_key;
    std::optional<std::string> master_key_id;
    bool is_known_everywhere = false;
    BOOST_DESCRIBE_CLASS(KeyRow, (),
                         (kid, public_key, private_key, master_key_id, is_known_everywhere), (), ())
};

struct SigningKeys::Loaded {
    struct Key {
        std::string kid;
        crypto::PublicKey public_key;
    };
    std::vector<Key> verifying;
    std::optional<SigningKey> signing;
    std::string jwks;
};

SigningKeys::SigningKeys(postgres::Database& database, MasterKeys& master_keys,
                         seconds token_lifetime)
    : database_(database), master_keys_(master_keys), token_lifetime_(token_lifetime) {}

SigningKeys::~SigningKeys() = default;

std::optional<crypto::KeyPair> SigningKeys::open_keys(const KeyRow& row) {
    const auto seed =
        master_keys_.unwrap(row.private_key, row.master_key_id, signing_key_place(row.kid));
    const auto array = seed ? crypto::to_array<32>(*seed) : std::nullopt;
    if (!array) return std::nullopt;
    const auto keys = crypto::key_pair_of(*array);
    if (crypto::view(keys.public_key) != row.public_key.value) return std::nullopt;
    return keys;
}

Result<SigningKey> SigningKeys::signing_key() {
    auto loaded = load(reload_after);
    if (!loaded) return fail(loaded);
    if (!(*loaded)->signing) {
        if (auto made = make_first_key(); !made) return fail(made);
        loaded = load(seconds(0));
        if (!loaded) return fail(loaded);
    }
    if (const auto& key = (*loaded)->signing) return *key;
    return fail(ErrorKind::internal, "signing_key_missing", "The key just made cannot be read.");
}

Result<std::optional<crypto::PublicKey>> SigningKeys::find_public_key(std::string_view kid) {
    for (const auto age_max : {reload_after, reload_for_unknown_after}) {
        const auto loaded = load(age_max);
        if (!loaded) return fail(loaded);
        for (const auto& key : (*loaded)->verifying)
            if (key.kid == kid) return key.public_key;
    }
    return std::optional<crypto::PublicKey>();
}

Result<std::string> SigningKeys::jwks() {
    if (auto key = signing_key(); !key) return fail(key);  // an empty set would help nobody
    const auto loaded = load(reload_after);
    if (!loaded) return fail(loaded);
    return (*loaded)->jwks;
}

Result<void> SigningKeys::rotate() {
    const auto master = master_keys_.active();
    if (!master) return fail(master);
    auto rotated = database_.transact([&](postgres::Session& session) -> Result<void> {
        if (auto locked = session.run(sql::lock_signing_keys); !locked) return fail(locked);
        return insert_key(session, *master, true);
    });
    if (!rotated) return rotated;
    if (auto loaded = load(seconds(0)); !loaded) return fail(loaded);
    return {};
}

Result<std::shared_ptr<const SigningKeys::Loaded>> SigningKeys::load(seconds age_max) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (loaded_ != nullptr && now - loaded_at_ < age_max) return loaded_;
    auto read = read_keys();
    if (!read && loaded_ == nullptr) return fail(read);
    if (read) loaded_ = std::move(*read);  // else the old ones do until the database is back
    loaded_at_ = now;
    return loaded_;
}

Result<std::shared_ptr<const SigningKeys::Loaded>> SigningKeys::read_keys() {
    const auto rows = database_.list<KeyRow>(sql::list_signing_keys,
                                             static_cast<double>(publish_before_signing.count()));
    if (!rows) return fail(rows);
    auto loaded = std::make_shared<Loaded>();
    bool is_published = false;
    std::string separator;
    for (const auto& row : *rows) {  // newest first
        const auto public_key = crypto::to_array<32>(row.public_key.value);
        if (!public_key) continue;
        loaded->verifying.push_back({row.kid, *public_key});
        loaded->jwks += separator + jwk_core(*public_key) + R"(,"kid":")" + row.kid +
                        R"(","alg":"EdDSA","use":"sig"})";
        separator = ',';
        if (is_published) continue;
        const auto keys = open_keys(row);
        if (!keys) {
            if (loaded_ == nullptr)  // said once, not at every reload
                log::warning("a signing key does not open with this master key",
                             {{"stoa.key.id", row.kid}});
            continue;
        }
        loaded->signing = SigningKey{row.kid, *keys};  // the oldest, unless one is published
        is_published = row.is_known_everywhere;
    }
    loaded->jwks = R"({"keys":[)" + loaded->jwks + "]}";
    return std::shared_ptr<const Loaded>(std::move(loaded));
}

Result<void> SigningKeys::make_first_key() {
    const auto master = master_keys_.active();
    if (!master) return fail(master);
    return database_.transact([&](postgres::Session& session) -> Result<void> {
        if (auto locked = session.run(sql::lock_signing_keys); !locked) return fail(locked);
        const auto rows = session.list<KeyRow>(sql::list_signing_keys, 0.0);
        if (!rows) return fail(rows);
        const auto opens = [&](const KeyRow& row) { return open_keys(row).has_value(); };
        if (std::any_of(rows->begin(), rows->end(), opens)) return {};  // another process was first
        return insert_key(session, *master, false);
    });
}

Result<void> SigningKeys::insert_key(postgres::Session& session, const MasterKey& master,
                                     bool is_rotation) {
    const auto keys = crypto::make_key_pair();
    const auto kid = kid_of(keys.public_key);
    const auto seed = crypto::view(keys.seed);
    const auto wrapped = master.wrap(seed, signing_key_place(kid));
    const postgres::Bytes public_key{std::string(crypto::view(keys.public_key))};
    const auto done = session.run(sql::insert_signing_key, kid, public_key, wrapped, master.id);
    if (!done) return fail(done);
    if (done->affected() == 0) {
        return fail(ErrorKind::unavailable, "master_key_changing",
                    "The master key was rotated at this moment; try again.");
    }
    if (!is_rotation) return {};
    const auto retires_in = publish_before_signing + reload_after + token_lifetime_;
    auto retired =
        session.run(sql::retire_signing_keys, kid, static_cast<double>(retires_in.count()));
    if (!retired) return fail(retired);
    return record(session, {.action = AuditAction::keys_rotated, .subject = kid});
}

}  // namespace stoa::accounts
