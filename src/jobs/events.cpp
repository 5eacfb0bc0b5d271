// SPDX-License-Identifier: Apache-2.0
#include "jobs/events.hpp"

#include "base/time.hpp"
#include "jobs/celery_envelope.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <boost/json.hpp>
#include <unistd.h>

namespace stoa::jobs {

std::uint64_t Events::tick(std::uint64_t seen) {
    auto last = clock_.load();
    while (!clock_.compare_exchange_weak(last, std::max(last, seen) + 1)) continue;
    return std::max(last, seen) + 1;
}

boost::json::object Events::describe(std::string_view type) {
    const std::chrono::duration<double> time = now().time_since_epoch();
    return {{"hostname", worker_},       {"utcoffset", 0}, {"pid", getpid()}, {"clock", tick()},
            {"timestamp", time.count()}, {"type", type}};
}

void Events::worker(std::string_view type, std::size_t active, std::uint64_t processed) {
    std::array<double, 3> load{};
    (void)getloadavg(load.data(), load.size());
    auto body = describe(type);
    body["freq"] = heartbeat_seconds;
    body["active"] = active;
    body["processed"] = processed;
    body["loadavg"] = boost::json::array{load[0], load[1], load[2]};
    body["sw_ident"] = "stoa";
    body["sw_ver"] = STOA_VERSION;
    body["sw_sys"] = "Linux";
    std::string key(type);
    std::ranges::replace(key, '-', '.');
    (void)redis_.publish(
        channel_ + key,
        write_envelope(boost::json::serialize(body), {{"hostname", worker_}},
                       {.exchange = "celeryev", .routing_key = key, .is_durable = false}));
}

void Events::task(std::string_view type, JobId id, boost::json::object fields) {
    if (!has_tasks_) return;
    auto body = describe(type);
    body["uuid"] = id.str();
    for (auto& [name, value] : fields) body[name] = std::move(value);
    (void)redis_.publish(
        channel_ + "task.multi",
        write_envelope(boost::json::serialize(boost::json::array{std::move(body)}),
                       {{"hostname", worker_}},
                       {.exchange = "celeryev", .routing_key = "task.multi", .is_durable = false}));
}

}  // namespace stoa::jobs
