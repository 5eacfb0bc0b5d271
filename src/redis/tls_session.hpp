// SPDX-License-Identifier: Apache-2.0
// TLS of one connection to Redis, between the bytes that are meant and those on the socket. The
// socket stays the wire's, so that deadlines, and sending without SIGPIPE, are as without TLS.
// Private to this module. One thread at a time.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

struct ssl_st;

namespace stoa::redis {

class TlsSession {
  public:
    /// To a server whose certificate has to name `host` and be signed by one of the file
    /// `ca_file`, or of the system's if that is empty. Null if the file cannot be used; `why`
    /// then says so.
    static std::unique_ptr<TlsSession> begin(const std::string& host, const std::string& ca_file,
                                             std::string& why);

    enum class State { done, wants_more, failed };
    /// Until it is `done`: `take_output` is to be sent, what comes back to be fed. `why` gets the
    /// reason of a failure.
    State shake_hands(std::string& why);

    /// What came from the socket.
    void feed(std::string_view bytes);
    /// The next bytes that were meant, into `to`; `bytes` is 0 unless it is `done`.
    State read(std::span<char> to, std::size_t& bytes);
    /// Encrypts all of it; false if the session is at its end.
    bool write(std::string_view bytes);
    /// What is to be sent on the socket, after each of the above.
    std::string take_output();

  private:
    struct Free {
        void operator()(ssl_st* session) const;
    };
    explicit TlsSession(std::unique_ptr<ssl_st, Free> session) : session_(std::move(session)) {}

    std::unique_ptr<ssl_st, Free> session_;
};

}  // namespace stoa::redis
