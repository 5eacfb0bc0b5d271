// SPDX-License-Identifier: Apache-2.0
#include "jobs/intake.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "jobs/active_run.hpp"
#include "jobs/admin.hpp"
#include "jobs/sql.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace stoa::jobs {

namespace {

using namespace std::chrono_literals;

constexpr int foreign_attempts_max = 5;
constexpr std::int64_t dead_letters_max = 1'000;
constexpr std::size_t batch_grown = 128;  // of what has piled up: one claim finds all their jobs
constexpr int restored_max = 10'000;
constexpr std::size_t shown_bytes_max = 4'096;

/// May this program's task be called so from outside?
Result<void> check(const std::map<std::string, Task>& tasks, const CeleryMessage& message) {
    const auto task = tasks.find(message.task);
    if (task == tasks.end() || !task->second.check_foreign)
        return fail(ErrorKind::invalid, "task_not_registered",
                    "Stoa has no task " + message.task + " that other programs may call.");
    if (message.args_json != "[]")
        return fail(ErrorKind::invalid, "invalid_arguments",
                    message.task + " takes arguments by name only.");
    if (message.has_followers)
        return fail(ErrorKind::invalid, "followers_not_supported",
                    "Stoa starts no links, chains or chords; wait for the result and send the "
                    "next task.");
    return task->second.check_foreign(message.kwargs_json);
}

}  // namespace

Intake::Intake(postgres::Database& database, redis::Client& redis, const Reports& reports,
               const std::map<std::string, Task>& tasks, std::string queue, std::string worker,
               std::function<bool(JobId)> is_revoked)
    : database_(database),
      redis_(redis),
      reports_(reports),
      tasks_(tasks),
      queue_(std::move(queue)),
      worker_(std::move(worker)),
      is_revoked_(std::move(is_revoked)),
      lists_{list_of(queue_, 0), list_of(queue_, 3), list_of(queue_, 6), list_of(queue_, 9)} {}

std::string Intake::taken_list(const std::string& list, const std::string& worker) {
    return "{" + list + "}:taken:" + worker;  // the braces keep both in one slot
}

Result<bool> Intake::take(std::chrono::milliseconds wait) {
    if (!give_back()) return unavailable("redis_unavailable", "What was taken is not back yet.");
    for (const auto& list : lists_) {
        auto taken = take_from(list, wait);
        if (!taken) {
            batch_ = batch_usual;
            (void)give_back();
        }
        if (!taken || *taken) return taken;
        wait = 0ms;
    }
    return false;
}

Result<bool> Intake::take_from(const std::string& list, std::chrono::milliseconds wait) {
    const auto taken = taken_list(list, worker_);
    redis::Command move{"LMOVE", list, taken, "RIGHT", "LEFT"};
    redis::Command first = move;
    if (wait > 0ms) {
        first[0] = "BLMOVE";
        first.push_back(std::to_string(std::chrono::duration<double>(wait).count()));
    }
    is_unsure_ = true;
    const auto one = redis_.run(first, wait);
    if (!one) return fail(one);
    is_unsure_ = one->kind == redis::Reply::Kind::text;
    if (!is_unsure_) return false;
    std::vector<std::string> texts{one->text};
    const auto more = redis_.pipeline(std::vector<redis::Command>(batch_ - 1, move));
    if (!more) return fail(more);
    for (const auto& reply : *more)
        if (reply.kind == redis::Reply::Kind::text) texts.push_back(reply.text);
    batch_ = texts.size() < batch_ ? batch_usual : batch_grown;
    for (const auto& text : texts)
        if (auto accepted = accept(text); !accepted) return fail(accepted);
    // If this is lost the messages come again, and their rows are there already.
    is_unsure_ = !redis_.run({"DEL", taken});
    return true;
}

bool Intake::give_back() {
    if (is_unsure_) is_unsure_ = !put_back_all(worker_);
    return !is_unsure_;
}

Result<void> Intake::accept(const std::string& text) {
    const auto envelope = read_envelope(text);
    if (!envelope) return refuse_unreadable(text, envelope.error());
    if (is_hint(*envelope)) return {};
    const auto message = read_message(*envelope);
    if (!message) return refuse_unreadable(text, message.error());
    if (auto checked = check(tasks_, *message); !checked) return refuse(*message, checked.error());
    return create(*message);
}

/// Who sent it waits for an end, if only its id could be read.
Result<void> Intake::refuse_unreadable(const std::string& text, const Error& why) {
    auto kept =
        boost::json::serialize(boost::json::object{{"message", cut_utf8(text, shown_bytes_max)}});
    if (!json::parse(kept)) kept = "{}";
    const auto sent_id = read_message_id(text);
    const auto id = JobId::parse(sent_id);
    CeleryMessage message{id.value_or(JobId::make()), "unreadable"};
    message.wants_result = id.has_value();
    if (auto refused = refuse(message, why, kept); !refused || id || sent_id.empty())
        return refused;
    return reports_.tell_refused(sent_id, why);
}

Result<void> Intake::create(const CeleryMessage& message) {
    const auto made = database_.find<JobId>(
        sql::create_foreign_job, message.id, message.task, queue_, json::Raw{message.kwargs_json},
        std::int32_t{message.priority}, std::int32_t{foreign_attempts_max}, message.eta,
        message.trace_id, message.wants_result, message.expires, message.soft_limit_seconds,
        message.hard_limit_seconds);
    if (!made && made.error().kind != ErrorKind::unavailable) return refuse(message, made.error());
    if (!made) return fail(made);
    if (!is_revoked_(message.id)) return {};
    const auto revoked = revoke_queued(database_, tasks_, {message.id});
    if (!revoked) return fail(revoked);
    return {};
}

Result<void> Intake::refuse(const CeleryMessage& message, const Error& why,
                            const std::string& kept_json) {
    log::warning("a message was refused",
                 {{"stoa.job.id", message.id.str()}, {"error.code", std::string(why.code)}});
    const auto known = find_job(database_, message.id);
    if (!known) return fail(known);
    if (*known) return {};  // it came before
    if (auto buried = bury(message.id, message.task, kept_json, why); !buried) return buried;
    if (!message.wants_result) return {};
    return reports_.tell_refused(message.id.str(), why);
}

Result<void> Intake::bury(JobId id, std::string_view task, const std::string& arguments_json,
                          const Error& why) {
    const auto kept =
        database_.run(sql::create_dead_letter, id, task, queue_, json::Raw{arguments_json},
                      why.code, cut_utf8(why.message, 2'000), dead_letters_max);
    // What not even a dead letter can hold is dropped: it must not come back for ever.
    if (!kept && kept.error().kind == ErrorKind::unavailable) return fail(kept);
    return {};
}

bool Intake::put_back(const std::string& list, const std::string& worker) {
    const redis::Command move{"LMOVE", taken_list(list, worker), list, "LEFT", "RIGHT"};
    for (int count = 0; count < restored_max; ++count) {
        const auto moved = redis_.run(move);
        if (!moved) return false;
        if (moved->kind != redis::Reply::Kind::text) return true;
    }
    return false;
}

bool Intake::put_back_all(const std::string& worker) {
    return std::ranges::all_of(lists_, [&](const auto& list) { return put_back(list, worker); });
}

void Intake::restore_lost() {
    const auto lost = database_.list<std::string>(sql::list_lost_workers, queue_);
    if (!lost) return;
    for (const auto& worker : *lost) {
        if (!put_back_all(worker)) return;  // Redis is away, for the others too
        (void)database_.run(sql::mark_restored, worker);
    }
}

}  // namespace stoa::jobs
