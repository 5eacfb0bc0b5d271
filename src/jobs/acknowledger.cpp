// SPDX-License-Identifier: Apache-2.0
#include "jobs/acknowledger.hpp"

#include <unordered_set>

namespace stoa::jobs {

namespace {

constexpr std::size_t together_max = 256;
constexpr std::chrono::milliseconds together_wait{10};

}  // namespace

Acknowledger::~Acknowledger() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Acknowledger::add(std::shared_ptr<ActiveRun> run) {
    bool is_awaited = false;
    {
        const std::lock_guard lock(mutex_);
        ended_.push_back(std::move(run));
        is_awaited = ended_.size() == 1 || ended_.size() == together_max;
    }
    if (is_awaited) changed_.notify_one();
}

void Acknowledger::hurry() {
    {
        const std::lock_guard lock(mutex_);
        if (ended_.empty()) return;
        is_urgent_ = true;
    }
    changed_.notify_one();
}

Acknowledger::Runs Acknowledger::wait_for_some() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_ending_ || !ended_.empty(); });
    changed_.wait_for(lock, together_wait,
                      [this] { return is_ending_ || is_urgent_ || ended_.size() >= together_max; });
    is_urgent_ = false;
    return std::exchange(ended_, {});
}

void Acknowledger::acknowledge_all() {
    for (auto runs = wait_for_some(); !runs.empty(); runs = wait_for_some()) acknowledge(runs);
}

void Acknowledger::acknowledge(const Runs& runs) {
    std::vector<Finished> finished;
    finished.reserve(runs.size());
    for (const auto& run : runs) finished.push_back(run->finished());
    const auto done = leases_.acknowledge(finished);
    std::unordered_set<JobId> ours;
    if (done) ours.insert(done->begin(), done->end());
    for (const auto& run : runs) run->settle_acknowledged(ours.contains(run->id()));
    settled_(runs);
}

}  // namespace stoa::jobs
