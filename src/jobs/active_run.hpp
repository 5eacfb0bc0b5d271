// SPDX-License-Identifier: Apache-2.0
// A leased job in the hands of one worker: runs its task and settles the outcome. Private to this
// module. `execute` is called by the running thread, `settle_*` by the one that has it then, the
// rest by any.
#pragma once

#include "base/metrics.hpp"
#include "jobs/events.hpp"
#include "jobs/leases.hpp"
#include "jobs/reports.hpp"
#include "jobs/worker.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace stoa::jobs {

/// What one attempt needs of its worker.
struct RunContext {
    Leases& leases;
    Reports& reports;
    Events& events;
    Metrics& metrics;
    const Worker::Options& options;
    const std::atomic<bool>& stopping;
};

class ActiveRun final : public Run {
  public:
    /// `claimed`: when the claim was sent; the lease counts from there.
    ActiveRun(RunContext context, Lease lease, const Task& task,
              std::chrono::steady_clock::time_point claimed);

    [[nodiscard]] JobId id() const override { return lease_.id; }
    [[nodiscard]] const std::string& arguments_json() const override {
        return lease_.arguments.text;
    }
    [[nodiscard]] int attempt() const override { return lease_.attempt; }
    [[nodiscard]] bool is_last_attempt() const override {
        return lease_.attempt >= lease_.attempts_max;
    }
    [[nodiscard]] bool still_ours() const override;
    Result<void> set_result(std::string result_json) override;
    Result<void> acknowledge(postgres::Session& session) override;

    /// Runs the task. False: it ended well and only waits to be acknowledged (with others), then
    /// `settle_acknowledged`. True: its outcome is recorded; what cannot be is left to the lease.
    bool execute();
    void settle_acknowledged(bool is_ours);
    /// The attempt is over although the task goes on. True: nobody did this before; then
    /// `settle_given_up`.
    bool give_up() { return leave(Phase::given_up); }
    void settle_given_up();

    void renewed(std::chrono::steady_clock::time_point asked);
    /// It is not to begin, nor to be tried again.
    void revoke() { is_revoked_ = true; }
    /// If it runs, it is to end, too.
    void terminate() { is_terminated_ = true; }
    [[nodiscard]] bool is_unwanted() const { return is_revoked_ || is_terminated_; }
    /// It is given back to nobody.
    Result<void> cancel();
    [[nodiscard]] const Lease& lease() const { return lease_; }
    [[nodiscard]] Finished finished() const { return {&lease_, result_json_}; }
    [[nodiscard]] std::optional<Time> started() const;
    [[nodiscard]] std::chrono::steady_clock::time_point claimed() const { return claimed_; }
    [[nodiscard]] bool is_past_hard_limit() const;
    /// Neither ended nor given up: its outcome is nobody's yet.
    [[nodiscard]] bool is_held() const { return phase_ == Phase::held; }
    [[nodiscard]] bool is_given_up() const { return phase_ == Phase::given_up; }
    [[nodiscard]] std::chrono::steady_clock::duration took() const { return took_; }

  private:
    /// Whoever takes it out of `held` settles the attempt.
    enum class Phase { held, ended, given_up };
    bool leave(Phase to) {
        auto from = Phase::held;
        return phase_.compare_exchange_strong(from, to);
    }
    [[nodiscard]] bool is_past(const std::optional<std::int32_t>& own,
                               std::chrono::seconds of_task) const;
    [[nodiscard]] Error explain(const Error& error) const;
    /// What became of it: "done", "retried", "dead", "revoked", "released" or "lost".
    std::string_view settle(const Error& error);
    Result<void> postpone(const Error& error);
    Result<void> bury(const Error& error);
    void conclude(std::string_view outcome, std::chrono::steady_clock::duration took,
                  const Error* error);
    void tell(std::string_view outcome, const Error* error);

    RunContext context_;
    const Lease lease_;
    const Task& task_;
    const std::chrono::steady_clock::time_point claimed_;
    std::atomic<std::chrono::steady_clock::time_point> valid_until_;
    std::atomic<std::chrono::steady_clock::time_point> began_{};
    std::atomic<Time> started_{};
    std::chrono::steady_clock::duration took_{};
    std::atomic<bool> is_revoked_ = false;
    std::atomic<bool> is_terminated_ = false;
    std::atomic<Phase> phase_ = Phase::held;
    bool is_acknowledged_ = false;
    std::string result_json_;
};

/// To others, in one statement; those that are revoked, to nobody.
void give_back(Leases& leases, const std::vector<std::shared_ptr<ActiveRun>>& runs);

/// Cancels the jobs of these that have not begun, with their tasks' `on_dead`; which.
Result<std::vector<JobId>> revoke_queued(postgres::Database& database,
                                         const std::map<std::string, Task>& tasks,
                                         const std::vector<JobId>& ids);

/// Buries the jobs whose workers died in the last attempt, with their tasks' `on_dead`; how many.
int bury_lapsed(Leases& leases, const std::map<std::string, Task>& tasks);

/// The wait before the attempt after `attempt`: doubled each time, less up to a half by chance so
/// that jobs that failed together do not come back together.
std::chrono::milliseconds backoff_after(int attempt, const Worker::Options& options);

}  // namespace stoa::jobs
