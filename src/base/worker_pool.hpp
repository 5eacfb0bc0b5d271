// SPDX-License-Identifier: Apache-2.0
// A fixed number of threads behind one bounded queue: the place where feature code runs. A full
// queue refuses work instead of growing. Owner: the composition root; `submit` from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace stoa {

class WorkerPool {
  public:
    WorkerPool(std::size_t threads, std::size_t queued_max);
    /// Finishes what is queued, then ends.
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// False if the queue is full or the pool is ending; the task is then not run.
    [[nodiscard]] bool submit(std::function<void()> task);
    [[nodiscard]] std::size_t queued() const;
    [[nodiscard]] std::size_t busy() const;  ///< threads that run a task
    [[nodiscard]] std::size_t thread_count() const { return threads_.size(); }

  private:
    void run();

    const std::size_t queued_max_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::function<void()>> tasks_;
    std::size_t busy_ = 0;
    bool ending_ = false;
    std::vector<std::jthread> threads_;
};

}  // namespace stoa
