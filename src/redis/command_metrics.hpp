// SPDX-License-Identifier: Apache-2.0
// What a client counts. Labels are the names of known commands, kinds of redirects and codes.
// Private. Any thread.
#pragma once

#include "base/metrics.hpp"
#include "base/result.hpp"

#include <map>
#include <mutex>
#include <string_view>

namespace stoa::redis {

class CommandMetrics {
  public:
    explicit CommandMetrics(Metrics& metrics);

    void observe(std::string_view command, double seconds);
    /// Hands the error on.
    Error counted(Error error);
    /// An answer that sends a command to another node, or later: its first word.
    void count_redirect(std::string_view answer);

    GaugeHandle used;
    GaugeHandle idle;
    CounterHandle connections_opened;
    CounterHandle connections_failed;
    CounterHandle slots_read;

  private:
    Metrics& metrics_;
    std::mutex mutex_;
    std::map<std::string_view, SecondsHandle> durations_;  // by find_command(…).name
};

}  // namespace stoa::redis
