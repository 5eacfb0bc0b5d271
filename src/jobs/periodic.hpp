// SPDX-License-Identifier: Apache-2.0
// Jobs that come by the clock: a table in code says which. Every worker looks; the row of
// `periodic_jobs` lets one of them enqueue each tick, and a tick whose predecessor has not ended is
// left out. Any thread.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "postgres/database.hpp"

#include <array>
#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace stoa::jobs {

/// Five fields as in crontab(5), in UTC: minute, hour, day of the month, month, day of the week (0
/// and 7 are Sunday); each `*`, numbers, ranges and lists, with `/step`. Restricted days of both
/// kinds mean either, as cron has it.
class Cron {
  public:
    /// `cron_malformed` (invalid) says which field is wrong.
    static Result<Cron> parse(std::string_view text);
    /// The latest minute up to `time` that matches; nothing within the year before.
    [[nodiscard]] std::optional<Time> latest(Time time) const;

  private:
    [[nodiscard]] bool is_day(std::chrono::sys_days day) const;
    std::array<std::bitset<64>, 5> fields_;
    bool has_any_day_ = true;      ///< the day of the month is `*`
    bool has_any_weekday_ = true;  ///< the day of the week is `*`
};

/// `when`: every so many seconds, counted from 1970, or by cron.
struct Periodic {
    std::string name;
    std::variant<std::chrono::seconds, Cron> when;
    std::string task;
    std::string arguments_json = "{}";
    int attempts_max = 5;
};

/// The latest tick up to `time`.
std::optional<Time> latest_tick(const Periodic& periodic, Time time);

class Queue;
/// Enqueues the latest tick of each that nobody enqueued yet; how many.
int enqueue_ticks(postgres::Database& database, Queue& queue, const std::vector<Periodic>& table,
                  Time time);

}  // namespace stoa::jobs
