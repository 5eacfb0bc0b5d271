// SPDX-License-Identifier: Apache-2.0
#include "app/housekeeping.hpp"

#include "accounts/audit_checkpoints.hpp"
#include "accounts/purge.hpp"
#include "app/idempotency.hpp"
#include "base/log.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace stoa::app {
namespace {

/// Sleeps, or wakes at once when asked to stop.
void wait_for(const std::stop_token& stop, std::chrono::minutes time) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait_for(lock, stop, time, [] { return false; });
}

template <class T>
void report(std::string_view what, const Result<T>& done) {
    if (done) {
        log::info("housekeeping", {{"event.action", std::string(what)}, {"stoa.removed", *done}});
    } else {
        log::warning("housekeeping failed", {{"event.action", std::string(what)},
                                             {"error.message", done.error().message}});
    }
}

}  // namespace

Housekeeping::Housekeeping(postgres::Database& database, documents::Documents& documents,
                           const crypto::KeyPair& audit_key)
    : database_(database),
      documents_(documents),
      audit_key_(audit_key),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Housekeeping::run(const std::stop_token& stop) {
    constexpr int minutes_between_tidying = 60;
    for (int minute = 0; !stop.stop_requested(); ++minute) {
        if (minute % minutes_between_tidying == 0) tidy();
        sign_audit_log();
        wait_for(stop, std::chrono::minutes(1));
    }
}

void Housekeeping::sign_audit_log() {
    const auto made = accounts::sign_audit_log(database_, audit_key_);
    if (made) return;
    log::warning("housekeeping failed",
                 {{"event.action", "audit_checkpoint"}, {"error.message", made.error().message}});
}

void Housekeeping::tidy() {
    report("purge_expired", accounts::purge_expired(database_));
    report("purge_idempotency_keys", purge_idempotency_keys(database_));
    report("sweep_orphans", documents_.sweep_orphans());
}

}  // namespace stoa::app
