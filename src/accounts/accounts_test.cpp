// SPDX-License-Identifier: Apache-2.0
// Accounts over a real PostgreSQL, with keys that sign as wallets do.
#include "accounts/audit_checkpoints.hpp"
#include "accounts/profiles.hpp"
#include "accounts/purge.hpp"
#include "accounts/sessions.hpp"
#include "accounts/sign_in.hpp"
#include "crypto/base58.hpp"
#include "crypto/base64.hpp"
#include "support/private_postgres.hpp"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

namespace stoa::accounts {
namespace {

struct Wallet {
    crypto::KeyPair keys = crypto::make_key_pair();
    std::string address = crypto::to_base58(crypto::view(keys.public_key));

    [[nodiscard]] SignedChallenge sign(const std::string& message) const {
        const auto signature = crypto::sign(message, keys);
        return {
            {address}, {crypto::to_base64(message)}, {crypto::to_base64(crypto::view(signature))}};
    }
    /// As `wallet.signIn(input)` does: it writes the text itself.
    [[nodiscard]] SignedChallenge sign(SignInInput input) const {
        input.address = address;
        return sign(build_message(input));
    }
    [[nodiscard]] SignedChallenge sign(const Challenge& challenge) const {
        return sign(json::read<SignInInput>(challenge.input.text).value());
    }
};

template <class T>
std::string code_of(const Result<T>& result) {
    return result ? "fine" : std::string(result.error().code);
}

class Accounts : public ::testing::Test {
  protected:
    OpenedSession open(const Wallet& wallet) {
        const auto challenge = sign_in_.challenge(wallet.address, std::nullopt).value();
        return sign_in_.open_session(wallet.sign(challenge), visitor_, std::nullopt).value();
    }
    Result<OpenedSession> try_open(const SignedChallenge& proof,
                                   const std::optional<http::Caller>& caller = std::nullopt) {
        return sign_in_.open_session(proof, visitor_, caller);
    }
    /// A challenge of which one field is changed before it is signed.
    template <class F>
    std::string code_with(F change) {
        const auto challenge = sign_in_.challenge(std::nullopt, std::nullopt).value();
        auto input = json::read<SignInInput>(challenge.input.text).value();
        change(input);
        return code_of(try_open(Wallet().sign(input)));
    }
    std::string access_token(const http::Caller& caller) {
        return tokens_.issue(caller, "").value().access_token;
    }
    std::int64_t ask(const char* statement) {
        return database_.one<std::int64_t>({"test.ask", statement}).value();
    }
    void execute(const char* statement) {
        const auto done = database_.run({"test.execute", statement});
        ASSERT_TRUE(done) << done.error().message;
    }

    testing::TestDatabase place_;
    Metrics metrics_;
    postgres::Database database_{place_.options(), metrics_};
    std::chrono::seconds clock_shift_{0};
    TokenSettings token_settings_{.issuer = "https://stoa.example:8443/"};
    MasterKeys master_keys_{database_, {crypto::SecretKey{1}}};
    Tokens tokens_{database_, token_settings_, master_keys_,
                   [this] { return now() + clock_shift_; }};
    SignIn sign_in_{database_, tokens_, SignInSettings::of_site("https://stoa.example:8443/")};
    Sessions sessions_{database_, tokens_};
    Profiles profiles_{database_};
    const crypto::KeyPair audit_key_ = audit_key("a master key");
    const Visitor visitor_{.device = "test", .remote_address = "127.0.0.1"};
};

TEST_F(Accounts, FirstSignInMakesTheUserAndLaterOnesFindIt) {
    const Wallet wallet;
    const auto first = open(wallet);
    const auto second = open(wallet);
    EXPECT_EQ(first.caller.user, second.caller.user);
    EXPECT_NE(first.caller.session, second.caller.session);
    const auto profile = profiles_.find_profile(first.caller.user);
    ASSERT_TRUE(profile) << profile.error().message;
    EXPECT_EQ(profile->wallet_address, wallet.address);
    EXPECT_EQ(profile->wallets, std::vector{wallet.address});
    EXPECT_EQ(profile->level, 1);
    EXPECT_EQ(profile->level_name, "Newcomer");
    EXPECT_EQ(tokens_.authenticate(access_token(first.caller))->user, first.caller.user);
}

TEST_F(Accounts, ChallengesSayWhatWalletsNeed) {
    const Wallet wallet;
    const auto bound = sign_in_.challenge(wallet.address, "solana:devnet").value();
    const auto input = json::read<SignInInput>(bound.input.text).value();
    EXPECT_EQ(input.domain, "stoa.example:8443");
    EXPECT_EQ(input.uri, "https://stoa.example:8443/");
    EXPECT_EQ(input.chainId, "solana:devnet");
    EXPECT_EQ(parse_message(bound.message.value()).value(), input);
    EXPECT_EQ(code_of(try_open(wallet.sign(*bound.message))), "fine");
    EXPECT_FALSE(sign_in_.challenge(std::nullopt, std::nullopt).value().message);
    EXPECT_EQ(code_of(sign_in_.challenge(std::nullopt, "ethereum:1")), "chain_id_invalid");
    EXPECT_EQ(code_of(sign_in_.challenge("1234", std::nullopt)), "address_invalid");
    EXPECT_EQ(code_of(sign_in_.challenge(std::string(33, '1'), std::nullopt)), "address_invalid");
}

TEST_F(Accounts, SignaturesComeInBase64OrBase58) {
    const Wallet wallet;
    auto proof = wallet.sign(sign_in_.challenge(std::nullopt, std::nullopt).value());
    proof.signature.value = crypto::to_base58(crypto::from_base64(proof.signature.value).value());
    EXPECT_EQ(code_of(try_open(proof)), "fine");
    proof.signature.value = std::string(86, '*');
    EXPECT_EQ(code_of(try_open(proof)), "encoding_invalid");
    proof.signed_message.value = "no base64";
    EXPECT_EQ(code_of(try_open(proof)), "encoding_invalid");
}

TEST_F(Accounts, EveryChangedFieldHasItsOwnCode) {
    EXPECT_EQ(code_with([](SignInInput&) {}), "fine");
    EXPECT_EQ(code_with([](auto& i) { i.domain = "evil.example"; }), "domain_mismatch");
    EXPECT_EQ(code_with([](auto& i) { i.nonce = "abcdefgh1"; }), "nonce_unknown");
    EXPECT_EQ(code_with([](auto& i) { i.nonce.reset(); }), "nonce_unknown");
    EXPECT_EQ(code_with([](auto& i) { i.chainId = "devnet"; }), "chain_mismatch");
    EXPECT_EQ(code_with([](auto& i) { i.issuedAt = "2026-01-01T00:00:00Z"; }), "time_mismatch");
    EXPECT_EQ(code_with([](auto& i) { i.expirationTime.reset(); }), "time_mismatch");
    EXPECT_EQ(code_with([](auto& i) { i.notBefore = "2026-01-01T00:00:00Z"; }), "time_mismatch");
    EXPECT_EQ(code_with([](auto& i) { i.statement = "Give me all."; }), "message_mismatch");
    EXPECT_EQ(code_with([](auto& i) { i.uri = "https://evil.example"; }), "message_mismatch");
    EXPECT_EQ(code_with([](auto& i) { i.requestId = "1"; }), "message_mismatch");
    EXPECT_EQ(code_with([](auto& i) { i.resources.emplace(); }), "message_mismatch");
    EXPECT_EQ(code_with([](auto& i) { i.version = "2"; }), "message_malformed");
}

TEST_F(Accounts, RefusesOtherKeys) {
    const Wallet wallet;
    const Wallet other;
    const auto challenge = sign_in_.challenge(wallet.address, std::nullopt).value();
    EXPECT_EQ(code_of(try_open(other.sign(challenge))), "address_mismatch");
    auto proof = wallet.sign(challenge);
    proof.address.value = other.address;
    EXPECT_EQ(code_of(try_open(proof)), "signature_invalid");
    proof = other.sign(*challenge.message);  // signs the text that names another
    EXPECT_EQ(code_of(try_open(proof)), "address_mismatch");
    proof.address.value = std::string(32, '1');  // the point of order 4
    EXPECT_EQ(code_of(try_open(proof)), "key_weak");
    EXPECT_EQ(code_of(try_open(wallet.sign(challenge))), "fine");  // none of it used the nonce up
}

TEST_F(Accounts, ANonceWorksOnceAlsoInParallel) {
    const Wallet wallet;
    const auto proof = wallet.sign(sign_in_.challenge(wallet.address, std::nullopt).value());
    std::atomic<int> opened = 0;
    std::atomic<int> refused = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 100; ++i) {
        threads.emplace_back([&] {
            const auto code = code_of(try_open(proof));
            opened += code == "fine" ? 1 : 0;
            refused += code == "nonce_unknown" ? 1 : 0;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(opened, 1);
    EXPECT_EQ(refused, 99);
    EXPECT_EQ(ask("SELECT count(*) FROM sessions"), 1);
    EXPECT_EQ(ask("SELECT count(*) FROM audit_log WHERE action = 'sign_in_failed'"), 99);
    EXPECT_EQ(verify_audit_log(database_, {audit_key_.public_key})->entries,
              ask("SELECT count(*) FROM audit_log"));
}

TEST_F(Accounts, ParallelFirstSignInsMakeOneUser) {
    const Wallet wallet;
    std::vector<std::thread> threads;
    std::atomic<int> opened = 0;
    for (int i = 0; i < 8; ++i) {
        const auto proof = wallet.sign(sign_in_.challenge(std::nullopt, std::nullopt).value());
        threads.emplace_back([this, proof, &opened] { opened += try_open(proof) ? 1 : 0; });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(opened, 8);
    EXPECT_EQ(ask("SELECT count(*) FROM users"), 1);
}

TEST_F(Accounts, AnExpiredNonceIsRefused) {
    const Wallet wallet;
    const auto proof = wallet.sign(sign_in_.challenge(wallet.address, std::nullopt).value());
    execute("UPDATE siws_challenges SET expires_at = now()");
    EXPECT_EQ(code_of(try_open(proof)), "nonce_expired");
    execute("UPDATE siws_challenges SET expires_at = now() - interval '2 days'");
    EXPECT_EQ(purge_expired(database_).value(), 1U);
    EXPECT_EQ(code_of(try_open(proof)), "nonce_unknown");
}

TEST_F(Accounts, LinksAFurtherWallet) {
    const Wallet first;
    const Wallet second;
    const auto session = open(first);
    const auto challenge = sign_in_.connect(second.address, session.caller).value();
    EXPECT_NE(challenge.message->find(session.caller.user.str()), std::string::npos);
    const auto proof = second.sign(challenge);
    EXPECT_EQ(code_of(try_open(proof)), "caller_mismatch");
    EXPECT_EQ(code_of(try_open(proof, open(Wallet()).caller)), "caller_mismatch");
    const auto linked = try_open(proof, session.caller);
    ASSERT_TRUE(linked) << linked.error().message;
    EXPECT_EQ(linked->caller.session, session.caller.session);
    EXPECT_TRUE(sessions_.refresh(linked->refresh_token));
    EXPECT_EQ(open(second).caller.user, session.caller.user);
    const auto profile = profiles_.find_profile(session.caller.user).value();
    EXPECT_EQ(profile.wallets, (std::vector{first.address, second.address}));

    const auto stranger = open(Wallet());
    const auto taken = second.sign(sign_in_.connect(second.address, stranger.caller).value());
    EXPECT_EQ(code_of(try_open(taken, stranger.caller)), "wallet_taken");
}

TEST_F(Accounts, LinkingLeavesOneRefreshTokenToGoOnWith) {
    const Wallet second;
    const auto session = open(Wallet());
    const auto proof = second.sign(sign_in_.connect(second.address, session.caller).value());
    const auto linked = try_open(proof, session.caller).value();
    const auto next = sessions_.refresh(linked.refresh_token).value();
    EXPECT_EQ(code_of(sessions_.refresh(session.refresh_token)), "refresh_reused");  // a copy
    EXPECT_EQ(code_of(sessions_.refresh(next.refresh_token)), "session_revoked");
}

TEST_F(Accounts, WalletsHaveALimit) {
    const auto session = open(Wallet());
    for (int i = 1; i <= wallets_max; ++i) {
        const Wallet wallet;
        const auto proof = wallet.sign(sign_in_.connect(wallet.address, session.caller).value());
        EXPECT_EQ(code_of(try_open(proof, session.caller)),
                  i < wallets_max ? "fine" : "too_many_wallets");
    }
}

TEST_F(Accounts, UnlinksAnyWalletButTheLast) {
    const Wallet first;
    const Wallet second;
    const auto session = open(first);
    const auto proof = second.sign(sign_in_.connect(second.address, session.caller).value());
    ASSERT_TRUE(try_open(proof, session.caller));
    const auto of_second = open(second);
    EXPECT_EQ(code_of(sessions_.disconnect(of_second.caller, Wallet().address)),
              "wallet_not_found");
    EXPECT_EQ(code_of(sessions_.disconnect(of_second.caller, first.address)), "fine");
    const auto profile = profiles_.find_profile(session.caller.user).value();
    EXPECT_EQ(profile.wallet_address, second.address);
    EXPECT_EQ(profile.wallets, std::vector{second.address});
    EXPECT_EQ(code_of(tokens_.authenticate(access_token(session.caller))), "session_revoked");
    EXPECT_EQ(code_of(tokens_.authenticate(access_token(of_second.caller))), "fine");
    EXPECT_EQ(code_of(sessions_.disconnect(of_second.caller, second.address)), "last_wallet");
    EXPECT_NE(open(first).caller.user, session.caller.user);  // it belongs to nobody any more
}

TEST_F(Accounts, RefreshTokensRotateAndReuseEndsTheFamily) {
    const auto session = open(Wallet());
    const auto second = sessions_.refresh(session.refresh_token).value();
    EXPECT_EQ(tokens_.authenticate(second.access_token)->session, session.caller.session);
    const auto third = sessions_.refresh(second.refresh_token).value();
    EXPECT_EQ(code_of(sessions_.refresh(session.refresh_token)), "refresh_reused");
    EXPECT_EQ(code_of(sessions_.refresh(third.refresh_token)), "session_revoked");
    EXPECT_EQ(code_of(tokens_.authenticate(third.access_token)), "session_revoked");
    EXPECT_EQ(code_of(sessions_.refresh("never issued")), "refresh_unknown");
    EXPECT_EQ(ask("SELECT count(*) FROM audit_log WHERE action = 'refresh_reused'"), 1);
}

TEST_F(Accounts, ARefreshTokenExpires) {
    const auto session = open(Wallet());
    execute("UPDATE refresh_tokens SET expires_at = now()");
    EXPECT_EQ(code_of(sessions_.refresh(session.refresh_token)), "refresh_expired");
    execute("UPDATE sessions SET expires_at = now()");
    EXPECT_EQ(code_of(sessions_.refresh(session.refresh_token)), "session_revoked");
    EXPECT_EQ(code_of(tokens_.authenticate(access_token(session.caller))), "session_revoked");
}

TEST_F(Accounts, SessionsAreListedAndRevoked) {
    const Wallet wallet;
    const auto first = open(wallet);
    const auto second = open(wallet);
    const auto listed = sessions_.list(first.caller).value();
    ASSERT_EQ(listed.size(), 2U);
    EXPECT_EQ(listed[1].id, first.caller.session);
    EXPECT_TRUE(listed[1].is_current);
    EXPECT_EQ(listed[1].device, "test");
    EXPECT_EQ(listed[1].remote_address, "127.0.0.1");
    EXPECT_EQ(code_of(sessions_.revoke(open(Wallet()).caller, second.caller.session)),
              "session_not_found");
    EXPECT_EQ(code_of(sessions_.revoke(first.caller, second.caller.session)), "fine");
    EXPECT_EQ(code_of(sessions_.revoke(first.caller, second.caller.session)), "session_not_found");
    EXPECT_EQ(code_of(tokens_.authenticate(access_token(second.caller))), "session_revoked");
    EXPECT_EQ(code_of(sessions_.disconnect(first.caller, std::nullopt)), "fine");
    EXPECT_EQ(code_of(tokens_.authenticate(access_token(first.caller))), "session_revoked");
}

TEST_F(Accounts, UseIsNotedOnceAMinute) {
    const auto session = open(Wallet());
    const auto token = access_token(session.caller);
    const auto unused_for = "SELECT extract(epoch FROM now() - last_used_at)::bigint FROM sessions";
    execute("UPDATE sessions SET last_used_at = now() - interval '50 seconds'");
    ASSERT_TRUE(tokens_.authenticate(token));
    EXPECT_GE(ask(unused_for), 50);
    execute("UPDATE sessions SET last_used_at = now() - interval '1 hour'");
    ASSERT_TRUE(tokens_.authenticate(token));
    EXPECT_LT(ask(unused_for), 3600);
}

TEST_F(Accounts, TheTrailTakesOnlySoManyFailures) {
    auto proof = Wallet().sign("not what was issued");
    for (int i = 0; i < 310; ++i) EXPECT_EQ(code_of(try_open(proof)), "message_malformed");
    EXPECT_EQ(ask("SELECT count(*) FROM audit_log"), 300);
}

TEST_F(Accounts, TheOldestSessionsMakeRoom) {
    const Wallet wallet;
    const auto first = open(wallet);
    for (int i = 0; i < sessions_max; ++i) open(wallet);
    EXPECT_EQ(sessions_.list(first.caller)->size(), static_cast<std::size_t>(sessions_max));
    EXPECT_EQ(code_of(tokens_.authenticate(access_token(first.caller))), "session_revoked");
    EXPECT_EQ(ask("SELECT count(*) FROM audit_log WHERE action = 'session_revoked' "
                  "AND detail ->> 'code' = 'superseded'"),
              1);
}

TEST_F(Accounts, ATicketOpensOneSocket) {
    const auto session = open(Wallet());
    const auto ticket = sessions_.create_ticket(session.caller).value();
    const auto caller = sessions_.redeem_ticket(ticket.ticket);
    ASSERT_TRUE(caller) << caller.error().message;
    EXPECT_EQ(caller->user, session.caller.user);
    EXPECT_EQ(caller->session, session.caller.session);
    EXPECT_EQ(code_of(sessions_.redeem_ticket(ticket.ticket)), "ticket_invalid");
    const auto late = sessions_.create_ticket(session.caller).value();
    execute("UPDATE socket_tickets SET expires_at = now()");
    EXPECT_EQ(code_of(sessions_.redeem_ticket(late.ticket)), "ticket_invalid");
    const auto orphan = sessions_.create_ticket(session.caller).value();
    ASSERT_TRUE(sessions_.disconnect(session.caller, std::nullopt));
    EXPECT_EQ(code_of(sessions_.redeem_ticket(orphan.ticket)), "ticket_invalid");
}

TEST_F(Accounts, AccessTokensExpire) {
    const auto session = open(Wallet());
    const auto token = access_token(session.caller);
    EXPECT_EQ(code_of(tokens_.authenticate(token)), "fine");
    clock_shift_ = token_settings_.access_lifetime + std::chrono::seconds(1);
    EXPECT_EQ(code_of(tokens_.authenticate(token)), "token_expired");
}

TEST_F(Accounts, TheTokenNamesItsOwnUserOnly) {
    const auto session = open(Wallet());
    const auto other = open(Wallet());
    EXPECT_EQ(code_of(tokens_.authenticate(
                  access_token({.user = other.caller.user, .session = session.caller.session}))),
              "session_revoked");
}

TEST_F(Accounts, KeysRotateWithoutLoggingAnybodyOut) {
    const auto session = open(Wallet());
    const auto before = access_token(session.caller);
    Tokens other_node{database_, token_settings_, master_keys_};
    EXPECT_EQ(code_of(other_node.authenticate(before)), "fine");
    ASSERT_TRUE(tokens_.rotate_keys());
    EXPECT_EQ(code_of(tokens_.authenticate(before)), "fine");
    EXPECT_EQ(code_of(other_node.authenticate(access_token(session.caller))), "fine");
    EXPECT_EQ(tokens_.issue(session.caller, "")->access_token.substr(0, 100),
              before.substr(0, 100));  // the new key is only published yet
    execute("UPDATE signing_keys SET created_at = created_at - interval '1 minute'");
    Tokens later{database_, token_settings_, master_keys_};
    const auto after = later.issue(session.caller, "")->access_token;
    EXPECT_NE(after.substr(0, 100), before.substr(0, 100));
    EXPECT_EQ(code_of(tokens_.authenticate(after)), "fine");
    EXPECT_EQ(code_of(later.authenticate(before)), "fine");
    const auto jwks = json::parse(later.jwks().value()).value();
    EXPECT_EQ(jwks.at("keys").as_array().size(), 2U);
    execute("UPDATE signing_keys SET retires_at = now() WHERE retires_at IS NOT NULL");
    Tokens much_later{database_, token_settings_, master_keys_};
    EXPECT_EQ(code_of(much_later.authenticate(before)), "token_key_unknown");
    EXPECT_EQ(code_of(much_later.authenticate(after)), "fine");
}

TEST_F(Accounts, SigningKeysLieSealed) {
    const auto session = open(Wallet());
    const auto token = access_token(session.caller);
    EXPECT_EQ(ask("SELECT min(length(private_key))::bigint FROM signing_keys"), 24 + 32 + 16);
    MasterKeys wrong(database_, {crypto::SecretKey{2}});
    Tokens of_another_key{database_, token_settings_, wrong};
    EXPECT_EQ(code_of(of_another_key.authenticate(token)), "fine");
    EXPECT_EQ(code_of(of_another_key.issue(session.caller, "")), "master_key_wrong");
    EXPECT_EQ(ask("SELECT count(*) FROM signing_keys"), 1);
}

TEST_F(Accounts, ProfilesChange) {
    const auto me = open(Wallet()).caller.user;
    const auto changed =
        profiles_.change(me, {.name = {{"Ada"}}, .username = {{"ada_1"}}, .bio = {{"counts"}}});
    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_EQ(changed->name, "Ada");
    EXPECT_EQ(changed->username, "ada_1");
    const auto kept = profiles_.change(me, {.name = {}, .username = {}, .bio = {{""}}}).value();
    EXPECT_EQ(kept.name, "Ada");
    EXPECT_EQ(kept.bio, "");
    const auto other = open(Wallet()).caller.user;
    const ProfileChange taken{.name = {}, .username = {{"ada_1"}}, .bio = {}};
    EXPECT_EQ(code_of(profiles_.change(other, taken)), "username_taken");
    const ProfileChange invalid{.name = {}, .username = {{"Ada 1"}}, .bio = {}};
    EXPECT_EQ(code_of(profiles_.change(other, invalid)), "username_invalid");
    EXPECT_EQ(profiles_.find_user(me)->username, "ada_1");
    EXPECT_EQ(code_of(profiles_.find_user(UserId::make())), "user_not_found");
}

TEST_F(Accounts, PurgesWhatNobodyCanUse) {
    const auto session = open(Wallet());
    ASSERT_TRUE(sessions_.create_ticket(session.caller));
    ASSERT_TRUE(sign_in_.challenge(std::nullopt, std::nullopt));
    access_token(session.caller);
    EXPECT_EQ(purge_expired(database_).value(), 0U);
    execute("UPDATE socket_tickets SET expires_at = now() - interval '1 second'");
    execute("UPDATE refresh_tokens SET expires_at = now() - interval '1 second'");
    execute("UPDATE sessions SET revoked_at = now() - interval '31 days'");
    execute("UPDATE siws_challenges SET expires_at = now() - interval '2 days'");
    execute("UPDATE signing_keys SET retires_at = now() - interval '1 second'");
    EXPECT_EQ(purge_expired(database_).value(), 5U);
}

}  // namespace
}  // namespace stoa::accounts
