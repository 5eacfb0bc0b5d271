// SPDX-License-Identifier: Apache-2.0
// What a worker holds and its threads do: one dispatches (takes messages, leases jobs), some run
// tasks, one acknowledges, one keeps the pulse (leases, heartbeat, limits), one the upkeep (what
// any worker does for all, and all of that which asks Redis). Private to this module; worker.cpp
// has the dispatching and running, worker_pulse.cpp the rest and what remote control asks.
#pragma once

#include "jobs/acknowledger.hpp"
#include "jobs/active_run.hpp"
#include "jobs/events.hpp"
#include "jobs/intake.hpp"
#include "jobs/outgoing.hpp"
#include "jobs/remote_control.hpp"
#include "jobs/reports.hpp"
#include "jobs/worker.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_set>

namespace stoa::jobs {

struct Worker::State final : public Steered {
    using Run = std::shared_ptr<ActiveRun>;
    using Instant = std::chrono::steady_clock::time_point;

    State(postgres::Database& database, redis::Client& given_redis, Metrics& given_metrics,
          Options given_options, std::map<std::string, Task> given_tasks);
    ~State() override;
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    // The dispatching thread.
    void dispatch();
    std::size_t wait_for_free();
    bool listen(std::chrono::milliseconds wait);
    bool lease_due(std::size_t count);
    std::size_t sweep();
    std::size_t count_idle();
    void start(std::vector<Lease> leased, Instant claimed, bool are_lapsed = false);
    void pause(std::chrono::milliseconds time);

    // The running threads.
    void run_jobs();
    Run next_waiting();
    void forget(const std::vector<Run>& ended);

    // The pulse.
    void keep_alive();
    void renew();
    void give_back_stale();
    void enforce_hard_limits();
    void record_heartbeat();
    /// In place of the thread of `given_up`, which it settles first.
    void add_runner(Run given_up = nullptr);

    // The upkeep.
    void keep_up();
    void announce_heartbeat();
    void tend();

    // The end.
    void give_back_waiting();
    void give_back_unfinished();

    std::vector<Run> list_active();
    bool is_revoked(JobId id);
    void mark_revoked(const std::vector<JobId>& ids, bool terminate);

    // Steered
    std::vector<RunningJob> list_held() override;
    std::vector<ScheduledJob> list_scheduled() override;
    std::vector<std::string> list_tasks() const override { return leases.scope().tasks; }
    std::vector<JobId> list_revoked() override;
    boost::json::object count_by_task() override;
    std::size_t threads() const override { return options.threads; }
    void revoke(const std::vector<JobId>& ids, bool terminate) override;
    void beat() override;
    void shut_down() override;

    const Options options;
    const std::map<std::string, Task> tasks;
    redis::Client& redis;
    Metrics& metrics;
    Leases leases;
    Queue queue;
    Reports reports;
    Outgoing outgoing;
    Events events;
    Intake intake;
    const RunContext context;

    std::mutex mutex;
    std::condition_variable changed;
    std::atomic<bool> stopping = false;
    std::atomic<bool> is_known = false;  ///< has a row that tells of its end if it dies
    bool has_lapsed = false;  ///< more leases may have lapsed; only the dispatching thread asks
    bool is_over = false;
    std::unordered_set<Run> active;  ///< taken and not ended
    std::deque<Run> waiting;         ///< those of them that no thread has yet
    std::size_t stuck = 0;           ///< threads whose tasks do not end
    double typical_seconds = 1;      ///< how long a task takes, lately
    std::map<std::string, std::uint64_t> ended_by_task;
    std::uint64_t ended = 0;
    std::map<JobId, Instant> revoked;  ///< and when it was heard
    std::deque<JobId> revoked_order;

    std::unique_ptr<Acknowledger> acknowledger;
    std::vector<std::thread> runners;
    std::thread pulse;
    std::thread upkeep;
    std::thread dispatcher;
    std::unique_ptr<RemoteControl> remote_control;
};

}  // namespace stoa::jobs
