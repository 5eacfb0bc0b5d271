// SPDX-License-Identifier: Apache-2.0
#include "http/socket_connection.hpp"

#include "http/guard.hpp"

#include <array>

namespace stoa::http {
namespace {

constexpr std::size_t frames_per_write = 64;
/// How long a peer may take to answer our close frame.
constexpr std::chrono::seconds close_time{2};

}  // namespace

SocketConnection::SocketConnection(std::shared_ptr<Core> core, Edge& edge, std::string trace_id,
                                   Census::Ticket handler_ticket)
    : core_(std::move(core)),
      edge_(edge),
      trace_id_(std::move(trace_id)),
      handler_ticket_(std::move(handler_ticket)),
      timer_(edge.io()),
      reader_(core_->options.socket_message_bytes_max) {}

// What any thread may do.

void SocketConnection::send_frame(const TextFrame& frame) { queue_frame(frame.bytes, false); }

void SocketConnection::close(std::uint16_t code, std::string_view reason) {
    queue_frame(std::make_shared<const std::string>(make_close_frame(code, reason)), true);
}

void SocketConnection::queue_frame(Frame frame, bool last) {
    {
        const std::lock_guard lock(out_mutex_);
        if (closing_) return;
        if (!last && out_bytes_ + frame->size() > out_bytes_max) {
            for (const auto& unsent : out_) out_bytes_ -= unsent->size();
            out_.clear();
            core_->sockets_overloaded.add();
            last = true;
            frame = std::make_shared<const std::string>(make_close_frame(
                close_code::overloaded, "The peer reads slower than the room speaks."));
        }
        out_bytes_ += frame->size();
        out_.push_back(std::move(frame));
        closing_ = last;
        if (std::exchange(flush_pending_, true)) return;
    }
    edge_.flush_soon(shared_from_this());
}

void SocketConnection::queue_control(std::string frame) {
    queue_frame(std::make_shared<const std::string>(std::move(frame)), false);
}

void SocketConnection::set_timer(std::chrono::milliseconds delay) {
    edge_.post([self = shared_from_this(), delay] {
        if (self->dropped_) return;
        self->timer_.expires_after(delay);
        self->timer_.async_wait([self](const boost::system::error_code& error) {
            if (!error && !self->dropped_) self->queue_event(EventKind::timer);
        });
    });
}

void SocketConnection::queue_event(EventKind kind, std::string text) {
    {
        const std::lock_guard lock(event_mutex_);
        events_.push_back({kind, std::move(text)});
        if (std::exchange(running_, true)) return;
    }
    schedule();
}

/// A refused event is tried again shortly: it is never lost.
void SocketConnection::schedule() {
    if (core_->pool.submit([self = shared_from_this()] { self->run_events(); })) return;
    edge_.retry_soon([self = shared_from_this()] { self->schedule(); });
}

// What workers do.

void SocketConnection::run_events() {
    constexpr int events_per_turn = 16;
    const log::TraceScope trace(trace_id_);
    for (int i = 0; i < events_per_turn; ++i) {
        Event event;
        bool wake = false;
        {
            const std::lock_guard lock(event_mutex_);
            if (events_.empty()) {
                running_ = false;
                return;
            }
            event = std::move(events_.front());
            events_.pop_front();
            wake = paused_ && events_.size() <= events_max / 2;
            if (wake) paused_ = false;
        }
        if (wake) edge_.post([self = shared_from_this()] { self->resume(); });
        if (!run_event(event)) return;
    }
    schedule();
}

/// False after the last event.
bool SocketConnection::run_event(const Event& event) {
    const auto done = guard([&] {
        switch (event.kind) {
            case EventKind::opened:
                handler_->on_open();
                break;
            case EventKind::text:
                handler_->on_text(event.text);
                break;
            case EventKind::timer:
                handler_->on_timer();
                break;
            case EventKind::closed:
                handler_->on_close();
                break;
        }
        return true;
    });
    if (!done) {
        log_thrown(done.error(), {});
        close(close_code::internal_error, "Something went wrong on our side.");
    }
    if (event.kind != EventKind::closed) return true;
    handler_.reset();
    const auto left = std::move(handler_ticket_);
    return false;
}

// What the edge does.

void SocketConnection::open(Transport transport, ConnectionTicket ticket,
                            std::unique_ptr<SocketHandler> handler, std::string handshake,
                            std::string_view early) {
    transport_.emplace(std::move(transport));
    ticket_ = std::move(ticket);
    handler_ = std::move(handler);
    heard_at_ = pinged_at_ = SteadyClock::now();
    edge_.add(shared_from_this());
    queue_event(EventKind::opened);
    writing_.push_back(std::make_shared<const std::string>(std::move(handshake)));
    {
        const std::lock_guard lock(out_mutex_);
        out_bytes_ += writing_.front()->size();
    }
    if (core_->stopping.load(std::memory_order_relaxed)) wind_up();
    flush();
    if (dropped_) return;
    unread_ = early;
    resume();
}

void SocketConnection::sweep(SteadyClock::time_point now) {
    if (close_deadline_ == SteadyClock::time_point::max()) {
        const std::lock_guard lock(out_mutex_);
        if (closing_) close_deadline_ = now + close_time;
    }
    if (now >= close_deadline_ || now - heard_at_ > core_->options.pong_timeout) return drop();
    if (now - pinged_at_ < core_->options.ping_interval) return;
    pinged_at_ = now;
    queue_control(make_frame(Opcode::ping, {}));
}

void SocketConnection::read_more() {
    if (reading_ || dropped_) return;
    reading_ = true;
    transport_->wait_readable([self = shared_from_this()](const boost::system::error_code& error) {
        self->on_readable(error);
    });
}

void SocketConnection::on_readable(boost::system::error_code error) {
    reading_ = false;
    if (error || dropped_) return;
    std::array<char, 16 * 1024> bytes;
    const auto read = transport_->read(bytes.data(), bytes.size());
    if (read.state == Transport::State::again) return read_more();
    if (read.state == Transport::State::ended) return drop();
    heard_at_ = SteadyClock::now();
    read_frames({bytes.data(), read.bytes});
}

/// Takes frames out of `bytes` until the handler has enough to do; then reading rests.
void SocketConnection::read_frames(std::string_view bytes) {
    while (!peer_closed_ && !dropped_) {
        {
            const std::lock_guard lock(event_mutex_);
            paused_ = events_.size() >= events_max;
            if (paused_) {
                unread_ = bytes;
                return;
            }
        }
        if (!on_frame(reader_.next(bytes))) break;
    }
    read_more();
}

/// False if the frame is not yet whole, or was the last one.
bool SocketConnection::on_frame(FrameReader::Event event) {
    switch (event) {
        case FrameReader::Event::more:
            return false;
        case FrameReader::Event::text:
            core_->socket_messages_in.add();
            queue_event(EventKind::text, std::move(reader_.payload()));
            return true;
        case FrameReader::Event::ping:
            queue_control(make_frame(Opcode::pong, reader_.payload()));
            return true;
        case FrameReader::Event::pong:
            return true;
        case FrameReader::Event::binary:
            close(close_code::unsupported, "Messages should be text.");
            peer_closed_ = true;
            return false;
        case FrameReader::Event::close:
            close(reader_.close_code() == 1005 ? close_code::normal : reader_.close_code(), {});
            peer_closed_ = clean_ = true;
            // Ours may be on its way already; then both are done once it is out.
            flush();
            return false;
        case FrameReader::Event::failed:
            close(reader_.close_code(), {});
            peer_closed_ = true;
            return false;
    }
    return false;
}

void SocketConnection::resume() {
    const auto bytes = std::exchange(unread_, {});
    read_frames(bytes);
}

/// Moves what is queued to `writing_`; false if there is nothing.
bool SocketConnection::take_queued() {
    const std::lock_guard lock(out_mutex_);
    flush_pending_ = false;
    if (out_.empty()) return false;
    writing_.swap(out_);
    core_->socket_messages_out.add(static_cast<double>(writing_.size()));
    return true;
}

void SocketConnection::flush() {
    if (dropped_ || !transport_ || waiting_writable_) return;
    while (!writing_.empty() || take_queued()) {
        std::array<iovec, frames_per_write> parts;
        std::size_t count = 0;
        auto offset = written_;
        for (auto i = writing_at_; i < writing_.size() && count < parts.size(); ++i) {
            const auto& frame = *writing_[i];
            parts[count++] = {const_cast<char*>(frame.data()) + offset, frame.size() - offset};
            offset = 0;
        }
        const auto sent = transport_->write(std::span(parts).first(count));
        if (sent.state == Transport::State::again) return wait_writable();
        if (sent.state == Transport::State::ended) return drop();
        {
            const std::lock_guard lock(out_mutex_);
            out_bytes_ -= sent.bytes;
        }
        written_ += sent.bytes;
        while (writing_at_ < writing_.size() && written_ >= writing_[writing_at_]->size()) {
            written_ -= writing_[writing_at_++]->size();
        }
        if (writing_at_ == writing_.size()) {
            writing_.clear();
            writing_at_ = 0;
        }
    }
    after_flush();
}

/// Everything is out. If the close frame was among it, the peer has its turn, or the end is here.
void SocketConnection::after_flush() {
    {
        const std::lock_guard lock(out_mutex_);
        if (!closing_) return;
    }
    if (!peer_closed_) return;
    if (clean_) return drop();
    // After an error the peer may still be sending: to close at once would reset the connection and
    // could take the close frame with it.
    transport_->end_sending();
}

void SocketConnection::wait_writable() {
    waiting_writable_ = true;
    transport_->wait_writable([self = shared_from_this()](const boost::system::error_code& error) {
        self->waiting_writable_ = false;
        if (!error) self->flush();
    });
}

void SocketConnection::drop() {
    if (std::exchange(dropped_, true)) return;
    {
        const std::lock_guard lock(out_mutex_);
        closing_ = true;
        out_.clear();
    }
    if (transport_) transport_->close();
    timer_.cancel();
    edge_.remove(*this);
    const auto left = std::move(ticket_);
    queue_event(EventKind::closed);
}

}  // namespace stoa::http
