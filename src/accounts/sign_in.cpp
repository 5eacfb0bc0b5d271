// SPDX-License-Identifier: Apache-2.0
#include "accounts/sign_in.hpp"

#include "accounts/audit.hpp"
#include "accounts/offchain_message.hpp"
#include "accounts/sessions.hpp"
#include "accounts/sql.hpp"
#include "base/log.hpp"
#include "crypto/base58.hpp"
#include "crypto/base64.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/random.hpp"

#include <algorithm>

namespace stoa::accounts {
namespace {

struct IssuedChallenge {
    json::Raw input;
    std::optional<UserId> user_id;
    bool is_expired = false;
};
BOOST_DESCRIBE_STRUCT(IssuedChallenge, (), (input, user_id, is_expired))

tl::unexpected<Error> refuse(std::string_view code, std::string message) {
    return fail(ErrorKind::unauthenticated, code, std::move(message));
}

tl::unexpected<Error> invalid(std::string_view code, std::string field, std::string message) {
    return tl::unexpected<Error>(Error{ErrorKind::invalid,
                                       code,
                                       message,
                                       {{{"body", std::move(field)}, message, "value_error"}},
                                       {}});
}

tl::unexpected<Error> address_invalid() {
    return invalid("address_invalid", "address",
                   "An address is a public key: 32 bytes in Base58, 32 to 44 characters.");
}

/// As JavaScript's toISOString writes it, because some wallets do so again.
std::string to_iso_string(Time time) {
    auto text = to_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
    text.insert(text.size() - 1, ".000");
    return text;
}

Error describe_difference(std::string_view field) {
    std::string_view code = "message_mismatch";
    if (field == "domain") code = "domain_mismatch";
    if (field == "address") code = "address_mismatch";
    if (field == "chainId") code = "chain_mismatch";
    if (field == "issuedAt" || field == "expirationTime" || field == "notBefore")
        code = "time_mismatch";
    return refuse(code, "The field '" + std::string(field) +
                            "' of the signed message is not what was issued; sign the challenge "
                            "as it is.")
        .value();
}

/// Base64, or the Base58 in which wallets show signatures.
std::optional<crypto::Signature> read_signature(std::string_view text) {
    if (const auto bytes = crypto::from_base64(text)) {
        if (const auto signature = crypto::to_array<64>(*bytes)) return signature;
    }
    return crypto::from_base58_array<64>(text);
}

Result<UserId> create_user(postgres::Session& session, const std::string& address) {
    const auto id = UserId::make();
    if (auto inserted = session.run(sql::insert_user, id, address); !inserted)
        return fail(inserted);
    auto recorded = record(session, {.action = AuditAction::user_created,
                                     .actor = id,
                                     .subject = id.str(),
                                     .detail = {.address = address}});
    if (!recorded) return fail(recorded);
    return id;
}

/// Who comes in with stolen keys pushes others' sessions out: the trail tells.
Result<void> end_oldest(postgres::Session& session, const UserId& user) {
    const auto ended = session.list<SessionId>(sql::end_oldest_sessions, user, sessions_max);
    if (!ended) return fail(ended);
    for (const auto& id : *ended) {
        auto recorded = record(session, {.action = AuditAction::session_revoked,
                                         .actor = user,
                                         .subject = id.str(),
                                         .detail = {.code = "superseded"}});
        if (!recorded) return recorded;
    }
    return {};
}

}  // namespace

SignInSettings SignInSettings::of_site(std::string_view public_url) {
    SignInSettings settings;
    settings.uri = public_url;
    const auto scheme = public_url.find("://");
    if (scheme != std::string_view::npos) public_url.remove_prefix(scheme + 3);
    settings.domain = public_url.substr(0, public_url.find_first_of("/?#"));
    return settings;
}

SignIn::SignIn(postgres::Database& database, Tokens& tokens, SignInSettings settings)
    : database_(database), tokens_(tokens), settings_(std::move(settings)) {}

Result<Challenge> SignIn::challenge(const std::optional<std::string>& address,
                                    const std::optional<std::string>& chain_id) {
    const auto& known = settings_.chain_ids;
    if (chain_id && std::find(known.begin(), known.end(), *chain_id) == known.end())
        return invalid("chain_id_invalid", "chain_id",
                       "This chain is not served here; the default is " + known.front() + ".");
    SignInInput input;
    input.address = address;
    input.statement = settings_.statement;
    input.chainId = chain_id.value_or(known.front());
    return issue(std::move(input), std::nullopt);
}

Result<Challenge> SignIn::connect(const std::string& address,
                                  const std::optional<http::Caller>& caller) {
    SignInInput input;
    input.address = address;
    input.statement = settings_.statement;
    input.chainId = settings_.chain_ids.front();
    if (!caller) return issue(std::move(input), std::nullopt);
    // Said in the wallet, so that nobody signs their wallet over to another's account unawares.
    input.statement = "Link this wallet to the Stoa account " + caller->user.str() + ".";
    return issue(std::move(input), caller->user);
}

Result<Challenge> SignIn::issue(SignInInput input, const std::optional<UserId>& for_user) {
    if (input.address && !crypto::from_base58_array<32>(*input.address)) return address_invalid();
    const Time issued_at = std::chrono::floor<std::chrono::seconds>(now());
    const Time expires_at = issued_at + settings_.challenge_lifetime;
    input.domain = settings_.domain;
    input.uri = settings_.uri;
    input.version = "1";
    input.nonce = crypto::to_base58(crypto::random_bytes(16));  // letters and digits, as it must be
    input.issuedAt = to_iso_string(issued_at);
    input.expirationTime = to_iso_string(expires_at);
    Challenge challenge{.input = {to_json(input)}, .message = {}, .expires_at = expires_at};
    if (input.address) challenge.message = build_message(input);
    auto inserted = database_.run(sql::insert_challenge, *input.nonce, input.address, for_user,
                                  challenge.input, expires_at);
    if (!inserted) return fail(inserted);
    return challenge;
}

Result<OpenedSession> SignIn::open_session(const SignedChallenge& proof, const Visitor& visitor,
                                           const std::optional<http::Caller>& caller) {
    const auto signed_input = check_proof(proof);
    auto opened = [&]() -> Result<OpenedSession> {
        if (!signed_input) return fail(signed_input);
        return database_.transact([&](postgres::Session& session) {
            return use_challenge(session, *signed_input, visitor, caller);
        });
    }();
    if (!opened && opened.error().kind == ErrorKind::unauthenticated)
        record_failure(proof, visitor, opened.error());
    // A wallet came in, or the oldest of too many sessions ended.
    if (opened) tokens_.announce_change(opened->caller.user);
    return opened;
}

/// All that needs no database: who cannot sign does not get that far.
Result<SignInInput> SignIn::check_proof(const SignedChallenge& proof) const {
    const auto message = crypto::from_base64(proof.signed_message.value);
    if (!message)
        return invalid("encoding_invalid", "signed_message",
                       "The signed message is to be sent in Base64 (RFC 4648, with padding).");
    const auto signature = read_signature(proof.signature.value);
    if (!signature)
        return invalid("encoding_invalid", "signature",
                       "A signature is 64 bytes, in Base64 (with padding) or Base58.");
    const auto key = crypto::from_base58_array<32>(proof.address.value);
    if (!key) return address_invalid();
    if (!crypto::is_strong_key(*key))
        return refuse("key_weak", "This address is no key that only its owner can sign with.");
    if (!crypto::verify(*message, *signature, *key))
        return refuse("signature_invalid", "The signature is not this wallet's over this message.");
    const auto text = open_offchain_message(*message, *key);
    if (!text) return fail(text);
    auto input = parse_message(*text);
    if (!input) return input;
    if (input->address != proof.address.value)
        return tl::unexpected<Error>(describe_difference("address"));
    if (input->domain != settings_.domain)
        return tl::unexpected<Error>(describe_difference("domain"));
    return input;
}

Result<OpenedSession> SignIn::use_challenge(postgres::Session& session,
                                            const SignInInput& signed_input, const Visitor& visitor,
                                            const std::optional<http::Caller>& caller) {
    const auto taken =
        session.find<IssuedChallenge>(sql::take_challenge, signed_input.nonce.value_or(""));
    if (!taken) return fail(taken);
    if (!*taken)
        return refuse("nonce_unknown", "This challenge was never issued or is used up; ask anew.");
    if ((*taken)->is_expired)
        return refuse("nonce_expired", "The challenge has expired; ask for a new one.");
    const auto issued = json::read<SignInInput>((*taken)->input.text);
    if (!issued) return fail(ErrorKind::internal, "challenge_unreadable", issued.error().message);
    if (const auto field = find_difference(*issued, signed_input))
        return tl::unexpected<Error>(describe_difference(*field));
    const auto& address = *signed_input.address;
    if (auto locked = session.run(sql::lock_wallet, address); !locked) return fail(locked);
    const auto& for_user = (*taken)->user_id;
    if (!for_user) return sign_in(session, address, visitor);
    if (!caller || caller->user != *for_user)
        return refuse("caller_mismatch",
                      "This challenge links a wallet; send the access token it was asked with.");
    return link(session, address, *caller);
}

Result<OpenedSession> SignIn::sign_in(postgres::Session& session, const std::string& address,
                                      const Visitor& visitor) {
    const auto owner = session.find<UserId>(sql::find_wallet_owner, address);
    if (!owner) return fail(owner);
    const auto user = *owner ? Result<UserId>(**owner) : create_user(session, address);
    if (!user) return fail(user);
    const auto id = SessionId::make();
    auto inserted = session.run(sql::insert_session, id, *user, address, visitor.device,
                                visitor.remote_address, now());
    if (!inserted) return fail(inserted);
    if (auto ended = end_oldest(session, *user); !ended) return fail(ended);
    auto refresh_token = tokens_.add_refresh_token(session, id);
    if (!refresh_token) return fail(refresh_token);
    auto recorded = record(session, {.action = AuditAction::signed_in,
                                     .actor = *user,
                                     .subject = id.str(),
                                     .detail = {.address = address,
                                                .device = visitor.device,
                                                .remote_address = visitor.remote_address}});
    if (!recorded) return fail(recorded);
    return OpenedSession{{*user, id}, std::move(*refresh_token)};
}

Result<OpenedSession> SignIn::link(postgres::Session& session, const std::string& address,
                                   const http::Caller& caller) {
    if (auto locked = session.run(sql::lock_user, caller.user); !locked) return fail(locked);
    const auto owner = session.find<UserId>(sql::find_wallet_owner, address);
    if (!owner) return fail(owner);
    if (*owner && **owner != caller.user)
        return fail(ErrorKind::conflict, "wallet_taken",
                    "This wallet is linked to another account; unlink it there first.");
    if (!*owner) {
        const auto inserted = session.run(sql::insert_wallet, address, caller.user, wallets_max);
        if (!inserted) return fail(inserted);
        if (inserted->affected() == 0)
            return fail(ErrorKind::conflict, "too_many_wallets",
                        "You have " + std::to_string(wallets_max) + " wallets; unlink one first.");
        auto recorded = record(
            session,
            {.action = AuditAction::wallet_linked, .actor = caller.user, .subject = address});
        if (!recorded) return fail(recorded);
    }
    // Else there were two to go on with, and of a copied one nobody would ever notice.
    auto used = session.run(sql::use_session_refresh_tokens, caller.session);
    if (!used) return fail(used);
    auto refresh_token = tokens_.add_refresh_token(session, caller.session);
    if (!refresh_token) return fail(refresh_token);
    return OpenedSession{caller, std::move(*refresh_token)};
}

/// Anybody can fail as often as they like, so the trail takes only so much of it from each process.
bool SignIn::may_record_failure() {
    constexpr int failures_a_minute_max = 300;
    const std::lock_guard lock(failures_mutex_);
    const auto at = std::chrono::steady_clock::now();
    if (at - failures_since_ > std::chrono::minutes(1)) {
        failures_since_ = at;
        failures_ = 0;
    }
    return ++failures_ <= failures_a_minute_max;
}

void SignIn::record_failure(const SignedChallenge& proof, const Visitor& visitor,
                            const Error& error) {
    if (!may_record_failure()) return;
    const AuditEvent event{.action = AuditAction::sign_in_failed,
                           .subject = proof.address.value,
                           .detail = {.address = proof.address.value,
                                      .code = std::string(error.code),
                                      .device = visitor.device,
                                      .remote_address = visitor.remote_address}};
    const auto recorded = database_.transact(
        [&](postgres::Session& session) -> Result<void> { return record(session, event); });
    if (!recorded)
        log::warning("a failed sign-in could not be recorded",
                     {{"error.code", std::string(recorded.error().code)}});
}

}  // namespace stoa::accounts
