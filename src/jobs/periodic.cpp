// SPDX-License-Identifier: Apache-2.0
#include "jobs/periodic.hpp"

#include "base/log.hpp"
#include "base/number.hpp"
#include "jobs/queue.hpp"
#include "jobs/sql.hpp"

namespace stoa::jobs {

namespace {

using std::chrono::sys_days;

struct Field {
    std::string_view name;
    unsigned min;
    unsigned max;
};
constexpr std::array<Field, 5> cron_fields{{{"minute", 0, 59},
                                            {"hour", 0, 23},
                                            {"day of the month", 1, 31},
                                            {"month", 1, 12},
                                            {"day of the week", 0, 7}}};
constexpr int days_back_max = 366;

/// What is before `mark` (all, if there is none); `text` keeps what comes after it.
std::string_view split_off(std::string_view& text, char mark) {
    const auto at = text.find(mark);
    const auto head = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    return head;
}

/// One item of a list: `*`, `n` or `n-m`, each with `/step`.
bool add_item(std::string_view item, const Field& field, std::bitset<64>& to) {
    const bool has_step = item.find('/') != std::string_view::npos;
    auto range = split_off(item, '/');
    const auto step = has_step ? parse_number<unsigned>(item) : 1;
    if (!step || *step == 0) return false;
    unsigned first = field.min;
    unsigned last = field.max;
    if (range != "*") {
        const bool is_range = range.find('-') != std::string_view::npos;
        const auto from = parse_number<unsigned>(split_off(range, '-'));
        const auto until = is_range ? parse_number<unsigned>(range) : from;
        if (!from || !until) return false;
        first = *from;
        last = has_step && !is_range ? field.max : *until;
    }
    if (first < field.min || last > field.max || first > last) return false;
    for (unsigned value = first; value <= last; value += *step) to.set(value);
    return true;
}

Result<bool> enqueue_tick(postgres::Database& database, Queue& queue, const Periodic& periodic,
                          Time tick) {
    NewJob job;
    job.task = periodic.task;
    job.arguments_json = periodic.arguments_json;
    job.unique_key = "periodic:" + periodic.name;
    job.attempts_max = periodic.attempts_max;
    auto id = database.transact([&](postgres::Session& session) -> Result<std::optional<JobId>> {
        const auto moved = session.find<std::string>(sql::move_tick, periodic.name, tick);
        if (!moved) return fail(moved);
        if (!*moved) return std::optional<JobId>();
        auto made = queue.enqueue(session, job);
        if (!made) return fail(made);
        return std::optional<JobId>(*made);
    });
    if (!id) return fail(id);
    if (*id) queue.announce(**id, job);
    return id->has_value();
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text) {
    Cron cron;
    for (std::size_t i = 0; i < cron_fields.size(); ++i) {
        auto list = split_off(text, ' ');
        if (i == 2) cron.has_any_day_ = list.starts_with('*');
        if (i == 4) cron.has_any_weekday_ = list.starts_with('*');
        bool is_good = !list.empty();
        while (is_good && !list.empty())
            is_good = add_item(split_off(list, ','), cron_fields.at(i), cron.fields_.at(i));
        if (!is_good)
            return fail(ErrorKind::invalid, "cron_malformed",
                        "The " + std::string(cron_fields.at(i).name) +
                            " is wrong; right are five fields such as `*/15 8-18 * * 1-5`.");
    }
    if (!text.empty())
        return fail(ErrorKind::invalid, "cron_malformed", "There are more than five fields.");
    if (cron.fields_[4].test(7)) cron.fields_[4].set(0);
    return cron;
}

bool Cron::is_day(sys_days day) const {
    const std::chrono::year_month_day date(day);
    if (!fields_[3].test(static_cast<unsigned>(date.month()))) return false;
    const bool is_date = fields_[2].test(static_cast<unsigned>(date.day()));
    const bool is_weekday = fields_[4].test(std::chrono::weekday(day).c_encoding());
    if (has_any_day_ || has_any_weekday_) return is_date && is_weekday;
    return is_date || is_weekday;
}

std::optional<Time> Cron::latest(Time time) const {
    const auto today = std::chrono::floor<std::chrono::days>(time);
    const auto now_minute = std::chrono::floor<std::chrono::minutes>(time - today).count();
    for (int back = 0; back <= days_back_max; ++back) {
        const auto day = today - std::chrono::days(back);
        if (!is_day(day)) continue;
        for (auto minute = back == 0 ? now_minute : 24 * 60 - 1; minute >= 0; --minute)
            if (fields_[1].test(static_cast<std::size_t>(minute / 60)) &&
                fields_[0].test(static_cast<std::size_t>(minute % 60)))
                return Time(day) + std::chrono::minutes(minute);
    }
    return std::nullopt;
}

std::optional<Time> latest_tick(const Periodic& periodic, Time time) {
    if (const auto* cron = std::get_if<Cron>(&periodic.when)) return cron->latest(time);
    const std::chrono::microseconds every = std::get<std::chrono::seconds>(periodic.when);
    return Time(time.time_since_epoch() / every * every);
}

int enqueue_ticks(postgres::Database& database, Queue& queue, const std::vector<Periodic>& table,
                  Time time) {
    int count = 0;
    for (const auto& periodic : table) {
        const auto tick = latest_tick(periodic, time);
        if (!tick) continue;
        const auto made = enqueue_tick(database, queue, periodic, *tick);
        if (made && *made) ++count;
        if (!made)
            log::warning("a periodic job was not enqueued",
                         {{"stoa.periodic.name", periodic.name},
                          {"error.code", std::string(made.error().code)}});
    }
    return count;
}

}  // namespace stoa::jobs
