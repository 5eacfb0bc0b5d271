// SPDX-License-Identifier: Apache-2.0
#include "http/connection.hpp"

namespace stoa::http {
namespace {

constexpr std::size_t head_read_bytes = 2 * 1024;
constexpr std::size_t body_read_bytes = 64 * 1024;
constexpr std::chrono::seconds linger_time{2};

HeadLimits head_limits(const ServerOptions& options) {
    HeadLimits limits;
    limits.bytes_max = options.header_bytes_max;
    limits.fields_max = options.headers_max;
    limits.line_bytes_max = std::min(limits.line_bytes_max, options.header_bytes_max);
    return limits;
}

}  // namespace

Connection::Connection(std::shared_ptr<Core> core, Edge& edge, Transport transport, Address peer,
                       ConnectionTicket ticket)
    : core_(std::move(core)),
      edge_(edge),
      transport_(std::move(transport)),
      ticket_(std::move(ticket)),
      peer_(peer),
      is_proxy_(core_->options.trusted_proxies.contains(peer)),
      scan_(head_limits(core_->options)) {}

void Connection::start(std::optional<Refusal> refusal) {
    refusal_ = std::move(refusal);
    deadline_ = SteadyClock::now() + core_->options.header_timeout;
    edge_.add(shared_from_this());
    if (!transport_.prepare()) return abort();
    if (!transport_.is_tls()) return begin();
    phase_ = Phase::handshake;
    shake_hands();
}

void Connection::shake_hands() {
    switch (transport_.handshake()) {
        case Transport::State::moved:
            phase_ = Phase::idle;
            return begin();
        case Transport::State::again:
            return read_more();
        case Transport::State::ended:
            return abort();
    }
}

void Connection::begin() {
    if (refusal_) return refuse_unread(*refusal_, {{"Retry-After", "1"}});
    deadline_ = SteadyClock::now() + core_->options.header_timeout;
    read_more();
}

/// Answers before there is a request, or instead of one whose head cannot be had.
void Connection::refuse_unread(const Refusal& refusal, Headers headers) {
    exchange_ = std::make_unique<Exchange>();
    exchange_->request.remote_address = peer_.text();
    refuse(refusal, std::move(headers));
}

/// Whether the peer keeps what is waited for from coming to its end.
bool Connection::is_too_slow(SteadyClock::time_point now) {
    const auto& options = core_->options;
    switch (phase_) {
        case Phase::body:
            return now - exchange_->started > options.request_timeout ||
                   pace_.is_too_slow(now, options.body_timeout, options.bytes_per_second_min);
        case Phase::answering:
            if (!stream_ && now - answering_since_ > options.request_timeout) return true;
            return pace_.is_too_slow(now, options.write_timeout, options.bytes_per_second_min);
        default:
            return false;
    }
}

void Connection::sweep(SteadyClock::time_point now) {
    // As while an answer streams, a peer that ends its side is taken to have left.
    if (phase_ == Phase::handling && abandonment_.stop_possible() && transport_.has_ended()) {
        abandonment_.request_stop();
    }
    if (now < deadline_ && !is_too_slow(now)) return;
    switch (phase_) {
        case Phase::head:
            return refuse_unread(
                {408, "request_timeout", "The request's head did not come in time."});
        case Phase::body:
            return refuse({408, "request_timeout", "The request's body did not come in time."});
        case Phase::handshake:
        case Phase::idle:
        case Phase::lingering:
            return abort();
        case Phase::answering:
            // One that only waits for news shows that it lives, and finds out whether its peer
            // does.
            if (is_live() && !pace_.is_waiting()) return stream_->offer(out_.live.pulse);
            return abort();
        case Phase::deciding:
        case Phase::storing:
        case Phase::handling:
        case Phase::closed:
            break;
    }
}

void Connection::wind_up() {
    if (phase_ == Phase::idle || phase_ == Phase::handshake) return abort();
    if (is_live()) stream_->end(true);
}

void Connection::abort() {
    if (phase_ == Phase::closed) return;
    if (phase_ == Phase::answering) account(false);
    phase_ = Phase::closed;
    transport_.close();
    abandonment_.request_stop();
    if (stream_) stream_->drop();
    stream_.reset();
    edge_.remove(*this);
}

/// Waits without a buffer, so that an idle connection needs none.
void Connection::read_more() {
    if (reading_) return;
    reading_ = true;
    transport_.wait_readable([self = shared_from_this()](const boost::system::error_code& error) {
        self->on_readable(error);
    });
}

void Connection::on_readable(boost::system::error_code error) {
    reading_ = false;
    if (error || phase_ == Phase::closed) return;
    if (phase_ == Phase::handshake) return shake_hands();
    const bool wanted = phase_ == Phase::idle || phase_ == Phase::head || phase_ == Phase::body ||
                        phase_ == Phase::lingering || stream_ != nullptr;
    if (!wanted) return;
    const auto room = phase_ == Phase::body ? body_read_bytes : head_read_bytes;
    const auto space = in_.prepare(room);
    const auto read = transport_.read(static_cast<char*>(space.data()), space.size());
    if (read.state == Transport::State::again) return read_more();
    // A peer that ends its side while an answer streams is taken to have left.
    if (read.state == Transport::State::ended) return abort();
    in_.commit(read.bytes);
    advance();
}

void Connection::advance() {
    switch (phase_) {
        case Phase::idle:
            // A client may send an empty line after a body (RFC 9112, 2.2).
            while (in_.view().starts_with("\r\n")) in_.consume(2);
            if (in_.empty() || in_.view() == "\r") return read_more();
            phase_ = Phase::head;
            deadline_ = SteadyClock::now() + core_->options.header_timeout;
            return advance_head();
        case Phase::head:
            return advance_head();
        case Phase::body:
            deadline_ = SteadyClock::now() + core_->options.body_timeout;
            return advance_body();
        case Phase::lingering:
            in_.consume(in_.size());
            return read_more();
        case Phase::answering:
            // Requests that come ahead wait here, up to a head's size; then in the kernel.
            if (stream_ && in_.size() < core_->options.header_bytes_max) read_more();
            return;
        case Phase::handshake:
        case Phase::deciding:
        case Phase::storing:
        case Phase::handling:
        case Phase::closed:
            return;
    }
}

void Connection::advance_head() {
    const auto end = scan_.find_end(in_.view());
    if (!end) {
        return refuse_unread(end.error());
    }
    if (*end == 0) return read_more();
    auto head = parse_request_head(in_.view().substr(0, *end));
    if (!head) {
        return refuse_unread(head.error());
    }
    in_.consume(*end);
    begin_exchange(std::move(*head));
}

void Connection::advance_body() {
    auto& exchange = *exchange_;
    auto& to = exchange.is_upload() ? exchange.chunk : exchange.request.body;
    constexpr std::size_t chunk_bytes_max = 256 * 1024;
    const auto size_max = exchange.is_upload()
                              ? chunk_bytes_max
                              : static_cast<std::size_t>(core_->options.json_bytes_max);
    auto bytes = in_.view();
    const auto before = bytes.size();
    const auto state = exchange.body.read(bytes, to, size_max);
    pace_.moved(before - bytes.size());
    in_.consume(before - bytes.size());
    switch (state) {
        case BodyReader::State::malformed:
            return refuse({400, "malformed_request", "The chunked body is malformed."});
        case BodyReader::State::too_large:
            return refuse({413, "body_too_large", "The body is too large."});
        case BodyReader::State::done:
            return exchange.is_upload() ? store() : dispatch();
        case BodyReader::State::more:
            if (exchange.is_upload() && to.size() == chunk_bytes_max) return store();
            return read_more();
    }
}

void Connection::next_request() {
    exchange_.reset();
    scan_ = HeadScan(head_limits(core_->options));
    phase_ = Phase::idle;
    deadline_ = SteadyClock::now() + core_->options.idle_timeout;
    in_.shrink();
    if (in_.empty()) return read_more();
    // Not at once: a buffer full of requests would recurse.
    asio::post(edge_.io(), [self = shared_from_this()] {
        if (self->phase_ == Phase::idle) self->advance();
    });
}

void Connection::linger() {
    phase_ = Phase::lingering;
    deadline_ = SteadyClock::now() + linger_time;
    exchange_.reset();
    if (!transport_.end_sending()) return abort();
    // To close with unread bytes would reset the connection, and the answer could be lost.
    in_.consume(in_.size());
    read_more();
}

}  // namespace stoa::http
