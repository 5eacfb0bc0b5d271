// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"
#include "http/access_log.hpp"
#include "http/connection.hpp"

#include <array>
#include <charconv>

namespace stoa::http {
namespace {

std::string make_chunk(std::string_view bytes) {
    std::array<char, 16> size;
    const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
    std::string chunk;
    chunk.reserve(bytes.size() + 20);
    chunk.append(size.data(), end).append("\r\n").append(bytes).append("\r\n");
    return chunk;
}

iovec io_vector(std::string_view bytes) {
    return {const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT: sendmsg only reads
}

}  // namespace

void Connection::deliver(Answer answer, std::shared_ptr<ChunkStream> stream) {
    if (phase_ == Phase::closed) {
        if (stream) stream->drop();
        return;
    }
    phase_ = Phase::answering;
    answering_since_ = SteadyClock::now();
    deadline_ = answering_since_ + core_->options.write_timeout;
    out_ = std::move(answer);
    sent_ = 0;
    pace_ = {};
    stream_ = std::move(stream);
    // While a stream waits for its writer only a read can tell that the peer has left.
    if (stream_) read_more();
    if (is_live()) {
        // It may go on for hours: like a socket's opening it counts now.
        account(true);
        if (core_->stopping.load(std::memory_order_relaxed)) stream_->end(true);
    }
    flush();
}

/// Writes what there is until the socket is full or the answer is out.
void Connection::flush() {
    if (phase_ != Phase::answering || pace_.is_waiting()) return;
    for (;;) {
        if (sent_ < out_.head.size() + out_.body.size()) {
            if (!write_bytes()) return;
        } else if (out_.file.left > 0) {
            if (!take_from_file()) return;
        } else if (stream_) {
            if (!write_stream()) return;
        } else {
            return finish_answer();
        }
    }
}

/// Head and body in one call. False if it has to wait or the peer is gone.
bool Connection::write_bytes() {
    const auto head_left = std::string_view(out_.head).substr(std::min(sent_, out_.head.size()));
    const auto body_sent = sent_ - std::min(sent_, out_.head.size());
    std::array<iovec, 2> parts{io_vector(head_left),
                               io_vector(std::string_view(out_.body).substr(body_sent))};
    const auto written = transport_.write(parts);
    if (!after_write(written.state)) return false;
    sent_ += written.bytes;
    pace_.moved(written.bytes);
    return true;
}

/// Puts the next piece of the file into `out_`. False if it cannot be read: then the promised
/// length cannot be kept, and only a cut says so.
bool Connection::take_from_file() {
    auto& file = out_.file;
    auto piece = file.source->read(file.offset);
    if (!piece || piece->empty()) {
        log::error("A file could not be read while it was sent.",
                   {{"error.message", piece ? "it ended early" : piece.error().message}});
        abort();
        return false;
    }
    if (piece->size() > file.left) piece->resize(file.left);
    file.offset += piece->size();
    file.left -= piece->size();
    sent_ = 0;
    out_.head.clear();
    out_.body = std::move(*piece);
    return true;
}

/// Puts the next piece into `out_`. False if there is none yet, or never will be.
bool Connection::write_stream() {
    auto taken = stream_->take();
    sent_ = 0;
    out_.body.clear();
    out_.head.clear();
    if (!taken.bytes.empty()) {
        deadline_ = SteadyClock::now() + core_->options.write_timeout;
        out_.head = out_.chunked ? make_chunk(taken.bytes) : std::move(taken.bytes);
        return true;
    }
    switch (taken.progress) {
        case ChunkStream::Progress::open:
            deadline_ = is_live() ? SteadyClock::now() + core_->options.ping_interval
                                  : SteadyClock::time_point::max();
            return false;
        case ChunkStream::Progress::ended:
            if (out_.chunked) out_.head = "0\r\n\r\n";
            stream_.reset();
            return true;
        case ChunkStream::Progress::broken:
            // Without its last chunk the peer can tell that the answer is not whole.
            abort();
            return false;
    }
    return false;
}

bool Connection::after_write(Transport::State state) {
    switch (state) {
        case Transport::State::moved:
            deadline_ = SteadyClock::now() + core_->options.write_timeout;
            return true;
        case Transport::State::again:
            wait_writable();
            return false;
        case Transport::State::ended:
            abort();
            return false;
    }
    return false;
}

void Connection::wait_writable() {
    pace_.wait(SteadyClock::now());
    transport_.wait_writable([self = shared_from_this()](const boost::system::error_code& error) {
        self->pace_.go_on(SteadyClock::now());
        if (!error) self->flush();
    });
}

/// Counts and logs the answer once; not `whole` if it is cut in its middle.
void Connection::account(bool whole) {
    auto& exchange = *exchange_;
    if (std::exchange(exchange.accounted, true)) return;
    const auto taken = SteadyClock::now() - exchange.started;
    edge_.meters().count(exchange.route,
                         exchange.method_known ? method_name(exchange.request.method) : "unknown",
                         out_.status, std::chrono::duration<double>(taken).count());
    if (!whole) core_->answers_cut.add();
    if (core_->options.access_log) log_access(exchange, {out_.status, whole}, taken);
}

void Connection::finish_answer() {
    const auto& exchange = *exchange_;
    account(true);
    const bool close = out_.close || core_->stopping.load(std::memory_order_relaxed);
    // A peer that was told, and from whom nothing is unread, needs no lingering.
    const bool told = out_.close && in_.empty() && exchange.method_known &&
                      exchange.body.state() == BodyReader::State::done;
    out_ = Answer{};
    if (close && told) return abort();
    if (close) return linger();
    next_request();
}

}  // namespace stoa::http
