// SPDX-License-Identifier: Apache-2.0
#include "accounts/administration.hpp"

#include "accounts/sql.hpp"

#include <utility>
#include <vector>

namespace stoa::accounts {
namespace {

Result<void> keep_an_admin(postgres::Session& session, const UserId& user, PlatformRole role) {
    const auto admins = session.list<UserId>(sql::lock_admins);
    if (!admins) return fail(admins);
    if (role != PlatformRole::admin && admins->size() == 1 && admins->front() == user) {
        return fail(ErrorKind::conflict, "last_admin",
                    "This is the only administrator; make another one first.");
    }
    return {};
}

}  // namespace

Result<void> Administration::access_administration(const UserId& user) {
    const auto role = database_.find<PlatformRole>(sql::find_platform_role, user);
    if (!role) return fail(role);
    if (*role && **role == PlatformRole::admin) return {};
    return fail(ErrorKind::forbidden, "admin_only", "Only administrators may do this.");
}

Result<User> Administration::set_role(const std::optional<UserId>& by, const UserId& user,
                                      PlatformRole role) {
    if (by) {
        if (auto admin = access_administration(*by); !admin) return fail(admin);
    }
    auto changed = database_.transact([&](postgres::Session& session) -> Result<void> {
        if (auto kept = keep_an_admin(session, user, role); !kept) return kept;
        const auto set = session.find<UserId>(sql::set_platform_role, user, role);
        if (!set) return fail(set);
        if (!*set) return {};  // has it already, or there is no such user: the answer tells
        return record(session, {.action = AuditAction::role_changed,
                                .actor = by,
                                .subject = user.str(),
                                .detail = {.role = std::string(json::enum_name(role))}});
    });
    if (!changed) return fail(changed);
    return Profiles(database_).find_user(user);
}

Result<UserId> Administration::find_by_wallet(const std::string& address) {
    const auto owner = database_.find<UserId>(sql::find_wallet_owner, address);
    if (!owner) return fail(owner);
    if (*owner) return **owner;
    return fail(ErrorKind::not_found, "wallet_not_found",
                "Nobody has signed in with the wallet " + address + " yet.");
}

Result<http::Listing<AuditEntry>> Administration::list_audit_log(const UserId& by,
                                                                 const AuditQuery& query) {
    if (auto admin = access_administration(by); !admin) return fail(admin);
    std::optional<std::int64_t> before;
    if (query.cursor) {
        const auto seq = http::seq_of_cursor(query.cursor->value);
        if (!seq) return fail(seq);
        before = *seq;
    }
    constexpr std::int64_t items_default = 50;
    const std::int64_t limit = query.limit ? query.limit->value : items_default;
    auto entries = database_.list<AuditEntry>(sql::list_audit_log, before, query.actor_id,
                                              query.action, limit + 1);
    if (!entries) return fail(entries);
    http::Listing<AuditEntry> page;
    if (std::cmp_greater(entries->size(), limit)) {
        entries->pop_back();
        page.next_cursor = std::to_string(entries->back().seq);
    }
    page.items = std::move(*entries);
    return page;
}

}  // namespace stoa::accounts
