// SPDX-License-Identifier: Apache-2.0
// The trail of security events: append-only, each entry's hash covering the one before it, so that
// a changed, missing or inserted entry is found (an end cut off is not: compare with a count kept
// elsewhere). Written in the transaction of what it tells, last, because appending is serialised.
// Writes audit_log. Any thread.
#pragma once

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "postgres/database.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace stoa::accounts {

enum class AuditAction {
    user_created,
    signed_in,
    sign_in_failed,
    signed_out,
    wallet_linked,
    wallet_unlinked,
    refresh_reused,
    session_revoked,
    keys_rotated
};
BOOST_DESCRIBE_ENUM(AuditAction, user_created, signed_in, sign_in_failed, signed_out, wallet_linked,
                    wallet_unlinked, refresh_reused, session_revoked, keys_rotated)

/// The details of an event; what does not apply is null.
struct AuditDetail {
    std::optional<std::string> address{};
    std::optional<std::string> code{};
    std::optional<std::string> device{};
    std::optional<std::string> remote_address{};
};
BOOST_DESCRIBE_STRUCT(AuditDetail, (), (address, code, device, remote_address))

struct AuditEvent {
    AuditAction action;
    std::optional<UserId> actor{};
    std::string subject{};  ///< what it was done to: a session, a wallet, a key
    AuditDetail detail{};
};

/// Appends; other appenders wait until the transaction ends.
Result<void> record(postgres::Session& session, const AuditEvent& event);

/// Follows the chain from its first entry and says how many there are. `audit_broken` (conflict)
/// names the first entry that is missing, changed or out of place.
Result<std::int64_t> verify_audit_chain(postgres::Database& database);

}  // namespace stoa::accounts
