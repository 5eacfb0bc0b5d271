// SPDX-License-Identifier: Apache-2.0
#include "jobs/worker.hpp"

#include "base/log.hpp"
#include "jobs/worker_state.hpp"
#include "redis/url.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <unistd.h>

namespace stoa::jobs {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// A blocked wait for a message does not hear of the worker's end, nor of less urgent lists.
constexpr std::chrono::milliseconds listen_max = 250ms;
// So much work is leased ahead; what then waits for longer is given back to others.
constexpr double ahead_seconds = 0.1;
constexpr std::size_t ahead_max = 512;

/// "stoa@host-pid-random": as Celery names its nodes, and unlike any other.
std::string make_worker_name() {
    std::array<char, 65> host{};
    if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
    return "stoa@" + std::string(host.data()) + "-" + std::to_string(getpid()) + "-" +
           to_string(make_uuid()).substr(28);
}

Leases::Scope scope_of(const Worker::Options& options, const std::map<std::string, Task>& tasks) {
    Leases::Scope scope{options.queue, {}, make_worker_name(), options.lease};
    for (const auto& [name, task] : tasks) scope.tasks.push_back(name);
    return scope;
}

int redis_database(const Worker::Options& options) {
    if (!options.remote_control) return 0;
    const auto location = redis::parse_url(options.remote_control->url);
    return location ? location->addresses.front().database : 0;
}

}  // namespace

Worker::State::State(postgres::Database& database, redis::Client& given_redis,
                     Metrics& given_metrics, Options given_options,
                     std::map<std::string, Task> given_tasks)
    : options(std::move(given_options)),
      tasks(std::move(given_tasks)),
      redis(given_redis),
      metrics(given_metrics),
      leases(database, scope_of(options, tasks)),
      queue(database, redis),
      reports(database, redis),
      outgoing(database, redis, options.queue),
      events(redis, redis_database(options), leases.scope().worker),
      intake(database, redis, reports, tasks, options.queue, leases.scope().worker,
             [this](JobId id) { return is_revoked(id); }),
      context{leases, reports, events, metrics, options, stopping},
      acknowledger(std::make_unique<Acknowledger>(
          leases, [this](const std::vector<Run>& runs) { forget(runs); })) {
    for (std::size_t i = 0; i < options.threads; ++i) add_runner();
    pulse = std::thread([this] { keep_alive(); });
    upkeep = std::thread([this] { keep_up(); });
    dispatcher = std::thread([this] { dispatch(); });
    if (options.remote_control)
        remote_control =
            std::make_unique<RemoteControl>(redis, *options.remote_control, redis_database(options),
                                            leases.scope().worker, options.queue, events, *this);
}

Worker::State::~State() {
    remote_control.reset();
    {
        const std::lock_guard lock(mutex);
        stopping = true;
    }
    changed.notify_all();
    dispatcher.join();
    give_back_waiting();
    give_back_unfinished();
    for (auto& runner : runners) runner.join();
    acknowledger.reset();
    upkeep.join();
    {
        const std::lock_guard lock(mutex);
        is_over = true;
    }
    changed.notify_all();
    pulse.join();
    events.worker("worker-offline", 0, ended);
    // Otherwise another worker finds by it what lies in this one's lists.
    if (intake.give_back()) (void)leases.delete_heartbeat();
}

void Worker::State::add_runner(Run given_up) {
    runners.emplace_back([this, given_up = std::move(given_up)]() mutable {
        if (given_up) std::exchange(given_up, nullptr)->settle_given_up();
        run_jobs();
    });
}

void Worker::State::dispatch() {
    auto next_sweep = steady_clock::now();
    bool is_more = false;
    while (auto free = wait_for_free()) {
        const auto now = steady_clock::now();
        const bool is_sweep = now >= next_sweep;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_sweep - now);
        const bool is_told = listen(is_sweep || is_more ? 0ms : std::min(left, listen_max));
        if (!is_told && !is_sweep && !is_more) continue;
        if (is_sweep) {
            free -= std::min(free, sweep());
            next_sweep = has_lapsed ? now : now + options.sweep_every;
        }
        is_more = free == 0 || lease_due(free);
    }
}

/// How many jobs to lease; 0: the worker ends. Short tasks are leased ahead, long ones never.
std::size_t Worker::State::wait_for_free() {
    std::unique_lock lock(mutex);
    const auto capacity = [this] {
        const auto running = options.threads;
        if (has_lapsed) return running;
        const auto ahead = static_cast<double>(running) * ahead_seconds / typical_seconds;
        return running + static_cast<std::size_t>(std::clamp(ahead, 0.0, double{ahead_max}));
    };
    // Half a batch at a time: leasing for each job that ends would be a statement each.
    changed.wait(lock, [&] {
        const auto most = capacity();
        return stopping || active.size() < std::max(options.threads, most - most / 2);
    });
    return stopping ? 0 : capacity() - std::min(capacity() - 1, active.size());
}

/// True: a message came.
bool Worker::State::listen(std::chrono::milliseconds wait) {
    if (!is_known) {
        pause(wait);
        return false;
    }
    const auto taken = intake.take(wait);
    if (!taken) pause(wait);
    return taken && *taken;
}

void Worker::State::pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, time, [this] { return stopping.load(); });
}

/// What no message tells of; how many lapsed jobs it took.
std::size_t Worker::State::sweep() {
    if (bury_lapsed(leases, tasks) > 0) reports.tell_ends();
    if (const auto expired = leases.expire()) {
        for (const auto& id : *expired)
            events.task("task-revoked", id,
                        {{"terminated", false}, {"signum", nullptr}, {"expired", true}});
        if (!expired->empty()) reports.tell_ends();
    }
    // They may be what their worker died of, and each claim is an attempt: nothing of them waits
    // for another that may kill this worker, too. One at least, or a busy worker would take none.
    const auto count = std::max<std::size_t>(1, count_idle());
    const auto claimed = steady_clock::now();
    auto lapsed = leases.claim_lapsed(count);
    const auto taken = lapsed ? lapsed->size() : 0;
    has_lapsed = taken == count;
    if (lapsed) start(std::move(*lapsed), claimed, true);
    return taken;
}

std::size_t Worker::State::count_idle() {
    const std::lock_guard lock(mutex);
    return options.threads - std::min(options.threads, active.size());
}

/// True: as many as could be had, so that there may be more.
bool Worker::State::lease_due(std::size_t count) {
    const auto claimed = steady_clock::now();
    auto taken = leases.claim_due(count);
    if (!taken) return false;
    const bool is_more = taken->size() == count;
    start(std::move(*taken), claimed);
    return is_more;
}

void Worker::State::start(std::vector<Lease> leased, Instant claimed, bool are_lapsed) {
    if (leased.empty()) return;
    if (events.has_tasks())
        for (const auto& lease : leased)
            events.task("task-received", lease.id,
                        {{"name", lease.task},
                         {"args", "()"},
                         {"kwargs", "{...}"},
                         {"root_id", lease.id.str()},
                         {"parent_id", nullptr},
                         {"retries", lease.attempt - 1},
                         {"eta", nullptr},
                         {"expires", nullptr}});
    {
        const std::lock_guard lock(mutex);
        for (auto& lease : leased) {
            const auto& task = tasks.at(lease.task);
            auto run = std::make_shared<ActiveRun>(context, std::move(lease), task, claimed);
            // What an operator revived after a revocation is claimed after it, too.
            const auto known = revoked.find(run->id());
            if (known != revoked.end() && (are_lapsed || known->second >= claimed)) run->revoke();
            active.insert(run);
            waiting.insert(are_lapsed ? waiting.begin() : waiting.end(), std::move(run));
        }
    }
    changed.notify_all();
}

void Worker::State::run_jobs() {
    while (const auto run = next_waiting()) {
        const bool is_settled = run->execute();
        if (!run->is_given_up()) {
            if (is_settled)
                forget({run});
            else
                acknowledger->add(run);
            continue;
        }
        const std::lock_guard lock(mutex);
        if (stuck-- <= options.threads) return;  // another thread took its place
    }
}

Worker::State::Run Worker::State::next_waiting() {
    std::unique_lock lock(mutex);
    if (waiting.empty()) {
        lock.unlock();
        acknowledger->hurry();
        lock.lock();
    }
    changed.wait(lock, [this] { return stopping || !waiting.empty(); });
    if (stopping) return nullptr;
    auto run = std::move(waiting.front());
    waiting.pop_front();
    return run;
}

void Worker::State::forget(const std::vector<Run>& runs) {
    {
        const std::lock_guard lock(mutex);
        for (const auto& run : runs) {
            active.erase(run);
            const double took = std::chrono::duration<double>(run->took()).count();
            typical_seconds += (std::max(took, 1e-5) - typical_seconds) / 8;
            ++ended;
            ++ended_by_task[run->lease().task];
        }
    }
    changed.notify_all();
}

std::vector<Worker::State::Run> Worker::State::list_active() {
    const std::lock_guard lock(mutex);
    return {active.begin(), active.end()};
}

void Worker::State::give_back_waiting() {
    std::deque<Run> unstarted;
    {
        const std::lock_guard lock(mutex);
        unstarted.swap(waiting);
    }
    const std::vector<Run> runs(unstarted.begin(), unstarted.end());
    give_back(leases, runs);
    forget(runs);
}

void Worker::State::give_back_unfinished() {
    {
        std::unique_lock lock(mutex);
        if (changed.wait_for(lock, options.stop_wait, [this] { return active.empty(); })) return;
    }
    auto runs = list_active();
    // What has ended is acknowledged all the same.
    std::erase_if(runs, [](const Run& run) { return !run->is_held(); });
    for (const auto& run : runs)
        log::warning("a job does not end; it is given back",
                     {{"stoa.job.id", run->id().str()}, {"stoa.job.task", run->lease().task}});
    give_back(leases, runs);
}

Worker::Worker(postgres::Database& database, redis::Client& redis, Metrics& metrics,
               Options options, std::map<std::string, Task> tasks)
    : state_(std::make_unique<State>(database, redis, metrics, std::move(options),
                                     std::move(tasks))) {}

Worker::~Worker() = default;

}  // namespace stoa::jobs
