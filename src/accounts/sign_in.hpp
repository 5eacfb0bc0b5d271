// SPDX-License-Identifier: Apache-2.0
// Sign In With Solana: issues challenges and turns a wallet's signature over one into a session.
// The nonce is deleted in the transaction that opens the session, so of any number of parallel
// tries one wins. Every field of the signed text is compared with what was issued. Writes
// siws_challenges, users (at the first sign-in), wallets and sessions. Any thread.
#pragma once

#include "accounts/siws.hpp"
#include "accounts/tokens.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "http/message.hpp"
#include "postgres/database.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::accounts {

inline constexpr std::int64_t wallets_max = 10;  ///< of a person

struct SignInSettings {
    std::string domain;  ///< what the wallet shows and checks: host and port of the page
    std::string uri;
    std::string statement = "Sign in to Stoa.";
    std::vector<std::string> chain_ids{"solana:mainnet",  "mainnet", "solana:devnet",
                                       "devnet",          "testnet", "solana:testnet",
                                       "solana:localnet", "localnet"};  ///< the first by default
    std::chrono::seconds challenge_lifetime = std::chrono::minutes(10);

    /// Domain and URI of a public URL such as "https://stoa.example:8443/".
    static SignInSettings of_site(std::string_view public_url);
};

struct Challenge {
    json::Raw input;                     ///< SolanaSignInInput, for `wallet.signIn`
    std::optional<std::string> message;  ///< for `wallet.signMessage`; needs the address
    Time expires_at;
};
BOOST_DESCRIBE_STRUCT(Challenge, (), (input, message, expires_at))

/// What a wallet gives back.
struct SignedChallenge {
    Text<32, 44> address;
    Text<1, 5464> signed_message;  ///< Base64 of at most `siws_bytes_max` bytes
    Text<64, 90> signature;        ///< Base64 or Base58
};
BOOST_DESCRIBE_STRUCT(SignedChallenge, (), (address, signed_message, signature))

/// From where somebody signs in; shown in their list of sessions.
struct Visitor {
    std::string device;  ///< User-Agent
    std::string remote_address;
};

struct OpenedSession {
    http::Caller caller;
    std::string refresh_token;
};

class SignIn {
  public:
    SignIn(postgres::Database& database, Tokens& tokens, SignInSettings settings);

    /// For anyone; `address` and `chain_id` may be left to the wallet and to the default.
    /// `address_invalid`, `chain_id_invalid` (422).
    Result<Challenge> challenge(const std::optional<std::string>& address,
                                const std::optional<std::string>& chain_id);
    /// Bound to an address; with a caller, to link it to them as a further wallet.
    Result<Challenge> connect(const std::string& address,
                              const std::optional<http::Caller>& caller);

    /// Opens a session for the wallet's owner, who is created at the first time; for a challenge of
    /// `connect` with a caller links the wallet and goes on with the caller's session.
    /// Errors of 401: `key_weak`, `signature_invalid`, `message_malformed`, `address_mismatch`,
    /// `domain_mismatch`, `chain_mismatch`, `time_mismatch`, `message_mismatch` (any other field),
    /// `nonce_unknown` (also: used), `nonce_expired`, `caller_mismatch` (who links is not who
    /// asked). Of 409: `wallet_taken`, `too_many_wallets`. Of 422: `encoding_invalid`,
    /// `address_invalid`.
    Result<OpenedSession> open_session(const SignedChallenge& proof, const Visitor& visitor,
                                       const std::optional<http::Caller>& caller);

  private:
    Result<Challenge> issue(SignInInput input, const std::optional<UserId>& for_user);
    Result<SignInInput> check_proof(const SignedChallenge& proof) const;
    Result<OpenedSession> use_challenge(postgres::Session& session, const SignInInput& signed_input,
                                        const Visitor& visitor,
                                        const std::optional<http::Caller>& caller);
    Result<OpenedSession> sign_in(postgres::Session& session, const std::string& address,
                                  const Visitor& visitor);
    Result<OpenedSession> link(postgres::Session& session, const std::string& address,
                               const http::Caller& caller);
    void record_failure(const SignedChallenge& proof, const Visitor& visitor, const Error& error);
    bool may_record_failure();

    postgres::Database& database_;
    Tokens& tokens_;
    const SignInSettings settings_;
    std::mutex failures_mutex_;
    std::chrono::steady_clock::time_point failures_since_;
    int failures_ = 0;
};

}  // namespace stoa::accounts
