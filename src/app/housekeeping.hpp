// SPDX-License-Identifier: Apache-2.0
// What the platform tidies up by the clock: expired challenges, tickets, sessions, uploads,
// idempotency keys and jobs, files that no row knows; and the audit log, signed once a minute. Each
// is a periodic job like any other, so one worker does it, a failure is retried and `stoa jobs`
// shows it. Owner: `stoa work`. Any thread.
#pragma once

#include "accounts/master_keys.hpp"
#include "documents/documents.hpp"
#include "documents/upload_sessions.hpp"
#include "jobs/periodic.hpp"
#include "jobs/worker.hpp"
#include "postgres/database.hpp"

#include <map>
#include <string>
#include <vector>

namespace stoa::app {

/// The tasks, for the worker's table; what they are given outlives the worker.
std::map<std::string, jobs::Task> housekeeping_tasks(postgres::Database& database,
                                                     documents::Documents& documents,
                                                     documents::UploadSessions& uploads,
                                                     accounts::MasterKeys& master_keys);
/// When each of them is due.
std::vector<jobs::Periodic> housekeeping_schedule();

}  // namespace stoa::app
