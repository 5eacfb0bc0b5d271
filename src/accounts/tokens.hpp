// SPDX-License-Identifier: Apache-2.0
// Access tokens (short-lived JWTs that name a user and a session) and refresh tokens (random,
// stored as hashes). A valid access token is not enough: its session is looked up, and that it
// lives is believed for less than a second, so that a revoked one is out soon on every node. That a
// token's signature is good is remembered for as long as there is room.
// Writes refresh_tokens. Any thread.
#pragma once

#include "accounts/signing_keys.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/lru_cache.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/jwt.hpp"
#include "http/message.hpp"
#include "postgres/database.hpp"
#include "redis/fact_cache.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace stoa::accounts {

struct TokenSettings {
    std::string issuer;  ///< the public URL
    std::string audience = "stoa";
    std::chrono::seconds access_lifetime = std::chrono::minutes(15);
    std::chrono::seconds refresh_lifetime = std::chrono::hours(30 * 24);
};

/// What a client gets at sign-in and at each refresh (RFC 6749, 5.1).
struct TokenPair {
    std::string access_token;
    std::string token_type = "bearer";
    std::int64_t expires_in = 0;  ///< seconds, of the access token
    std::string refresh_token;
};
BOOST_DESCRIBE_STRUCT(TokenPair, (), (access_token, token_type, expires_in, refresh_token))

/// `session_revoked` (401).
tl::unexpected<Error> session_revoked();

class Tokens {
  public:
    /// `clock` is asked for the times in access tokens.
    Tokens(postgres::Database& database, TokenSettings settings, MasterKeys& master_keys,
           Clock clock = now);

    /// Who asks. Errors, all 401: those of `crypto::verify_jwt`, `session_revoked` (also: expired,
    /// or its user gone); and 503 if the database is away.
    Result<http::Caller> authenticate(std::string_view access_token);
    /// From now on a session that lives is believed to for `redis::fact_age_max`, or until a change
    /// of its user is announced. Before the first request.
    void remember_sessions(redis::Invalidations& invalidations, Metrics& metrics);
    /// After a commit that changed a user or ended a session of theirs: every node asks anew.
    void announce_change(const UserId& user);
    /// As far as that goes without looking at the session: whoever uses it asks in a statement of
    /// their own whether the session lives, as `sql::find_session` does. Errors: those of
    /// `crypto::verify_jwt`, and 503.
    Result<http::Bearer> verify(std::string_view access_token);
    /// A fresh access token beside `refresh_token`.
    Result<TokenPair> issue(const http::Caller& caller, std::string refresh_token);
    /// Adds a refresh token to the session's family and lets the session live as long.
    Result<std::string> add_refresh_token(postgres::Session& session, const SessionId& id);

    /// The public keys, JSON (RFC 7517).
    Result<std::string> jwks() { return keys_.jwks(); }
    /// A new signing key; tokens of the old ones stay valid.
    Result<void> rotate_keys() { return keys_.rotate(); }

    [[nodiscard]] const TokenSettings& settings() const { return settings_; }

  private:
    Result<http::Caller> find_live_session(const http::Caller& caller);
    struct Verified {
        crypto::JwtClaims claims;
        std::string kid;
        crypto::PublicKey key;
        http::Bearer bearer;
        mutable std::atomic<std::chrono::steady_clock::rep> touched_at = 0;
    };
    struct HashDigest {
        std::size_t operator()(const crypto::Digest& digest) const;
    };
    Result<std::shared_ptr<const Verified>> check(std::string_view access_token);
    Result<std::shared_ptr<const Verified>> check_signature(std::string_view access_token);
    void touch(const Verified& verified);

    postgres::Database& database_;
    const TokenSettings settings_;
    const Clock clock_;
    SigningKeys keys_;
    redis::Invalidations* invalidations_ = nullptr;
    std::unique_ptr<redis::FactCache<http::Caller>> live_sessions_;
    LruCache<crypto::Digest, Verified, HashDigest> verified_;
};

}  // namespace stoa::accounts
