// SPDX-License-Identifier: Apache-2.0
// What becomes of a session once it is open: refreshed, listed, ended, and lent to a browser's
// socket by a ticket. A session is a family of refresh tokens of which each works once; a second
// use means that somebody has a copy, and ends the family. Writes sessions, socket_tickets and
// wallets. Any thread.
#pragma once

#include "accounts/tokens.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "http/message.hpp"
#include "postgres/database.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::accounts {

inline constexpr std::int64_t sessions_max = 50;  ///< of a person, live

struct SessionInfo {
    SessionId id;
    std::optional<std::string> device;
    std::optional<std::string> remote_address;
    std::string wallet_address;
    Time created_at;
    Time last_used_at;  ///< to the minute
    Time expires_at;
    bool is_current = false;
};
BOOST_DESCRIBE_STRUCT(SessionInfo, (),
                      (id, device, remote_address, wallet_address, created_at, last_used_at,
                       expires_at, is_current))

struct Ticket {
    std::string ticket;
    Time expires_at;
};
BOOST_DESCRIBE_STRUCT(Ticket, (), (ticket, expires_at))

class Sessions {
  public:
    Sessions(postgres::Database& database, Tokens& tokens) : database_(database), tokens_(tokens) {}

    /// Exchanges a refresh token for a new pair. Errors, all 401: `refresh_unknown`,
    /// `refresh_expired`, `refresh_reused` (the session has ended with it), `session_revoked`.
    /// `remote_address`: from where, for the audit log.
    Result<TokenPair> refresh(std::string_view refresh_token,
                              const std::optional<std::string>& remote_address = {});

    /// Ends this session; with `address` unlinks that wallet instead and ends the sessions it
    /// opened. `wallet_not_found` (404), `last_wallet` (409).
    Result<void> disconnect(const http::Caller& caller, const std::optional<std::string>& address);

    /// The live sessions, last used first; at most `sessions_max`.
    Result<std::vector<SessionInfo>> list(const http::Caller& caller);
    /// `session_not_found` (404) unless it is a live one of the caller's.
    Result<void> revoke(const http::Caller& caller, const SessionId& session);

    /// Opens one socket within 30 s.
    Result<Ticket> create_ticket(const http::Caller& caller);
    /// `ticket_invalid` (401): unknown, used, expired, or its session has ended.
    Result<http::Caller> redeem_ticket(std::string_view ticket);

  private:
    Result<void> end(const http::Caller& caller);
    Result<void> unlink(const http::Caller& caller, const std::string& address);

    postgres::Database& database_;
    Tokens& tokens_;
};

}  // namespace stoa::accounts
