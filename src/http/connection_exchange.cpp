// SPDX-License-Identifier: Apache-2.0
#include "http/connection.hpp"
#include "http/url.hpp"

namespace stoa::http {
namespace {

/// What a whole multipart body may have beyond its files: part heads, values, boundaries.
constexpr std::uint64_t multipart_overhead_bytes_max = 1024 * 1024;

Refusal overloaded() {
    return {503, "overloaded", "The server has more work than it can take; try again shortly."};
}

Refusal too_many_at_once() {
    return {429, "too_many_at_once",
            "You have as many requests of this kind under way as one person may; ask again when "
            "one of them has ended."};
}

/// Where no body is looked at a small one is dropped: some clients send `{}` with everything.
constexpr std::uint64_t dropped_bytes_max = 4 * 1024;

std::uint64_t body_bytes_max(const Route& route, const ServerOptions& options) {
    switch (route.body) {
        case BodyKind::multipart:
            return options.upload_bytes_max + multipart_overhead_bytes_max;
        case BodyKind::poured:
            return options.upload_bytes_max;
        case BodyKind::none_or_json:
            break;
    }
    const bool is_looked_at = route.method != Method::get && route.method != Method::delete_;
    return is_looked_at ? options.json_bytes_max : dropped_bytes_max;
}

std::string allow_list(const std::vector<Method>& allowed) {
    std::string list = "OPTIONS";
    for (const auto method : allowed) {
        list += ", ";
        list += method_name(method);
    }
    return list;
}

}  // namespace

void Connection::begin_exchange(RequestHead head) {
    const bool chunked = head.chunked;
    const auto length = head.content_length;
    exchange_ = std::make_unique<Exchange>(std::move(head), core_->options.allowed_origins);
    exchange_->request.remote_address = client_address().text();
    exchange_->body = chunked ? BodyReader::of_chunks(core_->options.json_bytes_max)
                              : BodyReader::of_length(length);
    exchange_->strict_transport = core_->options.strict_transport && transport_.is_tls();
    if (core_->draining.load(std::memory_order_relaxed)) exchange_->keep_alive = false;
    if (!route_exchange()) return;
    if (exchange_->route->socket) return begin_upgrade();
    if (find_token() && begin_body(length)) decide();
}

Address Connection::client_address() const {
    if (!is_proxy_) return peer_;
    return core_->options.trusted_proxies.client_of(exchange_->request.headers, peer_);
}

/// Finds the route; false if the request is answered without one.
bool Connection::route_exchange() {
    auto& request = exchange_->request;
    auto target = parse_target(request.target);
    if (!exchange_->method_known) {
        refuse_method(target ? core_->routes.allowed_at(target->path) : std::vector<Method>());
        return false;
    }
    if (!target) {
        refuse(target.error());
        return false;
    }
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    auto match = core_->routes.find(request.method, request.path);
    if (match.route != nullptr) {
        exchange_->route = match.route;
        request.route = match.route->path;
        request.path_parameters = std::move(match.path_parameters);
        return true;
    }
    if (match.allowed.empty()) {
        refuse({404, "not_found", "There is nothing at this path."});
    } else if (request.method == Method::options) {
        answer_options(match);
    } else {
        refuse_method(match.allowed);
    }
    return false;
}

/// `allowed` is what the path takes; nothing, if the method is unknown and so is the path.
void Connection::refuse_method(const std::vector<Method>& allowed) {
    if (allowed.empty()) {
        return refuse({501, "method_unknown",
                       "The method should be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS."});
    }
    refuse({405, "method_not_allowed", "This path takes " + allow_list(allowed) + "."},
           {{"Allow", allow_list(allowed)}});
}

void Connection::answer_options(const Routes::Match& match) {
    Response response = Response::no_content();
    if (match.told != nullptr) response.headers = *match.told;
    response.headers.emplace_back("Allow", allow_list(match.allowed));
    if (!exchange_->allowed_origin.empty()) {
        response.headers.emplace_back("Access-Control-Allow-Methods", allow_list(match.allowed));
        response.headers.emplace_back("Access-Control-Allow-Headers",
                                      "Authorization, Content-Type, Idempotency-Key, "
                                      "If-None-Match, If-Range, Last-Event-ID, Range, "
                                      "traceparent, Tus-Resumable, Upload-Length, "
                                      "Upload-Metadata, Upload-Offset");
        response.headers.emplace_back("Access-Control-Max-Age", "600");
    }
    deliver(make_answer(std::move(response), exchange_->answer_for(!skip_body())), nullptr);
}

/// Checks the body's announced size and type; false if the request is refused.
bool Connection::begin_body(std::uint64_t content_length) {
    auto& exchange = *exchange_;
    const auto& options = core_->options;
    const auto kind = exchange.route->body;
    const auto bytes_max = body_bytes_max(*exchange.route, options);
    if (content_length > bytes_max) {
        refuse({413, "body_too_large",
                "The body should have at most " + std::to_string(bytes_max) + " bytes."});
        return false;
    }
    if (exchange.body.chunked()) exchange.body = BodyReader::of_chunks(bytes_max);
    if (kind == BodyKind::none_or_json) return true;
    if (kind == BodyKind::poured) {
        exchange.sink_pool = &core_->pool;
        return true;
    }
    const auto type = exchange.request.find_header("content-type");
    const auto boundary = find_boundary(type.value_or(std::string_view()));
    if (!boundary) {
        refuse(boundary.error());
        return false;
    }
    exchange.upload =
        std::make_unique<Upload>(options.upload_dir, *boundary, options.upload_bytes_max);
    return true;
}

/// Takes the bearer token if the route looks at one; false if one is needed and there is none.
bool Connection::find_token() {
    auto& exchange = *exchange_;
    if (exchange.route->access == Access::anyone) {
        exchange.decided = !exchange.route->limit;
        return true;
    }
    const auto header = exchange.request.find_header("authorization");
    const auto token = header ? find_bearer(*header) : std::nullopt;
    if (token) {
        exchange.token = *token;
    } else if (exchange.route->access == Access::optional) {
        exchange.decided = !exchange.route->limit;
    } else {
        refuse(Error{ErrorKind::unauthenticated,
                     "unauthenticated",
                     "This needs an access token: Authorization: Bearer <token>.",
                     {},
                     {}});
        return false;
    }
    return true;
}

/// A body that came with the head saves a way to the pool: then one task checks and handles. But
/// nobody takes a place among the long requests before it is known who they are.
void Connection::decide() {
    auto& exchange = *exchange_;
    const bool at_hand = !exchange.is_upload() && !exchange.body.chunked() &&
                         exchange.body.bytes_left() <= in_.size();
    if (exchange.decided || (at_hand && !exchange.route->is_slow)) return continue_body();
    phase_ = Phase::deciding;
    submit_or_refuse(core_->pool, &Connection::decide_on_worker);
}

/// Of what may be under way for one person at a time; refuses if they have theirs.
void Connection::take_share() {
    auto& exchange = *exchange_;
    const bool is_upload = exchange.route->body == BodyKind::multipart;
    if (exchange.request.caller && (is_upload || exchange.route->is_slow)) {
        auto& shares = is_upload ? core_->uploads_by_user : core_->slow_by_user;
        auto share = shares.enter(exchange.request.caller->user.str());
        if (!share) return refuse(too_many_at_once(), {{"Retry-After", "1"}});
        exchange.share = std::move(*share);
    }
    continue_body();
}

void Connection::continue_body() {
    std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    if (exchange_->expects_continue && in_.empty() &&
        exchange_->body.state() == BodyReader::State::more) {
        iovec part{go_on.data(), go_on.size()};
        if (transport_.write({&part, 1}).bytes != go_on.size()) return abort();
    }
    read_body();
}

void Connection::read_body() {
    const auto now = SteadyClock::now();
    phase_ = Phase::body;
    deadline_ = now + core_->options.body_timeout;
    pace_ = {};
    pace_.wait(now);
    advance_body();
}

void Connection::store() {
    phase_ = Phase::storing;
    if (core_->pool.submit([self = shared_from_this()] { self->store_on_worker(); })) return;
    // An upload under way is not given up for a moment's crowd.
    if (SteadyClock::now() > deadline_) return refuse(overloaded(), {{"Retry-After", "1"}});
    edge_.retry_soon([self = shared_from_this()] {
        if (self->phase_ == Phase::storing) self->store();
    });
}

void Connection::dispatch() {
    phase_ = Phase::handling;
    if (exchange_->route->is_immediate) return handle_on_worker();
    const bool is_slow = exchange_->route->is_slow;
    abandonment_ = is_slow ? std::stop_source() : std::stop_source(std::nostopstate);
    exchange_->request.abandoned = abandonment_.get_token();
    submit_or_refuse(is_slow ? core_->slow_pool : core_->pool, &Connection::handle_on_worker);
}

void Connection::submit_or_refuse(WorkerPool& pool, void (Connection::*work)()) {
    if (pool.submit([self = shared_from_this(), work] { ((*self).*work)(); })) return;
    refuse(overloaded(), {{"Retry-After", "1"}});
}

/// Drops the body if all of it is here; else the connection cannot go on after the answer.
bool Connection::skip_body() {
    std::string dropped;
    auto bytes = in_.view();
    const auto before = bytes.size();
    const auto state = exchange_->body.read(bytes, dropped, core_->options.header_bytes_max);
    in_.consume(before - bytes.size());
    return exchange_->keep_alive && state == BodyReader::State::done;
}

void Connection::refuse(const Refusal& refusal, Headers headers) {
    auto response = problem_of(refusal, exchange_->request.request_id);
    for (auto& header : headers) response.headers.push_back(std::move(header));
    deliver(make_answer(std::move(response), exchange_->answer_for(!skip_body())), nullptr);
}

void Connection::refuse(const Error& error) {
    auto response = problem(error, exchange_->request.request_id);
    deliver(make_answer(std::move(response), exchange_->answer_for(!skip_body())), nullptr);
}

}  // namespace stoa::http
