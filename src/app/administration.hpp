// SPDX-License-Identifier: Apache-2.0
// What an operator does by hand: look at jobs, bring dead ones back, follow the audit trail, make
// administrators, give the access tokens a new key. Needs PostgreSQL only. One thread; prints to
// stdout.
#pragma once

#include "base/result.hpp"
#include "base/settings.hpp"

#include <cstdint>
#include <string>

namespace stoa::app {

/// The newest jobs, a line each; `state` narrows them (`state_unknown` if there is none such).
Result<void> list_jobs(const Settings& settings, const std::string& state, int count);
/// One job as JSON; `job_not_found`.
Result<void> show_job(const Settings& settings, const std::string& id);
/// A dead or cancelled job begins again.
Result<void> retry_job(const Settings& settings, const std::string& id);
/// A queued or dead job is cancelled.
Result<void> drop_job(const Settings& settings, const std::string& id);
/// Follows the hash chain and its checkpoints; `audit_broken` names the first entry that is
/// missing, changed or cut off. `entries_min`: a count kept elsewhere, such as a log line's.
Result<void> verify_audit(const Settings& settings, std::int64_t entries_min);
/// Gives whoever signed in with that wallet a role on the platform, so the first administrator
/// too. `wallet_not_found`, `role_unknown`, `last_admin`.
Result<void> set_role(const Settings& settings, const std::string& wallet, const std::string& role);
/// A new key for access tokens; those of the old one stay valid until they expire.
Result<void> rotate_signing_keys(const Settings& settings);

}  // namespace stoa::app
