// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"
#include "jobs/sql.hpp"
#include "jobs/worker_state.hpp"

#include <algorithm>

namespace stoa::jobs {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds heartbeat_every = 2s;
constexpr auto waiting_max = 1s;  // leased ahead and not begun
constexpr std::size_t revoked_max = 10'000;

}  // namespace

/// Asks nothing of Redis: if that hangs, the leases are kept all the same.
void Worker::State::keep_alive() {
    auto next_heartbeat = steady_clock::now();
    const auto every = std::min(options.lease / 3, heartbeat_every / 2);
    for (;;) {
        const auto now = steady_clock::now();
        give_back_stale();
        enforce_hard_limits();
        renew();
        if (now >= next_heartbeat) {
            next_heartbeat = now + heartbeat_every;
            record_heartbeat();
        }
        std::unique_lock lock(mutex);
        if (changed.wait_for(lock, every, [this] { return is_over; })) return;
    }
}

void Worker::State::keep_up() {
    events.worker("worker-online", 0, 0);
    for (;;) {
        announce_heartbeat();
        tend();
        std::unique_lock lock(mutex);
        if (changed.wait_for(lock, heartbeat_every, [this] { return stopping.load(); })) return;
    }
}

void Worker::State::renew() {
    const auto held = list_active();
    if (held.empty()) return;
    std::vector<Lease> of;
    for (const auto& run : held)
        if (!run->is_given_up()) of.push_back(run->lease());
    const auto asked = steady_clock::now();
    const auto renewed = leases.renew(of);
    if (!renewed) return;  // they end by themselves if this lasts
    for (const auto& run : held)
        if (std::ranges::find(*renewed, run->id()) != renewed->end()) run->renewed(asked);
}

/// A long task came before them; another worker may have a free thread.
void Worker::State::give_back_stale() {
    std::vector<Run> stale;
    {
        const std::lock_guard lock(mutex);
        const auto since = steady_clock::now() - waiting_max;
        const auto is_stale = [&](const Run& run) { return run->claimed() < since; };
        std::ranges::copy_if(waiting, std::back_inserter(stale), is_stale);
        std::erase_if(waiting, is_stale);
        for (const auto& run : stale) active.erase(run);
        if (!stale.empty()) typical_seconds = std::max(typical_seconds, 1.0);
    }
    give_back(leases, stale);
    if (!stale.empty()) changed.notify_all();
}

/// A thread cannot be taken back from a task: the job is, and another thread takes its place.
void Worker::State::enforce_hard_limits() {
    for (const auto& run : list_active()) {
        if (!run->is_past_hard_limit() || !run->give_up()) continue;
        bool is_too_many = false;
        bool is_replaced = false;
        {
            const std::lock_guard lock(mutex);
            active.erase(run);
            ++stuck;
            is_too_many = stuck > options.threads;
            is_replaced = !stopping && !is_too_many;
            if (is_replaced) add_runner(run);
        }
        changed.notify_all();
        log::error("a task goes on past its hard time limit",
                   {{"stoa.job.id", run->id().str()}, {"stoa.job.task", run->lease().task}});
        if (!is_replaced) run->settle_given_up();
        if (is_too_many && options.on_stuck) options.on_stuck();
    }
}

void Worker::State::record_heartbeat() {
    if (leases.record_heartbeat(list_active().size())) is_known = true;
}

void Worker::State::announce_heartbeat() {
    std::size_t running = 0;
    std::uint64_t so_far = 0;
    {
        const std::lock_guard lock(mutex);
        running = active.size();
        so_far = ended;
    }
    events.worker("worker-heartbeat", running, so_far);
}

void Worker::State::beat() {
    record_heartbeat();
    announce_heartbeat();
}

/// What any worker does for all.
void Worker::State::tend() {
    const Metrics::Labels labels{{"queue", options.queue}};
    if (const auto measure = leases.measure()) {
        metrics.set("stoa_jobs_due", "Jobs that wait for a worker.", labels,
                    static_cast<double>(measure->due));
        metrics.set("stoa_jobs_oldest_due_seconds", "How long the oldest of them has waited.",
                    labels, measure->oldest_seconds);
    }
    intake.restore_lost();
    reports.tell_ends();
    outgoing.send_unsent();
    outgoing.collect_results();
    enqueue_ticks(leases.database(), queue, options.periodic, now());
}

bool Worker::State::is_revoked(JobId id) {
    const std::lock_guard lock(mutex);
    return revoked.contains(id);
}

std::vector<RunningJob> Worker::State::list_held() {
    std::vector<RunningJob> held;
    for (const auto& run : list_active())
        held.push_back(
            {run->id(), run->lease().task, run->arguments_json(), run->attempt(), run->started()});
    return held;
}

std::vector<ScheduledJob> Worker::State::list_scheduled() {
    return leases.database()
        .list<ScheduledJob>(sql::list_scheduled_jobs, options.queue)
        .value_or(std::vector<ScheduledJob>());
}

std::vector<JobId> Worker::State::list_revoked() {
    const std::lock_guard lock(mutex);
    return {revoked_order.begin(), revoked_order.end()};
}

boost::json::object Worker::State::count_by_task() {
    const std::lock_guard lock(mutex);
    boost::json::object counts;
    for (const auto& [task, count] : ended_by_task) counts[task] = count;
    return counts;
}

void Worker::State::mark_revoked(const std::vector<JobId>& ids, bool terminate) {
    const std::lock_guard lock(mutex);
    const auto heard = steady_clock::now();
    for (const auto& id : ids) {
        if (revoked.insert_or_assign(id, heard).second) revoked_order.push_back(id);
        if (revoked_order.size() <= revoked_max) continue;
        revoked.erase(revoked_order.front());
        revoked_order.pop_front();
    }
    for (const auto& run : active) {
        if (std::ranges::find(ids, run->id()) == ids.end()) continue;
        run->revoke();
        if (terminate) run->terminate();
    }
}

void Worker::State::revoke(const std::vector<JobId>& ids, bool terminate) {
    mark_revoked(ids, terminate);
    const auto done = revoke_queued(leases.database(), tasks, ids);
    mark_revoked(ids, terminate);  // what was claimed in between
    if (!done || done->empty()) return;
    for (const auto& id : *done)
        events.task("task-revoked", id,
                    {{"terminated", false}, {"signum", nullptr}, {"expired", false}});
    reports.tell_ends();
}

void Worker::State::shut_down() {
    if (options.on_shutdown) options.on_shutdown();
}

}  // namespace stoa::jobs
