// SPDX-License-Identifier: Apache-2.0
#include "http/transport.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stoa::http {
namespace {

/// As much as one TLS record holds.
constexpr std::size_t record_bytes = 16 * 1024;

Transport::Progress progress_of(ssize_t moved) {
    if (moved > 0) return {Transport::State::moved, static_cast<std::size_t>(moved)};
    if (moved < 0 && (errno == EAGAIN || errno == EINTR)) return {Transport::State::again};
    return {Transport::State::ended};
}

/// As much of the parts as fits; its size.
std::size_t gather(std::span<const iovec> parts, std::array<char, record_bytes>& record) {
    std::size_t size = 0;
    for (const auto& part : parts) {
        const auto taken = std::min(part.iov_len, record.size() - size);
        if (taken > 0) std::memcpy(record.data() + size, part.iov_base, taken);
        size += taken;
    }
    return size;
}

}  // namespace

bool Transport::prepare() {
    boost::system::error_code error;
    socket_.set_option(asio::ip::tcp::no_delay(true), error);
    if (!error) socket_.non_blocking(true, error);
    return !error;
}

Transport::State Transport::handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(session_.get());
    const auto state = tls_progress(result, read_needs_write_, SSL_ERROR_WANT_WRITE).state;
    shaken_ = state == State::moved;
    return state;
}

Transport::Progress Transport::read(char* to, std::size_t size) {
    if (!session_) return progress_of(::recv(socket_.native_handle(), to, size, MSG_DONTWAIT));
    ERR_clear_error();
    const int result = SSL_read(session_.get(), to, static_cast<int>(size));
    return tls_progress(result, read_needs_write_, SSL_ERROR_WANT_WRITE);
}

Transport::Progress Transport::write(std::span<iovec> parts) {
    if (!session_) {
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        return progress_of(
            ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT));
    }
    std::array<char, record_bytes> record;
    const auto size = gather(parts, record);
    ERR_clear_error();
    const int result = SSL_write(session_.get(), record.data(), static_cast<int>(size));
    return tls_progress(result, write_needs_read_, SSL_ERROR_WANT_READ);
}

bool Transport::has_ended() {
    pollfd socket{socket_.native_handle(), POLLRDHUP, 0};
    return ::poll(&socket, 1, 0) == 1;
}

bool Transport::end_sending() {
    send_close_notify();
    boost::system::error_code error;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    return !error;
}

void Transport::close() {
    send_close_notify();
    boost::system::error_code ignored;
    socket_.close(ignored);
}

bool Transport::has_unread() const { return session_ && SSL_pending(session_.get()) > 0; }

/// `other` is the readiness that this direction needs only now and then (a key update).
Transport::Progress Transport::tls_progress(int result, bool& needs_other, int other) {
    needs_other = false;
    if (result > 0) return {State::moved, static_cast<std::size_t>(result)};
    const int error = SSL_get_error(session_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        needs_other = error == other;
        return {State::again};
    }
    broken_ = error != SSL_ERROR_ZERO_RETURN;
    return {State::ended};
}

/// So that the peer can tell an end from a cut. What does not go at once is not waited for.
void Transport::send_close_notify() {
    if (!session_ || !shaken_ || broken_ || !socket_.is_open()) return;
    ERR_clear_error();
    SSL_shutdown(session_.get());
}

}  // namespace stoa::http
