// SPDX-License-Identifier: Apache-2.0
// A leased job in the hands of one worker: runs its task and settles the outcome. Private to this
// module. `renewed` is called by the renewing thread, the rest by the running one.
#pragma once

#include "base/metrics.hpp"
#include "jobs/leases.hpp"
#include "jobs/worker.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

namespace stoa::jobs {

class ActiveRun final : public Run {
  public:
    /// `claimed`: when the claim was sent; the lease counts from there.
    ActiveRun(Leases& leases, Lease lease, std::chrono::steady_clock::time_point claimed,
              const std::atomic<bool>& stopping);

    [[nodiscard]] JobId id() const override { return lease_.id; }
    [[nodiscard]] const std::string& arguments_json() const override {
        return lease_.arguments.text;
    }
    [[nodiscard]] int attempt() const override { return lease_.attempt; }
    [[nodiscard]] bool is_last_attempt() const override {
        return lease_.attempt >= lease_.attempts_max;
    }
    [[nodiscard]] bool still_ours() const override;
    Result<void> acknowledge(postgres::Session& session) override;

    /// Runs the task to its end and records that; what cannot be recorded is left to the lease.
    void execute(const Task& task, const Worker::Options& options, Metrics& metrics);
    void renewed(std::chrono::steady_clock::time_point asked);
    [[nodiscard]] const Lease& lease() const { return lease_; }

  private:
    Result<void> run_task(const Task& task);
    /// What became of it: "done", "retried", "dead", "released" or "lost".
    std::string_view settle(const Task& task, const Result<void>& result,
                            const Worker::Options& options);
    Result<void> bury(const Task& task, const Error& error);

    Leases& leases_;
    const Lease lease_;
    std::atomic<std::chrono::steady_clock::time_point> valid_until_;
    const std::atomic<bool>& stopping_;
    bool is_acknowledged_ = false;
};

/// Buries the jobs whose workers died in the last attempt, with their tasks' `on_dead`; how many.
int bury_lapsed(Leases& leases, const std::map<std::string, Task>& tasks);

/// The wait before the attempt after `attempt`: doubled each time, less up to a half by chance so
/// that jobs that failed together do not come back together.
std::chrono::milliseconds backoff_after(int attempt, const Worker::Options& options);

}  // namespace stoa::jobs
