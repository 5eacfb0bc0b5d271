// SPDX-License-Identifier: Apache-2.0
#include "jobs/remote_control.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "jobs/celery_envelope.hpp"
#include "jobs/celery_message.hpp"

#include <algorithm>
#include <cmath>

#include <fnmatch.h>
#include <sys/resource.h>
#include <unistd.h>

namespace stoa::jobs {

namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

constexpr std::size_t destinations_max = 1'000;
constexpr std::size_t revoked_at_once_max = 1'000;
constexpr std::size_t reply_list_bytes_max = 200;
constexpr int replies_kept_seconds = 60;

double seconds_of(Time time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

object describe_run(const RunningJob& run, const std::string& worker, std::string_view queue) {
    return {{"id", run.id.str()},
            {"name", run.task},
            {"type", run.task},
            {"args", array()},
            {"kwargs", json::parse(run.arguments_json).value_or(nullptr)},
            {"hostname", worker},
            {"time_start", run.started ? value(seconds_of(*run.started)) : nullptr},
            {"acknowledged", false},
            {"delivery_info",
             {{"exchange", ""}, {"routing_key", queue}, {"priority", 0}, {"redelivered", false}}},
            {"worker_pid", run.started ? value(getpid()) : nullptr}};
}

object not_possible(std::string_view what) {
    return {{"error", std::string(what) + " is not possible with a worker of Stoa"}};
}

Result<std::vector<std::string>> read_destination(const object& body) {
    std::vector<std::string> names;
    const auto* destination = body.if_contains("destination");
    if (destination == nullptr || destination->is_null()) return names;
    const auto* list = destination->if_array();
    if (list == nullptr || list->size() > destinations_max)
        return malformed_message("destination is no list of workers");
    for (const auto& name : *list) {
        if (!name.is_string()) return malformed_message("destination is no list of workers");
        names.emplace_back(name.get_string());
    }
    if (names.empty()) names.emplace_back();  // a list of nobody
    return names;
}

}  // namespace

Result<ControlRequest> read_control_request(std::string_view text) {
    const auto envelope = read_envelope(text);
    if (!envelope) return fail(envelope);
    const auto sent = read_body(*envelope);
    if (!sent) return fail(sent);
    const auto* body = sent->if_object();
    if (body == nullptr) return malformed_message("body is no object");
    ControlRequest request;
    request.method = text_in(*body, "method");
    if (request.method.empty()) return malformed_message("method lacks");
    if (const auto* arguments = object_in(*body, "arguments")) request.arguments = *arguments;
    auto destination = read_destination(*body);
    if (!destination) return fail(destination);
    request.destination = std::move(*destination);
    request.pattern = text_in(*body, "pattern");
    if (!request.pattern.empty() && text_in(*body, "matcher") != "glob")
        return malformed_message("the only matcher is glob");
    request.ticket = text_in(*body, "ticket");
    if (const auto* reply_to = object_in(*body, "reply_to")) {
        const auto exchange = text_in(*reply_to, "exchange");
        const auto key = text_in(*reply_to, "routing_key");
        // Only ever a list for replies: nobody gets us to write elsewhere.
        if (!exchange.starts_with("reply.") || key.empty() ||
            exchange.size() + key.size() > reply_list_bytes_max)
            return malformed_message("reply_to names no list of replies");
        request.reply_list = std::string(key) + "." + std::string(exchange);
    }
    if (const auto* expires = envelope->headers.if_contains("expires");
        expires != nullptr && expires->is_number() && expires->to_number<double>() > 0)
        request.expires = expires->to_number<double>();
    if (const auto* clock = envelope->headers.if_contains("clock");
        clock != nullptr && clock->is_int64() && clock->get_int64() > 0)
        request.clock = static_cast<std::uint64_t>(clock->get_int64());
    return request;
}

RemoteControl::RemoteControl(redis::Client& redis, const redis::Options& listening, int database,
                             std::string worker, std::string queue, Events& events,
                             Steered& steered)
    : redis_(redis),
      worker_(std::move(worker)),
      queue_(std::move(queue)),
      events_(events),
      steered_(steered),
      subscriber_(std::make_unique<redis::Subscriber>(
          listening, redis::Subscriber::Handlers{
                         [this](std::string_view, std::string_view payload) { take(payload); },
                         [] { /* who asks asks again */ }})) {
    subscriber_->subscribe("/" + std::to_string(database) + ".celery.pidbox");
}

bool RemoteControl::is_for_us(const ControlRequest& request) const {
    if (request.expires && *request.expires < seconds_of(now())) return false;
    if (!request.pattern.empty()) return fnmatch(request.pattern.c_str(), worker_.c_str(), 0) == 0;
    return request.destination.empty() ||
           std::ranges::find(request.destination, worker_) != request.destination.end();
}

void RemoteControl::take(std::string_view payload) {
    const auto request = read_control_request(payload);
    if (!request) {
        log::debug("a broadcast was not understood", {{"error.message", request.error().message}});
        return;
    }
    events_.tick(request->clock);
    if (!is_for_us(*request)) return;
    const auto reply = answer(*request);
    if (!reply || request->reply_list.empty()) return;
    const auto cut = request->reply_list.find(".reply.");
    const auto text =
        write_envelope(boost::json::serialize(object{{worker_, *reply}}),
                       {{"ticket", request->ticket}, {"clock", events_.tick()}},
                       {.exchange = std::string_view(request->reply_list).substr(cut + 1),
                        .routing_key = std::string_view(request->reply_list).substr(0, cut)});
    (void)redis_.pipeline({{"LPUSH", request->reply_list, text},
                           {"EXPIRE", request->reply_list, std::to_string(replies_kept_seconds)}});
}

std::optional<value> RemoteControl::answer(const ControlRequest& request) {
    const auto& method = request.method;
    if (method == "revoke") return revoke(request.arguments);
    if (method == "shutdown") {
        log::info("asked to end by remote control", {{"event.action", "shutdown"}});
        steered_.shut_down();
        return std::nullopt;
    }
    if (method == "heartbeat") {
        steered_.beat();
        return std::nullopt;
    }
    if (method == "enable_events" || method == "disable_events") {
        events_.enable_tasks(method == "enable_events");
        return object{{"ok", events_.has_tasks() ? "task events enabled" : "task events disabled"}};
    }
    if (method == "rate_limit") return not_possible("a rate limit of a task");
    if (method == "time_limit") return not_possible("another time limit for a task");
    if (method.starts_with("pool_") || method == "autoscale")
        return not_possible("another number of threads");
    if (method == "add_consumer" || method == "cancel_consumer")
        return not_possible("another queue");
    return inspect(request);
}

std::optional<value> RemoteControl::inspect(const ControlRequest& request) {
    const auto& method = request.method;
    if (method == "ping") return object{{"ok", "pong"}};
    if (method == "active") return list_runs(true);
    if (method == "reserved") return list_runs(false);
    if (method == "scheduled") return describe_scheduled();
    if (method == "stats") return describe_stats();
    if (method == "clock") return object{{"clock", events_.tick()}};
    if (method == "registered" || method == "tasks") {
        array names;
        for (const auto& task : steered_.list_tasks()) names.emplace_back(task);
        return names;
    }
    if (method == "revoked" || method == "hello") {
        array ids;
        for (const auto& id : steered_.list_revoked()) ids.emplace_back(id.str());
        if (method == "revoked") return ids;
        return object{{"revoked", object()}, {"clock", events_.tick()}};
    }
    if (method == "active_queues")
        return array{object{{"name", queue_},
                            {"exchange", {{"name", queue_}, {"type", "direct"}, {"durable", true}}},
                            {"routing_key", queue_},
                            {"durable", true},
                            {"exclusive", false},
                            {"auto_delete", false},
                            {"no_ack", false}}};
    if (method == "conf")
        return object{{"task_default_queue", queue_},
                      {"task_acks_late", true},
                      {"worker_concurrency", steered_.threads()},
                      {"result_serializer", "json"},
                      {"task_serializer", "json"}};
    if (method == "report")
        return object{{"ok", "Stoa " STOA_VERSION ", a worker in C++ that speaks Celery's "
                             "protocol 2; `stoa doctor` tells more."}};
    return object{{"error", "Unknown command: '" + method.substr(0, 64) + "'"}};
}

value RemoteControl::revoke(const object& arguments) {
    std::vector<JobId> ids;
    const auto add = [&](const value& name) {
        const auto id =
            name.is_string() ? JobId::parse(std::string_view(name.get_string())) : std::nullopt;
        if (id) ids.push_back(*id);
    };
    const auto* given = arguments.if_contains("task_id");
    if (given == nullptr) return object{{"error", "task_id lacks"}};
    if (const auto* list = given->if_array()) {
        if (list->size() > revoked_at_once_max)
            return object{{"error", "at most 1000 tasks at once"}};
        for (const auto& name : *list) add(name);
    } else {
        add(*given);
    }
    const auto* terminate = arguments.if_contains("terminate");
    // Celery says true, Flower says 1.
    const bool is_terminated = terminate != nullptr && (*terminate == true || *terminate == 1);
    steered_.revoke(ids, is_terminated);
    std::string names;
    for (const auto& id : ids) names += (names.empty() ? "" : ", ") + id.str();
    return object{
        {"ok", is_terminated ? "terminate: " + names : "tasks " + names + " flagged as revoked"}};
}

array RemoteControl::list_runs(bool is_started) {
    array list;
    for (const auto& run : steered_.list_held())
        if (run.started.has_value() == is_started)
            list.emplace_back(describe_run(run, worker_, queue_));
    return list;
}

array RemoteControl::describe_scheduled() {
    array list;
    for (const auto& job : steered_.list_scheduled())
        list.emplace_back(object{
            {"eta", to_python_time(job.run_at)},
            {"priority", job.priority},
            {"request", describe_run({job.id, job.task, "{}", job.attempt, {}}, worker_, queue_)}});
    return list;
}

object RemoteControl::describe_stats() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::steady_clock::now() - started_);
    return {{"total", steered_.count_by_task()},
            {"pid", getpid()},
            {"clock", std::to_string(events_.tick())},
            {"uptime", uptime.count()},
            {"pool",
             {{"implementation", "stoa:threads"},
              {"max-concurrency", steered_.threads()},
              {"processes", {getpid()}}}},
            {"broker", {{"transport", "redis"}, {"hostname", "redis"}, {"virtual_host", "/"}}},
            {"prefetch_count", steered_.threads()},
            {"rusage",
             {{"utime", seconds(used.ru_utime)},
              {"stime", seconds(used.ru_stime)},
              {"maxrss", used.ru_maxrss}}}};
}

}  // namespace stoa::jobs
