// SPDX-License-Identifier: Apache-2.0
#include "jobs/worker.hpp"

#include "base/log.hpp"
#include "jobs/active_run.hpp"
#include "jobs/celery_message.hpp"
#include "jobs/leases.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <unistd.h>

namespace stoa::jobs {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds heartbeat_every = 2s;
constexpr auto clean_every = 10min;
// A blocked BRPOP does not hear of the worker's end.
constexpr std::chrono::milliseconds hint_wait_max = 1s;

/// "host-pid-random": for people, and unlike any other.
std::string make_worker_name() {
    std::array<char, 65> host{};
    if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
    return std::string(host.data()) + "-" + std::to_string(getpid()) + "-" +
           to_string(make_uuid()).substr(28);
}

Leases::Scope scope_of(const Worker::Options& options, const std::map<std::string, Task>& tasks) {
    Leases::Scope scope{options.queue, {}, make_worker_name(), options.lease};
    for (const auto& [name, task] : tasks) scope.tasks.push_back(name);
    return scope;
}

}  // namespace

struct Worker::State {
    State(postgres::Database& database, redis::Client& given_redis, Metrics& given_metrics,
          Options given_options, std::map<std::string, Task> given_tasks)
        : options(std::move(given_options)),
          tasks(std::move(given_tasks)),
          redis(given_redis),
          metrics(given_metrics),
          leases(database, scope_of(options, tasks)) {
        for (std::size_t i = 0; i < options.threads; ++i)
            runners.emplace_back([this] { run_jobs(); });
        pulse = std::thread([this] { keep_alive(); });
        dispatcher = std::thread([this] { dispatch(); });
    }

    ~State() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        changed.notify_all();
        dispatcher.join();
        give_back_waiting();
        give_back_unfinished();
        for (auto& runner : runners) runner.join();
        {
            const std::lock_guard lock(mutex);
            is_over = true;
        }
        changed.notify_all();
        pulse.join();
        (void)leases.delete_heartbeat();
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    // The dispatching thread: never takes more than there are free threads.

    void dispatch() {
        auto next_sweep = steady_clock::now();
        while (const auto free = wait_for_free()) {
            const auto now = steady_clock::now();
            if (now < next_sweep) {
                const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_sweep - now);
                take_hint(std::min(left, hint_wait_max));
                continue;
            }
            bury_lapsed(leases, tasks);
            auto taken = leases.claim_any(free);
            // Taking as many as could be had means that there are more.
            const bool is_all = !taken || taken->size() < free;
            next_sweep = is_all ? steady_clock::now() + options.sweep_every : now;
            if (!taken) continue;
            for (auto& lease : *taken) start(std::move(lease), now);
        }
    }

    /// 0: the worker ends.
    std::size_t wait_for_free() {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return stopping || active.size() < options.threads; });
        return stopping ? 0 : options.threads - active.size();
    }

    void take_hint(std::chrono::milliseconds at_most) {
        const auto seconds = std::to_string(std::max<double>(
            0.01, std::chrono::duration<double>(at_most).count()));  // 0 would be for ever
        const auto popped = redis.run({"BRPOP", options.queue, seconds}, at_most);
        if (!popped) {
            std::unique_lock lock(mutex);
            changed.wait_for(lock, at_most, [this] { return stopping.load(); });
            return;
        }
        if (popped->items.size() != 2) return;
        const auto message = read_message(popped->items[1].text);
        if (!message) {
            log::warning("a hint was dropped", {{"error.message", message.error().message}});
            return;
        }
        const auto now = steady_clock::now();
        auto lease = leases.claim(message->id);
        if (lease && *lease) start(std::move(**lease), now);
    }

    void start(Lease lease, steady_clock::time_point claimed) {
        {
            const std::lock_guard lock(mutex);
            auto run = std::make_shared<ActiveRun>(leases, std::move(lease), claimed, stopping);
            active.push_back(run);
            waiting.push_back(std::move(run));
        }
        changed.notify_all();
    }

    // The running threads.

    void run_jobs() {
        while (const auto run = next_waiting()) {
            run->execute(tasks.at(run->lease().task), options, metrics);
            forget(*run);
        }
    }

    std::shared_ptr<ActiveRun> next_waiting() {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return stopping || !waiting.empty(); });
        if (stopping) return nullptr;
        auto run = std::move(waiting.front());
        waiting.pop_front();
        return run;
    }

    void forget(const ActiveRun& ended) {
        {
            const std::lock_guard lock(mutex);
            std::erase_if(active, [&](const auto& run) { return run.get() == &ended; });
        }
        changed.notify_all();
    }

    // The pulse: leases, heartbeat, the queue's depth, old jobs.

    void keep_alive() {
        auto next_heartbeat = steady_clock::now();
        auto next_clean = next_heartbeat;
        const auto every = std::min(options.lease / 3, heartbeat_every);
        for (;;) {
            const auto now = steady_clock::now();
            renew();
            if (now >= next_heartbeat) {
                next_heartbeat = now + heartbeat_every;
                beat();
            }
            if (now >= next_clean) {
                next_clean = now + clean_every;
                (void)leases.delete_old();
            }
            std::unique_lock lock(mutex);
            if (changed.wait_for(lock, every, [this] { return is_over; })) return;
        }
    }

    void renew() {
        const auto held = list_active();
        if (held.empty()) return;
        std::vector<Lease> of;
        for (const auto& run : held) of.push_back(run->lease());
        const auto asked = steady_clock::now();
        const auto renewed = leases.renew(of);
        if (!renewed) return;  // they end by themselves if this lasts
        for (const auto& run : held)
            if (std::ranges::find(*renewed, run->id()) != renewed->end()) run->renewed(asked);
    }

    void beat() {
        (void)leases.record_heartbeat(list_active().size());
        if (const auto due = leases.count_due())
            metrics.set("stoa_jobs_due", "Jobs that wait for a worker.", {{"queue", options.queue}},
                        static_cast<double>(*due));
    }

    std::vector<std::shared_ptr<ActiveRun>> list_active() {
        const std::lock_guard lock(mutex);
        return active;
    }

    // The end.

    void give_back_waiting() {
        std::deque<std::shared_ptr<ActiveRun>> unstarted;
        {
            const std::lock_guard lock(mutex);
            unstarted.swap(waiting);
        }
        for (const auto& run : unstarted) {
            (void)leases.release(run->lease());
            forget(*run);
        }
    }

    void give_back_unfinished() {
        {
            std::unique_lock lock(mutex);
            if (changed.wait_for(lock, options.stop_wait, [this] { return active.empty(); }))
                return;
        }
        for (const auto& run : list_active()) {
            log::warning("a job does not end; it is given back",
                         {{"stoa.job.id", run->id().str()}, {"stoa.job.task", run->lease().task}});
            (void)leases.release(run->lease());
        }
    }

    const Options options;
    const std::map<std::string, Task> tasks;
    redis::Client& redis;
    Metrics& metrics;
    Leases leases;

    std::mutex mutex;
    std::condition_variable changed;
    std::atomic<bool> stopping = false;
    bool is_over = false;
    std::vector<std::shared_ptr<ActiveRun>> active;  // taken and not ended
    std::deque<std::shared_ptr<ActiveRun>> waiting;  // those of them that no thread has yet

    std::vector<std::thread> runners;
    std::thread pulse;
    std::thread dispatcher;
};

Worker::Worker(postgres::Database& database, redis::Client& redis, Metrics& metrics,
               Options options, std::map<std::string, Task> tasks)
    : state_(std::make_unique<State>(database, redis, metrics, std::move(options),
                                     std::move(tasks))) {}

Worker::~Worker() = default;

}  // namespace stoa::jobs
