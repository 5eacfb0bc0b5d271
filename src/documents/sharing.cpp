// SPDX-License-Identifier: Apache-2.0
#include "accounts/audit.hpp"
#include "documents/documents.hpp"
#include "documents/events.hpp"
#include "documents/sql.hpp"

#include <optional>
#include <utility>

namespace stoa::documents {

namespace {

using accounts::AuditAction;

Result<void> check_share(const Share& share) {
    Error error{
        ErrorKind::invalid, "validation_failed", "The share is not possible as it is.", {}, {}};
    if (share.room_id.has_value() == share.user_id.has_value()) {
        error.fields.push_back(
            {{"body"}, "Give either room_id or user_id, and not both", "value_error"});
    }
    if (share.expires_at && *share.expires_at <= now()) {
        error.fields.push_back(
            {{"body", "expires_at"}, "Input should be a time in the future", "value_error"});
    }
    if (error.fields.empty()) return {};
    return tl::unexpected<Error>(std::move(error));
}

/// Whom a permission is for: a room or a person.
struct Grantee {
    const std::optional<RoomId>& room;
    const std::optional<UserId>& person;
};

Result<void> record(postgres::Session& session, const UserId& by, const DocumentId& document,
                    AuditAction action, const Grantee& grantee,
                    std::optional<Permission> permission = {}) {
    accounts::AuditEvent event{.action = action, .actor = by, .subject = document.str()};
    if (grantee.room) event.detail.room = grantee.room->str();
    if (grantee.person) event.detail.person = grantee.person->str();
    if (permission) event.detail.role = std::string(json::enum_name(*permission));
    return accounts::record(session, event);
}

}  // namespace

Result<PermissionRow> Documents::share(const UserId& user, const Share& share) {
    if (auto checked = check_share(share); !checked) return fail(checked);
    auto granted = access_document(user, share.document_id, Permission::admin);
    if (!granted) return fail(granted);
    if (share.room_id) {
        if (auto member = rooms_.access_room(user, *share.room_id); !member) return fail(member);
    }
    std::optional<rooms::Event> event;
    auto row = database_.transact([&](postgres::Session& session) -> Result<PermissionRow> {
        event.reset();
        const auto& query = share.room_id ? sql::grant_to_room : sql::grant_to_person;
        const auto& with = share.room_id ? share.room_id->uuid : share.user_id->uuid;
        auto permission =
            session.find<PermissionRow>(query, RowId::make(), share.document_id, RowId{with},
                                        share.permission_type, user, share.expires_at);
        if (!permission) return fail(permission);
        if (!*permission) {
            return fail(ErrorKind::not_found, "user_not_found", "There is no such person.");
        }
        if (share.room_id) {
            auto appended = append_shared(session, *share.room_id, granted->document, user,
                                          share.permission_type);
            if (!appended) return fail(appended);
            event = std::move(*appended);
        }
        const Grantee grantee{share.room_id, share.user_id};
        auto recorded = record(session, user, share.document_id, AuditAction::document_shared,
                               grantee, share.permission_type);
        if (!recorded) return fail(recorded);
        return std::move(**permission);
    });
    if (row) announce_change(share.document_id);
    if (row && event) rooms_.events().publish(*event);
    return row;
}

Result<PermissionList> Documents::permissions(const UserId& user, const DocumentId& document) {
    const auto granted = access_document(user, document, Permission::admin);
    if (!granted) return fail(granted);
    auto owner = database_.one<Owner>(sql::find_person, granted->original.owner);
    if (!owner) return fail(owner);
    auto rows = database_.list<PermissionView>(sql::list_permissions, document, user);
    if (!rows) return fail(rows);
    return PermissionList{std::move(*owner), granted->document.is_public, std::move(*rows),
                          std::nullopt};
}

Result<void> Documents::unshare(const UserId& user, const DocumentId& document,
                                const std::optional<RoomId>& room,
                                const std::optional<UserId>& person) {
    const auto least = person == user && !room ? Permission::read : Permission::admin;
    if (auto granted = access_document(user, document, least); !granted) return fail(granted);
    auto unshared = database_.transact([&](postgres::Session& session) -> Result<void> {
        auto deleted = session.run(sql::delete_permission, document, room, person);
        if (!deleted) return fail(deleted);
        if (deleted->affected() == 0) {
            return fail(ErrorKind::not_found, "permission_not_found",
                        "There is no such permission.");
        }
        return record(session, user, document, AuditAction::document_unshared, {room, person});
    });
    if (unshared) announce_change(document);
    return unshared;
}

}  // namespace stoa::documents
