// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include "base/log.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"
#include "http/client_health.hpp"
#include "http/client_transfer.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <thread>
#include <utility>

namespace stoa::http {
namespace {

using Clock = ClientHealth::Clock;
using Outcome = ClientHealth::Outcome;
using std::chrono::milliseconds;

constexpr int redirects_max = 3;
constexpr milliseconds pause_first{200};
constexpr milliseconds pause_max{2'000};

bool is_safe(Method method) { return method == Method::get || method == Method::head; }

bool may_repeat(const Outbound& request) {
    if (request.is_probe || request.repeat == Repeat::never) return false;
    if (request.repeat == Repeat::always) return true;
    return request.method != Method::post && request.method != Method::patch;
}

bool is_passing(int status) {
    static constexpr std::array statuses{408, 429, 500, 502, 503, 504, 529};
    return std::ranges::find(statuses, status) != statuses.end();
}

/// What another try may heal. A timeout is none: a slow server is not helped by more work.
bool is_passing(const Result<Inbound>& answer) {
    return answer ? is_passing(answer->status) : answer.error().code == "upstream_unreachable";
}

Outcome outcome_of(const Result<Inbound>& answer) {
    if (answer) return answer->status >= 500 ? Outcome::failed : Outcome::answered;
    const auto code = answer.error().code;
    if (code == "address_refused" || code == "upstream_stopped") return Outcome::unknown;
    return code == "upstream_too_large" ? Outcome::answered : Outcome::failed;
}

/// For the metrics: "2xx" … "5xx", or what went wrong.
std::string label_of(const Result<Inbound>& answer) {
    if (!answer) return std::string(answer.error().code);
    return std::to_string(answer->status / 100) + "xx";
}

/// Half of it for sure and the other half by chance, so that callers do not come back together.
milliseconds jittered(milliseconds pause) {
    thread_local std::minstd_rand random(std::random_device{}());
    return milliseconds(
        std::uniform_int_distribution<std::int64_t>(pause.count() / 2, pause.count())(random));
}

bool has_header(const Headers& headers, std::string_view lower_case_name) {
    return std::ranges::any_of(headers, [&](const auto& header) {
        return std::ranges::equal(header.first, lower_case_name, [](char a, char b) {
            return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
        });
    });
}

/// The thread's trace goes on over there (W3C Trace Context) under a parent id of this request.
Headers with_trace(Headers headers) {
    const auto& trace = log::TraceScope::current();
    if (trace.size() == 32 && !has_header(headers, "traceparent")) {
        headers.emplace_back("traceparent",
                             "00-" + trace + '-' + crypto::to_hex(crypto::random_bytes(8)) + "-01");
    }
    return headers;
}

}  // namespace

struct Client::Shared {
    explicit Shared(Options given) : transfers(given.ca_file), metrics(given.metrics) {}

    /// All of a request: tries, pauses, redirects.
    Result<Inbound> run(const Outbound& request, const OnBytes* on_bytes);

  private:
    struct Try {
        Result<Inbound> answer;
        bool may_repeat = false;
    };
    Try follow(const Outbound& request, const OnBytes* on_bytes, Clock::time_point deadline);
    Transferred ask(const Outbound& request, const Hop& hop, const std::string& origin,
                    const OnBytes* on_bytes);
    /// How long to wait before the next try; nothing if there is to be none.
    std::optional<milliseconds> next_pause(const Outbound& request, const Try& last, int attempt,
                                           Clock::time_point deadline);
    void count(const Outbound& request, const std::string& name, const std::string& help);

    ClientTransfers transfers;
    ClientHealth health;
    Metrics* metrics;
};

void Client::Shared::count(const Outbound& request, const std::string& name,
                           const std::string& help) {
    if (metrics != nullptr) metrics->count(name, help, {{"upstream", request.upstream}});
}

Transferred Client::Shared::ask(const Outbound& request, const Hop& hop, const std::string& origin,
                                const OnBytes* on_bytes) {
    const auto started = Clock::now();
    ClientHealth::Ticket ticket;
    if (!request.is_probe) {
        const auto admitted = health.admit(origin, started);
        if (!admitted) return {fail(admitted), "", false};
        ticket = *admitted;
    }
    auto done = transfers.run(request, hop, on_bytes);
    const auto ended = Clock::now();
    if (metrics != nullptr) {
        metrics->count("stoa_outbound_requests_total",
                       "Requests to other servers, each hop and try.",
                       {{"upstream", request.upstream}, {"outcome", label_of(done.answer)}});
        metrics->observe_seconds("stoa_outbound_request_seconds",
                                 "How long other servers took, answers read to their end.",
                                 {{"upstream", request.upstream}},
                                 std::chrono::duration<double>(ended - started).count());
    }
    if (request.is_probe || !health.report(origin, ticket, outcome_of(done.answer), ended)) {
        return done;
    }
    count(request, "stoa_outbound_breaker_opened_total",
          "Times another server was left alone after failures in a row.");
    log::warning("another server is left alone for a moment",
                 {{"stoa.upstream", request.upstream}, {"error.code", label_of(done.answer)}});
    return done;
}

Client::Shared::Try Client::Shared::follow(const Outbound& request, const OnBytes* on_bytes,
                                           Clock::time_point deadline) {
    Hop hop{request.url, with_trace(request.headers), !request.allow_private_addresses, {}};
    auto origin = origin_of(hop.url);
    for (int redirects = 0;; ++redirects) {
        if (!origin) {
            return {fail(ErrorKind::forbidden, "url_refused", "Only http and https are asked.")};
        }
        hop.time_left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        if (hop.time_left <= milliseconds(0)) {
            return {unavailable("upstream_timeout", "The other server did not answer in time.")};
        }
        auto done = ask(request, hop, *origin, on_bytes);
        if (!done.answer || done.redirect.empty() || !is_safe(request.method)) {
            const bool repeat = !done.has_begun && is_passing(done.answer);
            return {std::move(done.answer), repeat};
        }
        if (redirects == redirects_max) {
            return {unavailable("upstream_unreachable", "The other server redirects in a circle.")};
        }
        auto next = origin_of(done.redirect);
        if (next && *next != *origin) {
            // What was meant for one server is not for another: neither credentials nor our
            // network.
            if (origin->starts_with("https:") && next->starts_with("http:")) next.reset();
            std::erase_if(hop.headers, [](const auto& header) {
                return !has_header({header}, "accept") && !has_header({header}, "traceparent");
            });
            hop.guarded = true;
        }
        hop.url = std::move(done.redirect);
        origin = std::move(next);
    }
}

std::optional<milliseconds> Client::Shared::next_pause(const Outbound& request, const Try& last,
                                                       int attempt, Clock::time_point deadline) {
    if (!last.may_repeat || !may_repeat(request) || attempt >= request.tries_max) return {};
    if (request.stop.stop_requested()) return {};
    auto pause = jittered(std::min(pause_first * (1 << std::min(attempt - 1, 8)), pause_max));
    if (last.answer && last.answer->retry_after) {
        pause = std::max<milliseconds>(pause, *last.answer->retry_after);
    }
    const auto now = Clock::now();
    if (pause > pause_max || now + pause >= deadline) return {};
    const auto origin = origin_of(request.url);
    if (!origin || !health.spend_retry(*origin, now)) return {};
    return pause;
}

Result<Inbound> Client::Shared::run(const Outbound& request, const OnBytes* on_bytes) {
    const auto started = Clock::now();
    const auto deadline = started + request.total_timeout;
    if (const auto origin = origin_of(request.url)) health.earn_retries(*origin, started);
    auto last = follow(request, on_bytes, deadline);
    for (int attempt = 1;; ++attempt) {
        const auto pause = next_pause(request, last, attempt, deadline);
        if (!pause) return std::move(last.answer);
        std::this_thread::sleep_for(*pause);
        count(request, "stoa_outbound_retries_total", "Requests to other servers asked again.");
        auto next = follow(request, on_bytes, deadline);
        // The breaker opened meanwhile: what the server last said tells more.
        if (!next.answer && next.answer.error().code == "upstream_unavailable") {
            return std::move(last.answer);
        }
        last = std::move(next);
    }
}

Client::Client(Options options) : shared_(std::make_shared<Shared>(std::move(options))) {}

Result<Inbound> Client::send(const Outbound& request) const {
    return shared_->run(request, nullptr);
}

Result<Inbound> Client::stream(const Outbound& request,
                               const std::function<bool(std::string_view)>& on_bytes) const {
    return shared_->run(request, &on_bytes);
}

}  // namespace stoa::http
