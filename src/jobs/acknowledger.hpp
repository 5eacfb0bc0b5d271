// SPDX-License-Identifier: Apache-2.0
// Marks jobs done whose tasks left that to the worker: those that end one after the other share a
// statement: until 256 wait, or the first did for 10 ms, or a thread finds nothing to run. Each is
// acknowledged by its own lease's token all the same. Private to this module; one thread of its
// own.
#pragma once

#include "jobs/active_run.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace stoa::jobs {

class Acknowledger {
  public:
    using Runs = std::vector<std::shared_ptr<ActiveRun>>;
    /// `settled` is told of every run that was handed over, once its outcome is known.
    Acknowledger(Leases& leases, std::function<void(const Runs&)> settled)
        : leases_(leases), settled_(std::move(settled)), thread_([this] { acknowledge_all(); }) {}
    /// Finishes what was handed over.
    ~Acknowledger();
    Acknowledger(const Acknowledger&) = delete;
    Acknowledger& operator=(const Acknowledger&) = delete;

    void add(std::shared_ptr<ActiveRun> run);
    /// No more is about to come: what is here need not wait for it.
    void hurry();

  private:
    void acknowledge_all();
    Runs wait_for_some();
    void acknowledge(const Runs& runs);

    Leases& leases_;
    const std::function<void(const Runs&)> settled_;
    std::mutex mutex_;
    std::condition_variable changed_;
    Runs ended_;
    bool is_urgent_ = false;
    bool is_ending_ = false;
    std::thread thread_;
};

}  // namespace stoa::jobs
