// SPDX-License-Identifier: Apache-2.0
#include "jobs/outgoing.hpp"

#include "base/log.hpp"
#include "jobs/admin.hpp"
#include "jobs/reports.hpp"
#include "jobs/sql.hpp"

#include <boost/json.hpp>

namespace stoa::jobs {

namespace {

constexpr std::size_t result_bytes_max = 256 * 1024;
constexpr std::int64_t results_at_once = 200;

struct Unsent {
    JobId id;
    std::string task;
    std::string queue;
    json::Raw arguments;
    std::int32_t priority = 0;
    std::int32_t attempt = 0;
    std::int32_t attempts_max = 0;
    Time run_at;
    std::optional<std::string> trace_id;
};
BOOST_DESCRIBE_STRUCT(Unsent, (),
                      (id, task, queue, arguments, priority, attempt, attempts_max, run_at,
                       trace_id))

/// "ValueError: boom" of Celery's {"exc_type", "exc_message"}.
std::string describe_exception(const boost::json::value& result) {
    const auto* exception = result.if_object();
    if (exception == nullptr) return "unknown";
    std::string text(text_in(*exception, "exc_type"));
    if (const auto* message = exception->if_contains("exc_message"))
        text += ": " + boost::json::serialize(*message);
    return std::string(cut_utf8(text, 2'000));
}

}  // namespace

Result<void> send(postgres::Database& database, redis::Client& redis, const CeleryMessage& message,
                  const std::string& queue) {
    // Sent before it is recorded: what happens in between sends it twice, never not at all.
    const auto pushed =
        redis.run({"LPUSH", list_of(queue, message.priority), write_message(message, queue)});
    if (!pushed) return fail(pushed);
    const auto marked = database.run(sql::mark_sent, message.id);
    if (!marked) return fail(marked);
    return {};
}

void Outgoing::send_unsent() {
    const double seconds = answer_wait.count();
    (void)database_.run(sql::bury_unanswered_jobs, seconds);
    const auto unsent = database_.list<Unsent>(sql::claim_unsent_jobs, own_queue_, seconds);
    if (!unsent) return;
    for (const auto& job : *unsent) {
        CeleryMessage message{job.id, job.task};
        message.kwargs_json = job.arguments.text;
        message.priority = job.priority;
        message.retries = job.attempt;
        message.trace_id = job.trace_id.value_or("");
        if (job.run_at > now()) message.eta = job.run_at;
        // What an operator tries again has an old result there, which is not this try's.
        if (job.attempt == 0 && !redis_.run({"DEL", result_key(job.id.str())})) return;
        if (!send(database_, redis_, message, job.queue)) return;
    }
}

void Outgoing::collect_results() {
    const auto sent = database_.list<Sent>(sql::list_sent_jobs, last_looked_at_.run_at,
                                           last_looked_at_.id, results_at_once);
    if (!sent) return;
    std::vector<redis::Command> commands;
    for (const auto& job : *sent) commands.push_back({"GET", result_key(job.id.str())});
    const auto found = redis_.pipeline(commands);
    if (!found || found->size() != sent->size()) return;
    const bool is_end = sent->size() < static_cast<std::size_t>(results_at_once);
    last_looked_at_ = is_end ? Sent() : sent->back();
    for (std::size_t i = 0; i < sent->size(); ++i)
        if ((*found)[i].kind == redis::Reply::Kind::text) finish((*sent)[i].id, (*found)[i].text);
}

void Outgoing::finish(JobId id, std::string_view meta) {
    const auto done = record(id, meta.size() > result_bytes_max ? std::string_view() : meta);
    if (done || done.error().kind == ErrorKind::unavailable) return;
    log::warning("a result could not be read",
                 {{"stoa.job.id", id.str()}, {"error.code", std::string(done.error().code)}});
    (void)database_.run(sql::finish_sent_job, id, JobState::dead, "", "result_unreadable",
                        "What the other program's worker told is no result of Celery.");
}

Result<void> Outgoing::record(JobId id, std::string_view meta) {
    const auto parsed = json::parse(meta);
    const auto* fields = parsed ? parsed->if_object() : nullptr;
    const auto* result = fields == nullptr ? nullptr : fields->if_contains("result");
    if (result == nullptr) return fail(ErrorKind::invalid, "no_result", "It has no result.");
    const auto status = text_in(*fields, "status");
    const auto keep = [&](JobState state, const std::string& result_json,
                          const std::optional<std::string>& code) -> Result<void> {
        const auto error = code ? std::optional(describe_exception(*result)) : std::nullopt;
        const auto kept = database_.run(sql::finish_sent_job, id, state, result_json, code, error);
        if (!kept) return fail(kept);
        return {};
    };
    if (status == "SUCCESS") return keep(JobState::done, boost::json::serialize(*result), {});
    if (status == "FAILURE") return keep(JobState::dead, "", "foreign_failure");
    if (status == "REVOKED") return keep(JobState::cancelled, "", "revoked");
    return {};  // it goes on
}

}  // namespace stoa::jobs
