// SPDX-License-Identifier: Apache-2.0
#include "jobs/queue.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "jobs/celery_message.hpp"
#include "jobs/sql.hpp"

namespace stoa::jobs {

namespace {

// Without workers hints pile up; the oldest are dropped, and the sweep finds their jobs.
constexpr int hints_max = 100'000;

Result<void> check(const NewJob& job) {
    // A message is Base64 of this, with some headers.
    if (job.arguments_json.size() > message_bytes_max / 2)
        return fail(ErrorKind::too_large, "job_too_large",
                    "The arguments of a job are at most 128 KiB; store them and pass an id.");
    const auto arguments = json::parse(job.arguments_json);
    if (!arguments || !arguments->is_object() || job.task.empty() || job.attempts_max < 1)
        return fail(ErrorKind::internal, "invalid_job",
                    "A job has a task, one JSON object of arguments and at least one attempt.");
    return {};
}

}  // namespace

Queue::Queue(postgres::Database& /*the callers' sessions are of it*/, redis::Client& redis)
    : redis_(redis) {}

Result<JobId> Queue::enqueue(postgres::Session& session, const NewJob& job) {
    if (auto checked = check(job); !checked) return fail(checked);
    const auto id = JobId::make();
    const auto made = session.find<JobId>(
        sql::create_job, id, job.task, queue_name, json::Raw{job.arguments_json}, job.unique_key,
        std::int32_t{job.attempts_max}, static_cast<double>(job.delay.count()),
        log::TraceScope::current());
    if (!made) return fail(made);
    if (*made) return id;
    const auto other = session.find<JobId>(sql::find_unfinished_job, job.unique_key);
    if (!other) return fail(other);
    if (*other) return **other;
    return fail(ErrorKind::conflict, "serialization_failure",
                "The job with this key just ended; try again.");
}

void Queue::announce(JobId id, const NewJob& job) {
    if (job.delay.count() > 0) return;  // the sweep finds it when it is due
    CeleryMessage message{id, job.task};
    message.kwargs_json = job.arguments_json;
    const auto sent =
        redis_.pipeline({{"LPUSH", std::string(queue_name), write_message(message, queue_name)},
                         {"LTRIM", std::string(queue_name), "0", std::to_string(hints_max - 1)}});
    if (!sent)
        log::debug("a job was not announced; the sweep will find it",
                   {{"stoa.job.id", id.str()}, {"error.code", std::string(sent.error().code)}});
}

}  // namespace stoa::jobs
