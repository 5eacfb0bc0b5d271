// SPDX-License-Identifier: Apache-2.0
#include "accounts/tokens.hpp"

#include "accounts/sql.hpp"
#include "crypto/random.hpp"

#include <cstring>

namespace stoa::accounts {
namespace {

constexpr std::size_t facts_max = 50'000;     // of some 300 bytes
constexpr std::size_t verified_max = 10'000;  // some 5 MB

struct LiveSession {
    UserId user_id;
    bool is_stale = false;
};
BOOST_DESCRIBE_STRUCT(LiveSession, (), (user_id, is_stale))

}  // namespace

tl::unexpected<Error> session_revoked() {
    return fail(ErrorKind::unauthenticated, "session_revoked",
                "This session has ended; sign in again.");
}

Tokens::Tokens(postgres::Database& database, TokenSettings settings, MasterKeys& master_keys,
               Clock clock)
    : database_(database),
      settings_(std::move(settings)),
      clock_(std::move(clock)),
      keys_(database, master_keys, settings_.access_lifetime),
      verified_(verified_max) {}

std::size_t Tokens::HashDigest::operator()(const crypto::Digest& digest) const {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof(hash));
    return hash;
}

Result<http::Caller> Tokens::authenticate(std::string_view access_token) {
    const auto checked = check(access_token);
    if (!checked) return fail(checked);
    const auto& bearer = (*checked)->bearer;
    const http::Caller caller{.user = bearer.user, .session = bearer.session};
    const auto find_live = [&] { return find_live_session(caller); };
    if (!live_sessions_) return find_live();
    return live_sessions_->get("user:" + caller.user.str(), caller.session.str(), find_live);
}

Result<http::Bearer> Tokens::verify(std::string_view access_token) {
    const auto checked = check(access_token);
    if (!checked) return fail(checked);
    touch(**checked);
    return (*checked)->bearer;
}

/// Signature (remembered), key and claims.
Result<std::shared_ptr<const Tokens::Verified>> Tokens::check(std::string_view access_token) {
    const auto digest = crypto::sha256(access_token);
    auto verified = verified_.find(digest);
    if (verified) {
        const auto key = keys_.find_public_key(verified->kid);
        if (!key) return fail(key);
        if (*key != verified->key) verified.reset();  // retired: it says so itself
    }
    if (!verified) {
        auto checked = check_signature(access_token);
        if (!checked) return checked;
        verified = std::move(*checked);
        verified_.put(digest, verified, 1);
    }
    const crypto::JwtRules rules{.issuer = settings_.issuer, .audience = settings_.audience};
    if (auto valid = crypto::check_claims(verified->claims, rules, clock_()); !valid)
        return fail(valid);
    return verified;
}

Result<std::shared_ptr<const Tokens::Verified>> Tokens::check_signature(
    std::string_view access_token) {
    auto verified = std::make_shared<Verified>();
    Result<void> keys_answer;
    const auto find_key = [&](std::string_view kid) -> std::optional<crypto::PublicKey> {
        const auto found = keys_.find_public_key(kid);
        if (!found) {
            keys_answer = fail(found);
            return std::nullopt;
        }
        if (*found) verified->key = **found;
        return *found;
    };
    auto opened = crypto::verify_signature(access_token, find_key);
    if (!keys_answer) return fail(keys_answer);  // the keys are away: the token may well be good
    if (!opened) return fail(opened);
    const auto user = UserId::parse(opened->claims.sub);
    const auto session = SessionId::parse(opened->claims.sid);
    if (!user || !session) return session_revoked();
    verified->claims = std::move(opened->claims);
    verified->kid = std::move(opened->kid);
    verified->bearer = {*user, *session};
    return std::shared_ptr<const Verified>(std::move(verified));
}

/// The session's time of use, at most once a minute for each token.
void Tokens::touch(const Verified& verified) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    auto before = verified.touched_at.load(std::memory_order_relaxed);
    const std::chrono::steady_clock::duration at(before);
    if (before != 0 && now - at < std::chrono::minutes(1)) return;
    if (!verified.touched_at.compare_exchange_strong(before, now.count())) return;
    // Only for the list of sessions: that it failed is no reason to refuse.
    [[maybe_unused]] const auto touched =
        database_.run(sql::touch_session, verified.bearer.session);
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
