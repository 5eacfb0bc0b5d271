// SPDX-License-Identifier: Apache-2.0
#include "app/signals.hpp"

#include <pthread.h>

namespace stoa::app {

StopSignals::StopSignals() {
    std::signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

void StopSignals::take_reload() {
    sigaddset(&set_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

int StopSignals::wait(const std::function<void()>& reload) const {
    for (;;) {
        int number = 0;
        if (sigwait(&set_, &number) != 0) continue;
        if (number != SIGHUP) return number;
        if (reload) reload();
    }
}

bool StopSignals::wait_for(std::chrono::seconds time) const {
    sigset_t stops = set_;
    sigdelset(&stops, SIGHUP);
    const timespec limit{time.count(), 0};
    return sigtimedwait(&stops, nullptr, &limit) > 0;
}

}  // namespace stoa::app
