// SPDX-License-Identifier: Apache-2.0
// The trail of security events: append-only, each entry's hash covering the one before it, so that
// a changed, missing or inserted entry is found; checkpoints (audit_checkpoints.hpp) hold its end.
// Written in the transaction of what it tells, last, because appending is serialised. Writes
// audit_log. Any thread.
#pragma once

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "postgres/database.hpp"

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
    keys_rotated,
    master_key_rotated,
    role_changed,
    room_closed,
    invite_created,
    message_removed,
    highlight_removed,
    participant_kicked,
    participant_banned,
    participant_unbanned,
    participant_role_changed,
    document_shared,
    document_unshared,
    document_published,
    document_unpublished,
    document_replaced,
    document_deleted
};
BOOST_DESCRIBE_ENUM(AuditAction, user_created, signed_in, sign_in_failed, signed_out, wallet_linked,
                    wallet_unlinked, refresh_reused, session_revoked, keys_rotated,
                    master_key_rotated, role_changed, room_closed, invite_created, message_removed,
                    highlight_removed, participant_kicked, participant_banned, participant_unbanned,
                    participant_role_changed, document_shared, document_unshared,
                    document_published, document_unpublished, document_replaced, document_deleted)

/// The details of an event; what does not apply is null.
struct AuditDetail {
    std::optional<std::string> address{};
    std::optional<std::string> code{};
    std::optional<std::string> device{};
    std::optional<std::string> remote_address{};
    std::optional<std::string> role{};        ///< or permission that was given
    std::optional<std::string> person{};      ///< whom it happened to, beside the subject
    std::optional<std::string> room{};        ///< where, beside the subject
    std::optional<std::string> public_key{};  ///< whose checkpoints stay good
};
BOOST_DESCRIBE_STRUCT(AuditDetail, (),
                      (address, code, device, remote_address, role, person, room, public_key))

struct AuditEvent {
    AuditAction action;
    std::optional<UserId> actor{};
    std::string subject{};  ///< what it was done to: a session, a wallet, a key
    AuditDetail detail{};
};

/// Appends; other appenders wait until the transaction ends.
Result<void> record(postgres::Session& session, const AuditEvent& event);

}  // namespace stoa::accounts
