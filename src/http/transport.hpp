// SPDX-License-Identifier: Apache-2.0
// Private to this module: the bytes to and from one peer, over TCP or TLS on it. Nothing blocks:
// what cannot go on says so, and one waits until it can. Moves from an HTTP connection to the
// WebSocket that it becomes. One edge's thread.
#pragma once

#include "http/asio.hpp"
#include "http/tls.hpp"

#include <cstddef>
#include <span>
#include <utility>

#include <sys/uio.h>

namespace stoa::http {

class Transport {
  public:
    enum class State {
        moved,  ///< at least one byte; of a handshake: done
        again,  ///< wait first
        ended   ///< the peer is gone, or broke the protocol
    };
    struct Progress {
        State state = State::ended;
        std::size_t bytes = 0;
    };

    /// Without a session it is plain TCP.
    explicit Transport(TcpSocket socket, TlsSession session = nullptr)
        : socket_(std::move(socket)), session_(std::move(session)) {}

    /// Makes the socket non-blocking; false if it is already gone.
    bool prepare();
    [[nodiscard]] bool is_tls() const { return session_ != nullptr; }
    /// Of TLS, before anything is read or written; `again` waits by `wait_readable`.
    State handshake();

    Progress read(char* to, std::size_t size);
    /// The parts one behind the other. What is tried again has to begin with the same bytes.
    Progress write(std::span<iovec> parts);

    /// Calls `handler(error)` once it is worth trying again.
    template <class F>
    void wait_readable(F handler) {
        if (has_unread()) {
            asio::post(socket_.get_executor(), [handler = std::move(handler)]() mutable {
                handler(boost::system::error_code());
            });
            return;
        }
        socket_.async_wait(read_needs_write_ ? TcpSocket::wait_write : TcpSocket::wait_read,
                           std::move(handler));
    }
    template <class F>
    void wait_writable(F handler) {
        socket_.async_wait(write_needs_read_ ? TcpSocket::wait_read : TcpSocket::wait_write,
                           std::move(handler));
    }

    /// The peer has ended its side or is gone; what it sent before may still be unread.
    [[nodiscard]] bool has_ended();
    /// Tells the peer that nothing more comes; false if it is gone.
    bool end_sending();
    void close();

  private:
    /// Decrypted bytes, of which the socket knows nothing.
    [[nodiscard]] bool has_unread() const;
    Progress tls_progress(int result, bool& needs_other, int other);
    void send_close_notify();

    TcpSocket socket_;
    TlsSession session_;
    bool shaken_ = false;
    bool broken_ = false;  ///< TLS can say nothing more
    bool read_needs_write_ = false;
    bool write_needs_read_ = false;
};

}  // namespace stoa::http
