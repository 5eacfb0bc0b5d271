// SPDX-License-Identifier: Apache-2.0
// One connection to Redis, with TLS if the address says so. hiredis connects; reading and writing
// is ours, for one deadline over a whole command and no SIGPIPE. Private to this module. One thread
// at a time.
#pragma once

#include "base/result.hpp"
#include "redis/client.hpp"
#include "redis/reply_reader.hpp"
#include "redis/tls_session.hpp"
#include "redis/url.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <hiredis/hiredis.h>

namespace stoa::redis {

using Deadline = std::chrono::steady_clock::time_point;

class Wire {
  public:
    /// Connects, signs in and selects the database, within `timeout`. `why` gets the reason of a
    /// failure, for the log.
    static Result<std::unique_ptr<Wire>> open(const Address& address,
                                              std::chrono::milliseconds timeout, std::string& why);

    /// False: the connection is lost.
    bool send(std::span<const Command* const> commands, Deadline deadline);
    bool send(const std::vector<Command>& commands, Deadline deadline);
    /// The next reply, which may be an error that Redis answers. `redis_unavailable` after the
    /// deadline or if the connection is lost.
    Result<Reply> receive(Deadline deadline);
    /// A reply that is already here; nothing if there is none. As `receive` otherwise.
    Result<std::optional<Reply>> receive_ready();
    /// One command and its answer; an error that Redis answers is a failure.
    Result<Reply> ask(const Command& command, Deadline deadline);

    /// Reads what the socket has; false if the connection is lost.
    bool read_some() { return take_in() != Intake::lost; }

    /// No further command may use it.
    void give_up() { is_broken_ = true; }
    [[nodiscard]] bool is_broken() const { return is_broken_; }
    /// Has the server closed it, or said anything unasked, while nobody looked?
    [[nodiscard]] bool is_stale() const;
    [[nodiscard]] int socket() const { return context_->fd; }

  private:
    struct Finish {
        void operator()(redisContext* context) const { redisFree(context); }
    };
    explicit Wire(redisContext* context) : context_(context) {}
    enum class Intake { some, nothing, lost };
    bool secure(const Address& address, Deadline deadline, std::string& why);
    Result<void> introduce(const Address& address, Deadline deadline);
    bool send_bytes(std::string_view bytes, Deadline deadline);
    /// What the socket has at this moment, for `reader_`.
    Intake take_in();
    bool decrypt(std::string_view bytes);
    bool fill(Deadline deadline);
    bool wait(short events, Deadline deadline) const;
    tl::unexpected<Error> lost();

    std::unique_ptr<redisContext, Finish> context_;
    std::unique_ptr<TlsSession> tls_;
    ReplyReader reader_;
    bool is_broken_ = false;
};

}  // namespace stoa::redis
