// SPDX-License-Identifier: Apache-2.0
#include "app/exit_deadline.hpp"

#include "base/log.hpp"

#include <cstdlib>

namespace stoa::app {

ExitDeadline::~ExitDeadline() {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    changed_.notify_all();
}

void ExitDeadline::set(std::chrono::milliseconds time) {
    thread_ = std::jthread([this, until = std::chrono::steady_clock::now() + time] {
        std::unique_lock lock(mutex_);
        if (changed_.wait_until(lock, until, [this] { return gone_; })) return;
        log::warning("What was under way was given up.", {{"event.action", "stop"}});
        log::flush(std::chrono::milliseconds(200));
        std::_Exit(EXIT_SUCCESS);
    });
}

}  // namespace stoa::app
