// SPDX-License-Identifier: Apache-2.0
// What the platform's administrators may do beyond everybody else: give people their role on the
// platform and read the audit trail. Roles are asked of the database at each act. Writes
// `users.role`. Any thread.
#pragma once

#include "accounts/audit.hpp"
#include "accounts/profiles.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "http/routes.hpp"
#include "postgres/database.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace stoa::accounts {

struct AuditEntry {
    std::int64_t seq = 0;
    std::optional<UserId> actor_id;
    std::string action;
    std::optional<std::string> subject;
    json::Raw detail;
    Time created_at;
};
BOOST_DESCRIBE_STRUCT(AuditEntry, (), (seq, actor_id, action, subject, detail, created_at))

/// `cursor` is the seq of the last entry seen.
struct AuditQuery {
    std::optional<UserId> actor_id;
    std::optional<AuditAction> action;
    std::optional<Int<1, 100>> limit;
    std::optional<Text<1, 200>> cursor;
};
BOOST_DESCRIBE_STRUCT(AuditQuery, (), (actor_id, action, limit, cursor))

struct RoleChange {
    PlatformRole role;
};
BOOST_DESCRIBE_STRUCT(RoleChange, (), (role))

class Administration {
  public:
    explicit Administration(postgres::Database& database) : database_(database) {}

    /// `admin_only` (403) unless the person's role is admin now.
    Result<void> access_administration(const UserId& user);

    /// By an admin, or by the operator (no `by`), who so makes the first one. `user_not_found`
    /// (404), `last_admin` (409): an admin cannot take the role from the only one; `admin_only`.
    Result<User> set_role(const std::optional<UserId>& by, const UserId& user, PlatformRole role);
    /// `wallet_not_found` (404).
    Result<UserId> find_by_wallet(const std::string& address);

    /// Newest first. `admin_only`, `invalid_cursor`.
    Result<http::Listing<AuditEntry>> list_audit_log(const UserId& by, const AuditQuery& query);

  private:
    postgres::Database& database_;
};

}  // namespace stoa::accounts
