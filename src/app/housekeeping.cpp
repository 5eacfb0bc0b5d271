// SPDX-License-Identifier: Apache-2.0
#include "app/housekeeping.hpp"

#include "accounts/audit_checkpoints.hpp"
#include "accounts/purge.hpp"
#include "app/idempotency.hpp"
#include "base/log.hpp"
#include "jobs/admin.hpp"

#include <chrono>
#include <functional>
#include <string_view>

namespace stoa::app {
namespace {

using namespace std::chrono_literals;

constexpr const char* purge_accounts_task = "stoa.accounts.purge";
constexpr const char* sign_audit_log_task = "stoa.audit.sign";
constexpr const char* sweep_documents_task = "stoa.documents.sweep";
constexpr const char* purge_uploads_task = "stoa.documents.purge_uploads";
constexpr const char* purge_keys_task = "stoa.idempotency.purge";
constexpr const char* purge_jobs_task = "stoa.jobs.purge";

/// A task that removes something and says how many; harmless at any time, also in parallel.
jobs::Task removal(std::function<Result<std::uint64_t>()> remove) {
    jobs::Task task;
    task.run = [remove = std::move(remove)](jobs::Run& run) -> Result<void> {
        const auto removed = remove();
        if (!removed) return fail(removed);
        return run.set_result(std::to_string(*removed));
    };
    task.hard_limit = 10min;
    return task;
}

}  // namespace

std::map<std::string, jobs::Task> housekeeping_tasks(postgres::Database& database,
                                                     documents::Documents& documents,
                                                     documents::UploadSessions& uploads,
                                                     accounts::MasterKeys& master_keys) {
    jobs::Task sign;
    sign.run = [&database, &master_keys](jobs::Run&) -> Result<void> {
        const auto master = master_keys.active();
        if (!master) return fail(master);
        const auto key = accounts::audit_key(crypto::view(master->key));
        if (auto made = accounts::sign_audit_log(database, key); !made) return fail(made);
        return {};
    };
    return {
        {purge_accounts_task, removal([&] { return accounts::purge_expired(database); })},
        {purge_keys_task, removal([&] { return purge_idempotency_keys(database); })},
        {purge_uploads_task, removal([&] { return uploads.remove_expired(); })},
        {purge_jobs_task, removal([&] { return jobs::purge_jobs(database); })},
        {sweep_documents_task, removal([&]() -> Result<std::uint64_t> {
             const auto swept = documents.sweep_orphans();
             if (!swept) return fail(swept);
             return *swept;
         })},
        {sign_audit_log_task, std::move(sign)},
    };
}

std::vector<jobs::Periodic> housekeeping_schedule() {
    return {{"purge accounts", 1h, purge_accounts_task},
            {"purge idempotency keys", 1h, purge_keys_task},
            {"purge jobs", 10min, purge_jobs_task},
            {"sweep documents", 1h, sweep_documents_task},
            {"purge uploads", 10min, purge_uploads_task},
            {"sign audit log", 1min, sign_audit_log_task}};
}

}  // namespace stoa::app
