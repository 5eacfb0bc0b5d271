// SPDX-License-Identifier: Apache-2.0
#include "app/administration.hpp"

#include "accounts/administration.hpp"
#include "accounts/audit_checkpoints.hpp"
#include "accounts/tokens.hpp"
#include "app/command_place.hpp"
#include "app/master_key.hpp"
#include "app/services.hpp"
#include "base/json.hpp"
#include "documents/ingestion.hpp"
#include "jobs/admin.hpp"

#include <iostream>
#include <vector>

namespace stoa::app {
namespace {

Result<JobId> parse_job(const std::string& id) {
    if (const auto job = JobId::parse(id)) return *job;
    return fail(ErrorKind::invalid, "job_not_found", "\"" + id + "\" is not the id of a job.");
}

}  // namespace

Result<void> list_jobs(const Settings& settings, const std::string& state, int count) {
    std::optional<jobs::JobState> wanted;
    if (!state.empty()) {
        wanted = json::parse_enum<jobs::JobState>(state);
        if (!wanted) {
            return fail(
                ErrorKind::invalid, "state_unknown",
                "a job is queued, running, sent, done, dead or cancelled, not \"" + state + "\"");
        }
    }
    Place place(settings);
    const auto found = jobs::list_jobs(place.database, wanted, count);
    if (!found) return fail(found);
    for (const auto& job : *found) {
        std::cout << job.id.str() << "  " << json::enum_name(job.state) << "  " << job.attempt
                  << "/" << job.attempts_max << "  " << job.task << "  "
                  << job.last_error_code.value_or("") << '\n';
    }
    return {};
}

Result<void> show_job(const Settings& settings, const std::string& id) {
    const auto job = parse_job(id);
    if (!job) return fail(job);
    Place place(settings);
    const auto found = jobs::find_job(place.database, *job);
    if (!found) return fail(found);
    if (!*found) return fail(ErrorKind::not_found, "job_not_found", "There is no job " + id + ".");
    std::cout << json::to_text(**found) << '\n';
    return {};
}

Result<void> retry_job(const Settings& settings, const std::string& id) {
    const auto job = parse_job(id);
    if (!job) return fail(job);
    Place place(settings);
    return jobs::retry_job(place.database, *job);
}

Result<void> drop_job(const Settings& settings, const std::string& id) {
    const auto job = parse_job(id);
    if (!job) return fail(job);
    Place place(settings);
    return jobs::drop_job(
        place.database, *job,
        [](postgres::Session& session, const jobs::JobDetails& dropped) -> Result<void> {
            if (dropped.task != documents::ingestion_task) return {};
            return documents::cancel_ingestion(session, dropped.arguments.text);
        });
}

Result<void> verify_audit(const Settings& settings, std::int64_t entries_min) {
    const auto masters = load_master_keys(settings);
    if (!masters) return fail(masters);
    std::vector<crypto::PublicKey> keys;
    for (const auto& master : *masters) {
        keys.push_back(accounts::audit_key(crypto::view(master)).public_key);
    }
    Place place(settings);
    const auto found = accounts::verify_audit_log(place.database, keys, entries_min);
    if (!found) return fail(found);
    std::cout << found->entries << " entries, unbroken; " << found->checkpoints
              << " checkpoints sign those up to " << found->entries_signed << ".\n";
    return {};
}

Result<void> set_role(const Settings& settings, const std::string& wallet,
                      const std::string& role) {
    const auto wanted = json::parse_enum<accounts::PlatformRole>(role);
    if (!wanted) {
        return fail(ErrorKind::invalid, "role_unknown",
                    "a role is user, moderator or admin, not \"" + role + "\"");
    }
    Place place(settings);
    accounts::Administration administration(place.database);
    const auto user = administration.find_by_wallet(wallet);
    if (!user) return fail(user);
    const auto changed = administration.set_role(std::nullopt, *user, *wanted);
    if (!changed) return fail(changed);
    std::cout << "The owner of " << wallet << " now has the role " << role << ".\n";
    return {};
}

Result<void> rotate_signing_keys(const Settings& settings) {
    const auto keys = load_master_keys(settings);
    if (!keys) return fail(keys);
    Place place(settings);
    auto master_keys = make_master_keys(place.database, settings, *keys);
    accounts::Tokens tokens(place.database, token_settings(settings), master_keys);
    if (auto rotated = tokens.rotate_keys(); !rotated) return rotated;
    std::cout << "New tokens are signed by a new key within 20 s.\n";
    return {};
}

}  // namespace stoa::app
