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

int StopSignals::wait() const {
    int number = 0;
    while (sigwait(&set_, &number) != 0) {
    }
    return number;
}

}  // namespace stoa::app
