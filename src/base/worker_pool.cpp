// SPDX-License-Identifier: Apache-2.0
#include "base/worker_pool.hpp"

#include <utility>

namespace stoa {

WorkerPool::WorkerPool(std::size_t threads, std::size_t queued_max) : queued_max_(queued_max) {
    threads_.reserve(threads);
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkerPool::~WorkerPool() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    ready_.notify_all();
}

bool WorkerPool::submit(std::function<void()> task) {
    {
        const std::lock_guard lock(mutex_);
        if (ending_ || tasks_.size() >= queued_max_) return false;
        tasks_.push_back(std::move(task));
    }
    ready_.notify_one();
    return true;
}

std::size_t WorkerPool::queued() const {
    const std::lock_guard lock(mutex_);
    return tasks_.size();
}

std::size_t WorkerPool::busy() const {
    const std::lock_guard lock(mutex_);
    return busy_;
}

void WorkerPool::run() {
    bool was_busy = false;
    for (;;) {
        std::function<void()> task;
        {
            std::unique_lock lock(mutex_);
            if (std::exchange(was_busy, true)) --busy_;
            ready_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
            if (tasks_.empty()) return;
            task = std::move(tasks_.front());
            tasks_.pop_front();
            ++busy_;
        }
        task();
    }
}

}  // namespace stoa
