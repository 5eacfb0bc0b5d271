// SPDX-License-Identifier: Apache-2.0
#include "http/access_log.hpp"

#include "base/log.hpp"
#include "http/status.hpp"

#include <algorithm>

namespace stoa::http {
namespace {

constexpr std::size_t path_bytes_max = 512;
constexpr std::size_t user_agent_bytes_max = 256;

/// At most `bytes_max` of `text`; what is no printable ASCII becomes '?'.
std::string printable(std::string_view text, std::size_t bytes_max) {
    std::string copy(text.substr(0, bytes_max));
    std::ranges::replace_if(copy, [](char c) { return c < ' ' || c > '~'; }, '?');
    return copy;
}

/// As it was sent, so that an escaped line break stays one.
std::string_view path_of(std::string_view target) {
    if (!target.starts_with('/')) return {};
    return target.substr(0, target.find_first_of("?#"));
}

}  // namespace

void log_access(const Exchange& exchange, Outcome outcome, SteadyClock::duration taken) {
    const auto& request = exchange.request;
    const log::TraceScope trace(request.trace_id);
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(taken).count();
    const auto user_agent = request.find_header("user-agent").value_or(std::string_view());
    log::info(outcome.whole ? "answered" : "cut",
              {{"event.action", "http-answer"},
               {"event.outcome", outcome.whole ? "success" : "failure"},
               {"http.request.method",
                std::string(exchange.method_known ? method_name(request.method) : "unknown")},
               {"url.path", printable(path_of(request.target), path_bytes_max)},
               {"stoa.http.route", std::string(request.route)},
               {"http.response.status_code", outcome.status},
               {"event.duration", nanoseconds},
               {"client.ip", request.remote_address},
               {"user_agent.original", printable(user_agent, user_agent_bytes_max)},
               {"http.request.id", request.request_id}});
}

}  // namespace stoa::http
