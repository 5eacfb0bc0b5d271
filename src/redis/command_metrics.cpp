// SPDX-License-Identifier: Apache-2.0
#include "redis/command_metrics.hpp"

#include "redis/command_names.hpp"

#include <algorithm>
#include <string>

namespace stoa::redis {

namespace {

GaugeHandle connections(Metrics& metrics, const char* state) {
    return metrics.gauge("stoa_redis_connections", "Open connections of the pools, by state.",
                         {{"state", state}});
}

CounterHandle attempts(Metrics& metrics, const char* result) {
    return metrics.counter("stoa_redis_connects_total", "Attempts to connect, by their result.",
                           {{"result", result}});
}

}  // namespace

CommandMetrics::CommandMetrics(Metrics& metrics)
    : used(connections(metrics, "used")),
      idle(connections(metrics, "idle")),
      connections_opened(attempts(metrics, "opened")),
      connections_failed(attempts(metrics, "failed")),
      slots_read(metrics.counter("stoa_redis_cluster_slots_read_total",
                                 "Times the map of a Redis Cluster was read.")),
      metrics_(metrics) {}

void CommandMetrics::observe(std::string_view command, double seconds) {
    const auto name = find_command(command).name;
    const std::lock_guard lock(mutex_);
    auto found = durations_.find(name);
    if (found == durations_.end())
        found = durations_
                    .emplace(name, metrics_.seconds(
                                       "stoa_redis_command_duration_seconds",
                                       "Time from asking to the answer, by the (first) command.",
                                       {{"command", std::string(name)}}))
                    .first;
    found->second.observe(seconds);
}

Error CommandMetrics::counted(Error error) {
    metrics_.count("stoa_redis_errors_total", "Failed commands, by code.",
                   {{"code", std::string(error.code)}});
    return error;
}

void CommandMetrics::count_redirect(std::string_view answer) {
    auto kind = std::string(answer.substr(0, answer.find(' ')));
    std::ranges::transform(kind, kind.begin(),
                           [](char c) { return static_cast<char>(c | 0x20); });  // ASCII letters
    metrics_.count("stoa_redis_redirects_total",
                   "Answers of a Redis Cluster that sent a command elsewhere or later, by kind.",
                   {{"kind", kind}});
}

}  // namespace stoa::redis
