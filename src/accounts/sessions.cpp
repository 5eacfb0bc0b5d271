// SPDX-License-Identifier: Apache-2.0
#include "accounts/sessions.hpp"

#include "accounts/audit.hpp"
#include "accounts/sql.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"

#include <algorithm>

namespace stoa::accounts {
namespace {

constexpr double ticket_seconds = 30;

struct RefreshRow {
    SessionId session_id;
    UserId user_id;
    bool is_used = false;
    bool is_expired = false;
    bool is_ended = false;
};
BOOST_DESCRIBE_STRUCT(RefreshRow, (), (session_id, user_id, is_used, is_expired, is_ended))

struct TicketRow {
    UserId user_id;
    SessionId session_id;
};
BOOST_DESCRIBE_STRUCT(TicketRow, (), (user_id, session_id))

/// What a refresh came to; `refusal` is a value because what led to it must be committed.
struct Refreshed {
    http::Caller caller;
    std::string refresh_token;
    std::optional<Error> refusal;
};

postgres::Bytes hash_of(std::string_view token) {
    return {std::string(crypto::view(crypto::sha256(token)))};
}

tl::unexpected<Error> refuse(std::string_view code, std::string message) {
    return fail(ErrorKind::unauthenticated, code, std::move(message));
}

/// The whole family dies, and the trail tells why.
Result<Refreshed> end_family(postgres::Session& session, const RefreshRow& row,
                             const std::optional<std::string>& remote_address) {
    auto ended = session.run(sql::end_session, row.session_id, row.user_id, "refresh_reused");
    if (!ended) return fail(ended);
    auto recorded = record(session, {.action = AuditAction::refresh_reused,
                                     .actor = row.user_id,
                                     .subject = row.session_id.str(),
                                     .detail = {.remote_address = remote_address}});
    if (!recorded) return fail(recorded);
    Refreshed outcome;
    outcome.caller = {row.user_id, row.session_id};
    outcome.refusal = refuse("refresh_reused",
                             "This refresh token was used before, so somebody may have a copy; the "
                             "session has ended. Sign in again.")
                          .value();
    return outcome;
}

}  // namespace

Result<TokenPair> Sessions::refresh(std::string_view refresh_token,
                                    const std::optional<std::string>& remote_address) {
    const auto hash = hash_of(refresh_token);
    auto outcome = database_.transact([&](postgres::Session& session) -> Result<Refreshed> {
        const auto found = session.find<RefreshRow>(sql::lock_refresh_token, hash);
        if (!found) return fail(found);
        if (!*found) return refuse("refresh_unknown", "There is no such refresh token; sign in.");
        const auto& row = **found;
        if (row.is_ended)
            return refuse("session_revoked", "This session has ended; sign in again.");
        if (row.is_used) return end_family(session, row, remote_address);
        if (row.is_expired)
            return refuse("refresh_expired", "The refresh token has expired; sign in again.");
        if (auto used = session.run(sql::use_refresh_token, hash); !used) return fail(used);
        auto next = tokens_.add_refresh_token(session, row.session_id);
        if (!next) return fail(next);
        return Refreshed{{row.user_id, row.session_id}, std::move(*next), {}};
    });
    if (!outcome) return fail(outcome);
    if (outcome->refusal) {
        tokens_.announce_change(outcome->caller.user);
        return tl::unexpected<Error>(*outcome->refusal);
    }
    return tokens_.issue(outcome->caller, std::move(outcome->refresh_token));
}

Result<void> Sessions::disconnect(const http::Caller& caller,
                                  const std::optional<std::string>& address) {
    auto done = address ? unlink(caller, *address) : end(caller);
    if (done) tokens_.announce_change(caller.user);
    return done;
}

Result<void> Sessions::end(const http::Caller& caller) {
    return database_.transact([&](postgres::Session& session) -> Result<void> {
        auto ended = session.run(sql::end_session, caller.session, caller.user, "signed_out");
        if (!ended) return fail(ended);
        return record(session, {.action = AuditAction::signed_out,
                                .actor = caller.user,
                                .subject = caller.session.str()});
    });
}

Result<void> Sessions::unlink(const http::Caller& caller, const std::string& address) {
    return database_.transact([&](postgres::Session& session) -> Result<void> {
        // A sign-in under way with this wallet opens its session before we end them, or not at all.
        if (auto locked = session.run(sql::lock_wallet, address); !locked) return fail(locked);
        if (auto locked = session.run(sql::lock_user, caller.user); !locked) return fail(locked);
        const auto wallets = session.list<std::string>(sql::list_wallets, caller.user);
        if (!wallets) return fail(wallets);
        if (std::find(wallets->begin(), wallets->end(), address) == wallets->end())
            return fail(ErrorKind::not_found, "wallet_not_found",
                        "No wallet of that address is linked to you.");
        if (wallets->size() == 1)
            return fail(ErrorKind::conflict, "last_wallet",
                        "This is your only wallet; link another one first, else you could never "
                        "sign in again.");
        auto removed = session.run(sql::remove_wallet, address, caller.user);
        if (!removed) return fail(removed);
        if (auto set = session.run(sql::set_primary_wallet, caller.user); !set) return fail(set);
        auto ended = session.run(sql::end_wallet_sessions, caller.user, address);
        if (!ended) return fail(ended);
        return record(
            session,
            {.action = AuditAction::wallet_unlinked, .actor = caller.user, .subject = address});
    });
}

Result<std::vector<SessionInfo>> Sessions::list(const http::Caller& caller) {
    return database_.list<SessionInfo>(sql::list_sessions, caller.user, caller.session);
}

Result<void> Sessions::revoke(const http::Caller& caller, const SessionId& id) {
    auto revoked = database_.transact([&](postgres::Session& session) -> Result<void> {
        const auto ended = session.run(sql::end_session, id, caller.user, "revoked");
        if (!ended) return fail(ended);
        if (ended->affected() == 0)
            return fail(ErrorKind::not_found, "session_not_found",
                        "You have no live session of that id.");
        return record(
            session,
            {.action = AuditAction::session_revoked, .actor = caller.user, .subject = id.str()});
    });
    if (revoked) tokens_.announce_change(caller.user);
    return revoked;
}

Result<Ticket> Sessions::create_ticket(const http::Caller& caller) {
    Ticket ticket{.ticket = crypto::random_token(), .expires_at = {}};
    const auto expires_at = database_.one<Time>(sql::insert_ticket, hash_of(ticket.ticket),
                                                caller.user, caller.session, ticket_seconds);
    if (!expires_at) return fail(expires_at);
    ticket.expires_at = *expires_at;
    return ticket;
}

Result<http::Caller> Sessions::redeem_ticket(std::string_view ticket) {
    const auto taken = database_.find<TicketRow>(sql::take_ticket, hash_of(ticket));
    if (!taken) return fail(taken);
    if (!*taken)
        return refuse(
            "ticket_invalid",
            "The ticket is unknown, used or older than 30 s; get one and use it at once.");
    return http::Caller{.user = (*taken)->user_id, .session = (*taken)->session_id};
}

}  // namespace stoa::accounts
