// SPDX-License-Identifier: Apache-2.0
#include "jobs/queue.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "jobs/celery_message.hpp"
#include "jobs/outgoing.hpp"
#include "jobs/sql.hpp"

namespace stoa::jobs {

namespace {

// Without workers hints pile up; further ones are taken back, and the sweep finds their jobs.
constexpr std::int64_t hints_max = 100'000;

Result<void> check(const NewJob& job) {
    // A message is Base64 of this, with some headers.
    if (job.arguments_json.size() > message_bytes_max / 2)
        return fail(ErrorKind::too_large, "job_too_large",
                    "The arguments of a job are at most 128 KiB; store them and pass an id.");
    const auto arguments = json::parse(job.arguments_json);
    if (!arguments || !arguments->is_object() || job.task.empty() || job.queue.empty() ||
        job.attempts_max < 1 || job.priority < 0 || job.priority > 9)
        return fail(
            ErrorKind::internal, "invalid_job",
            "A job has a task, a queue, one JSON object of arguments, at least one attempt and a "
            "priority of 0 to 9.");
    return {};
}

}  // namespace

Queue::Queue(postgres::Database& database, redis::Client& redis)
    : database_(database), redis_(redis) {}

Result<JobId> Queue::enqueue(postgres::Session& session, const NewJob& job) {
    if (auto checked = check(job); !checked) return fail(checked);
    const auto id = JobId::make();
    const auto made = session.find<JobId>(
        sql::create_job, id, job.task, job.queue, json::Raw{job.arguments_json}, job.unique_key,
        std::int32_t{job.attempts_max}, static_cast<double>(job.delay.count()),
        log::TraceScope::current(), std::int32_t{job.priority});
    if (!made) return fail(made);
    if (*made) return id;
    const auto other = session.find<JobId>(sql::find_unfinished_job, job.unique_key);
    if (!other) return fail(other);
    if (*other) return **other;
    return fail(ErrorKind::conflict, "serialization_failure",
                "The job with this key just ended; try again.");
}

void Queue::announce(JobId id, const NewJob& job) {
    CeleryMessage message{id, job.task};
    message.kwargs_json = job.arguments_json;
    message.priority = job.priority;
    message.trace_id = log::TraceScope::current();
    const bool is_ours = job.queue == queue_name;
    if (!is_ours && job.delay.count() > 0) message.eta = now() + job.delay;
    if (is_ours && job.delay.count() > 0) return;  // the sweep finds it when it is due
    message.wants_result = !is_ours;
    const auto sent = is_ours ? hint(message) : send(database_, redis_, message, job.queue);
    if (!sent)
        log::debug("a job was not announced; the sweep will find it",
                   {{"stoa.job.id", id.str()}, {"error.code", std::string(sent.error().code)}});
}

Result<void> Queue::hint(const CeleryMessage& message) {
    const auto list = list_of(queue_name, message.priority);
    const auto text = write_message(message, queue_name);
    const auto pushed = redis_.run({"LPUSH", list, text});
    if (!pushed) return fail(pushed);
    if (pushed->integer > hints_max) (void)redis_.run({"LREM", list, "1", text});
    return {};
}

}  // namespace stoa::jobs
