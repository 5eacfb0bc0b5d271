// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"
#include "http/connection.hpp"
#include "http/guard.hpp"

namespace stoa::http {

Result<void> Connection::authenticate() {
    auto& exchange = *exchange_;
    if (exchange.token.empty()) return {};
    if (exchange.route->access == Access::bearer) {
        auto bearer = core_->authenticate.verify(exchange.token);
        if (!bearer) return fail(bearer);
        exchange.request.bearer = *bearer;
        return {};
    }
    auto caller = core_->authenticate(exchange.token);
    if (!caller) return fail(caller);
    exchange.request.caller = *caller;
    return {};
}

/// Who asks, and that it is not too often; once for a request.
Result<void> Connection::admit() {
    auto& exchange = *exchange_;
    if (exchange.decided) return {};
    if (auto known = authenticate(); !known) return known;
    exchange.decided = true;
    const auto& limit = exchange.route->limit;
    if (!limit || !core_->limiter) return {};
    const auto key = limit_key(exchange.request, method_name(exchange.route->method), *limit);
    exchange.allowance = core_->limiter(key, *limit);
    if (exchange.allowance->allowed) return {};
    return tl::unexpected(rate_limited(*exchange.allowance));
}

void Connection::decide_on_worker() {
    const log::TraceScope trace(exchange_->request.trace_id);
    auto decided =
        guard([this] { return admit(); }).and_then([](Result<void> result) { return result; });
    edge_.post([self = shared_from_this(), decided = std::move(decided)] {
        if (self->phase_ != Phase::deciding) return;
        if (!decided) return self->refuse(decided.error());
        self->take_share();
    });
}

void Connection::store_on_worker() {
    auto& exchange = *exchange_;
    if (exchange.route->sink) return pour_on_worker();
    const log::TraceScope trace(exchange.request.trace_id);
    const bool last = exchange.body.state() == BodyReader::State::done;
    auto stored = guard([&]() -> Result<void> {
                      if (auto fed = exchange.upload->feed(exchange.chunk); !fed) return fed;
                      exchange.chunk.clear();
                      if (!last) return {};
                      auto parts = exchange.upload->finish();
                      if (!parts) return fail(parts);
                      exchange.request.parts = std::move(*parts);
                      return {};
                  }).and_then([](Result<void> result) { return result; });
    if (stored && last) return handle_on_worker();
    if (!stored) exchange.upload.reset();
    edge_.post([self = shared_from_this(), stored = std::move(stored)] {
        if (self->phase_ != Phase::storing) return;
        if (!stored) return self->refuse(stored.error());
        self->read_body();
    });
}

/// As `store_on_worker`, for a route that takes its body by itself.
void Connection::pour_on_worker() {
    auto& exchange = *exchange_;
    const log::TraceScope trace(exchange.request.trace_id);
    auto answer = guard([&]() -> std::optional<Response> {
        if (!exchange.sink) exchange.sink = exchange.route->sink(exchange.request);
        auto early = exchange.sink->write(exchange.chunk);
        exchange.chunk.clear();
        if (early || exchange.body.state() != BodyReader::State::done) return early;
        return exchange.sink->finish();
    });
    if (answer && !*answer) {
        edge_.post([self = shared_from_this()] {
            if (self->phase_ == Phase::storing) self->read_body();
        });
        return;
    }
    exchange.sink.reset();
    send_answer(answer ? std::move(**answer)
                       : problem(answer.error(), exchange.request.request_id));
}

void Connection::handle_on_worker() {
    auto& exchange = *exchange_;
    const log::TraceScope trace(exchange.request.trace_id);
    auto response = guard([&]() -> Response {
        if (auto decided = admit(); !decided) {
            return problem(decided.error(), exchange.request.request_id);
        }
        return exchange.route->handler(exchange.request);
    });
    exchange.upload.reset();
    send_answer(response ? std::move(*response)
                         : problem(response.error(), exchange.request.request_id));
}

/// The stream knows the connection and the connection the stream: one of them weakly.
std::function<void()> Connection::waker() {
    return [weak = weak_from_this(), &edge = edge_, core = core_] {
        edge.post([weak] {
            if (const auto self = weak.lock()) self->flush();
        });
    };
}

/// Makes the answer and hands it to the edge; a stream's writer then runs here, on this worker.
void Connection::send_answer(Response response) {
    const bool close = !exchange_->keep_alive || core_->draining.load(std::memory_order_relaxed) ||
                       exchange_->body.state() != BodyReader::State::done;
    auto answer = make_answer(std::move(response), exchange_->answer_for(close));
    if (auto live = answer.live.stream) {
        live->attach(waker());
        edge_.post([self = shared_from_this(), answer = std::move(answer),
                    live = std::move(live)]() mutable {
            self->deliver(std::move(answer), std::move(live));
        });
        return;
    }
    if (!answer.stream) {
        edge_.post([self = shared_from_this(), answer = std::move(answer)]() mutable {
            self->deliver(std::move(answer), nullptr);
        });
        return;
    }
    const auto writer = std::move(answer.stream);
    const auto request_id = exchange_->request.request_id;
    const auto stream = std::make_shared<ChunkStream>(core_->options.body_timeout);
    stream->attach(waker());
    edge_.post([self = shared_from_this(), answer = std::move(answer), stream]() mutable {
        self->deliver(std::move(answer), stream);
    });
    const auto ended = guard([&] {
        writer(*stream);
        return true;
    });
    if (!ended) log_thrown(ended.error(), request_id);
    stream->end(ended.has_value());
}

}  // namespace stoa::http
