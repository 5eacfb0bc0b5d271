// SPDX-License-Identifier: Apache-2.0
#include "jobs/reports.hpp"

#include "base/log.hpp"
#include "jobs/admin.hpp"
#include "jobs/celery_message.hpp"
#include "jobs/sql.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <unistd.h>

namespace stoa::jobs {

namespace {

struct End {
    JobId id;
    std::string task;
    JobState state = JobState::done;
    std::optional<json::Raw> result;
    std::optional<std::string> last_error_code;
    std::optional<std::string> last_error;
    Time finished_at;
};
BOOST_DESCRIBE_STRUCT(End, (), (id, task, state, result, last_error_code, last_error, finished_at))

struct PythonException {
    std::string_view code;
    std::string_view module;
    std::string_view type;
};

// Ours on the left, what a Python caller expects to catch on the right.
constexpr std::array<PythonException, 9> python_exceptions{{
    {"task_not_registered", "celery.exceptions", "NotRegistered"},
    {"invalid_arguments", "builtins", "TypeError"},
    {"followers_not_supported", "builtins", "NotImplementedError"},
    {"revoked", "celery.exceptions", "TaskRevokedError"},
    {"terminated", "celery.exceptions", "TaskRevokedError"},
    {"expired", "celery.exceptions", "TaskRevokedError"},
    {"soft_time_limit", "billiard.exceptions", "SoftTimeLimitExceeded"},
    {"hard_time_limit", "billiard.exceptions", "TimeLimitExceeded"},
    {"worker_lost", "billiard.exceptions", "WorkerLostError"},
}};

bool is_revoked(std::string_view code) {
    return code == "revoked" || code == "terminated" || code == "expired";
}

}  // namespace

std::string result_key(std::string_view id) { return "celery-task-meta-" + std::string(id); }

std::string exception_json(std::string_view code, std::string_view message) {
    const auto* known = std::ranges::find(python_exceptions, code, &PythonException::code);
    boost::json::object exception;
    if (known != python_exceptions.end()) {
        exception["exc_type"] = known->type;
        exception["exc_message"] = boost::json::array{is_revoked(code) ? code : message};
        exception["exc_module"] = known->module;
    } else {
        exception["exc_type"] = "StoaError";
        exception["exc_message"] = boost::json::array{code, message};
        exception["exc_module"] = "stoa";
    }
    return boost::json::serialize(exception);
}

Result<void> Reports::tell(std::string_view id, std::string_view status,
                           std::string_view result_json, std::optional<Time> ended) const {
    std::string meta = R"({"status":")" + std::string(status) + R"(","result":)";
    meta += result_json;
    meta += R"(,"traceback":null,"children":[],"date_done":)";
    meta += ended ? "\"" + to_python_time(*ended) + "\"" : "null";
    meta += R"(,"task_id":)" + boost::json::serialize(boost::json::value(id)) + "}";
    const auto key = result_key(id);
    const auto sent = redis_.pipeline(
        {{"SETEX", key, std::to_string(result_seconds_max), meta}, {"PUBLISH", key, meta}});
    if (!sent) return fail(sent);
    return {};
}

void Reports::tell_started(JobId id, std::string_view worker) const {
    (void)tell(id.str(), "STARTED",
               boost::json::serialize(boost::json::object{{"pid", getpid()}, {"hostname", worker}}),
               {});
}

void Reports::tell_retry(JobId id, const Error& error) const {
    (void)tell(id.str(), "RETRY", exception_json(error.code, error.message), {});
}

Result<void> Reports::tell_refused(std::string_view id, const Error& error) const {
    return tell(id, is_revoked(error.code) ? "REVOKED" : "FAILURE",
                exception_json(error.code, error.message), now());
}

void Reports::tell_ends() {
    const std::lock_guard lock(telling_);
    const auto ends = database_.list<End>(sql::list_due_reports);
    if (!ends || ends->empty()) return;
    std::vector<JobId> told;
    for (const auto& end : *ends) {
        const auto code = end.last_error_code.value_or("revoked");
        const auto exception = exception_json(code, end.last_error.value_or(""));
        Result<void> sent;
        if (end.state == JobState::done)
            sent = tell(end.id.str(), "SUCCESS", end.result ? end.result->text : "null",
                        end.finished_at);
        else if (end.state == JobState::cancelled)
            sent =
                tell(end.id.str(), "REVOKED",
                     is_revoked(code) ? exception : exception_json("revoked", ""), end.finished_at);
        else
            sent = tell(end.id.str(), "FAILURE", exception, end.finished_at);
        if (!sent) break;
        told.push_back(end.id);
    }
    if (!told.empty()) (void)database_.run(sql::mark_reported, told);
}

}  // namespace stoa::jobs
