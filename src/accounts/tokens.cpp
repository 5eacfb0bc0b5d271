// SPDX-License-Identifier: Apache-2.0
#include "accounts/tokens.hpp"

#include "accounts/sql.hpp"
#include "crypto/hash.hpp"
#include "crypto/jwt.hpp"
#include "crypto/random.hpp"

#include <stdexcept>

namespace stoa::accounts {
namespace {

constexpr std::size_t facts_max = 50'000;  // of some 300 bytes

struct LiveSession {
    UserId user_id;
    bool is_stale = false;
};
BOOST_DESCRIBE_STRUCT(LiveSession, (), (user_id, is_stale))

std::optional<crypto::SecretKey> read_master_key(const std::string& bytes) {
    if (bytes.empty()) return std::nullopt;
    const auto key = crypto::to_array<32>(bytes);
    if (!key) throw std::invalid_argument("a master key has 32 bytes");
    return key;
}

tl::unexpected<Error> session_revoked() {
    return fail(ErrorKind::unauthenticated, "session_revoked",
                "This session has ended; sign in again.");
}

}  // namespace

Tokens::Tokens(postgres::Database& database, TokenSettings settings, const std::string& master_key,
               Clock clock)
    : database_(database),
      settings_(std::move(settings)),
      clock_(std::move(clock)),
      keys_(database, read_master_key(master_key), settings_.access_lifetime) {}

Result<http::Caller> Tokens::authenticate(std::string_view access_token) {
    Result<void> keys_answer;
    const auto find_key = [&](std::string_view kid) -> std::optional<crypto::PublicKey> {
        const auto found = keys_.find_public_key(kid);
        if (found) return *found;
        keys_answer = fail(found);
        return std::nullopt;
    };
    const crypto::JwtRules rules{.issuer = settings_.issuer, .audience = settings_.audience};
    const auto claims = crypto::verify_jwt(access_token, find_key, rules, clock_());
    if (!keys_answer) return fail(keys_answer);  // the keys are away: the token may well be good
    if (!claims) return fail(claims);
    const auto user = UserId::parse(claims->sub);
    const auto session = SessionId::parse(claims->sid);
    if (!user || !session) return session_revoked();
    const http::Caller caller{.user = *user, .session = *session};
    const auto find_live = [&] { return find_live_session(caller); };
    if (!live_sessions_) return find_live();
    return live_sessions_->get("user:" + user->str(), session->str(), find_live);
}

Result<http::Caller> Tokens::find_live_session(const http::Caller& caller) {
    const auto live = database_.find<LiveSession>(sql::find_session, caller.session);
    if (!live) return fail(live);
    if (!*live || (*live)->user_id != caller.user) return session_revoked();
    if ((*live)->is_stale) {
        // Only for the list of sessions: that it failed is no reason to refuse.
        [[maybe_unused]] const auto touched = database_.run(sql::touch_session, caller.session);
    }
    return caller;
}

void Tokens::remember_sessions(redis::Invalidations& invalidations, Metrics& metrics) {
    invalidations_ = &invalidations;
    live_sessions_ = std::make_unique<redis::FactCache<http::Caller>>("sessions", facts_max,
                                                                      invalidations, metrics);
}

void Tokens::announce_change(const UserId& user) {
    if (invalidations_ != nullptr) invalidations_->announce("user:" + user.str());
}

Result<TokenPair> Tokens::issue(const http::Caller& caller, std::string refresh_token) {
    const auto key = keys_.signing_key();
    if (!key) return fail(key);
    const auto issued_at = std::chrono::floor<std::chrono::seconds>(clock_()).time_since_epoch();
    const crypto::JwtClaims claims{.iss = settings_.issuer,
                                   .aud = settings_.audience,
                                   .sub = caller.user.str(),
                                   .sid = caller.session.str(),
                                   .jti = to_string(make_uuid()),
                                   .iat = issued_at.count(),
                                   .exp = (issued_at + settings_.access_lifetime).count()};
    TokenPair pair;
    pair.access_token = crypto::encode_jwt(claims, key->kid, key->keys);
    pair.expires_in = settings_.access_lifetime.count();
    pair.refresh_token = std::move(refresh_token);
    return pair;
}

Result<std::string> Tokens::add_refresh_token(postgres::Session& session, const SessionId& id) {
    auto token = crypto::random_token();
    const postgres::Bytes hash{std::string(crypto::view(crypto::sha256(token)))};
    const Time expires_at = now() + settings_.refresh_lifetime;
    auto inserted = session.run(sql::insert_refresh_token, hash, id, expires_at);
    if (!inserted) return fail(inserted);
    if (auto extended = session.run(sql::extend_session, id, expires_at); !extended)
        return fail(extended);
    return token;
}

}  // namespace stoa::accounts
