// SPDX-License-Identifier: Apache-2.0
#include "accounts/audit.hpp"

#include "accounts/sql.hpp"

namespace stoa::accounts {
Result<void> record(postgres::Session& session, const AuditEvent& event) {
    if (auto locked = session.run(sql::lock_audit_log); !locked) return fail(locked);
    auto recorded = session.run(sql::record_audit_entry, event.actor, json::enum_name(event.action),
                                event.subject, json::Raw{json::to_text(event.detail)});
    if (!recorded) return fail(recorded);
    return {};
}

}  // namespace stoa::accounts
