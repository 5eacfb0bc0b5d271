// SPDX-License-Identifier: Apache-2.0
// WebSocket connections (RFC 6455) as features see them. A `Socket` is a thread-safe handle; what
// is sent is framed once, appended to the connection's bounded buffer and flushed once per tick.
// Its `SocketHandler` is called on the worker pool, one call at a time and in order of arrival.
// `Hub` fans one text out to every subscriber of a group.
#pragma once

#include "base/id.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::http {

namespace close_code {
inline constexpr std::uint16_t normal = 1000, going_away = 1001, protocol_error = 1002,
                               unsupported = 1003, invalid_data = 1007, policy = 1008,
                               too_big = 1009, internal_error = 1011, restart = 1012,
                               overloaded = 1013, unauthenticated = 4401, forbidden = 4403,
                               not_found = 4404;
}  // namespace close_code

/// A text message framed once for many sockets: immutable and shared.
struct TextFrame {
    std::shared_ptr<const std::string> bytes;
    std::size_t text_at = 0;
    explicit TextFrame(std::string_view text);
    [[nodiscard]] std::string_view text() const { return std::string_view(*bytes).substr(text_at); }
};

/// Somebody who is told what happens: a WebSocket, or the reader of an event stream. Any thread.
class Subscriber {
  public:
    virtual ~Subscriber() = default;
    /// Queues one text message. A peer whose buffer would pass its limit (1 MiB) is closed, a
    /// socket with 1013.
    virtual void send(std::string_view text) = 0;
    /// As `send`, of a message that many share.
    virtual void send_frame(const TextFrame& frame) { send(frame.text()); }
    /// Sends what is queued, then the end (of a socket: the close frame); later calls do nothing.
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
    /// Of one that has no `on_close`: nobody is there any more.
    [[nodiscard]] virtual bool is_gone() const { return false; }
};

class Socket : public Subscriber {
  public:
    /// Calls `on_timer` of the handler once after `delay` (a later call replaces an earlier one).
    virtual void set_timer(std::chrono::milliseconds delay) = 0;
};

class SocketHandler {
  public:
    virtual ~SocketHandler() = default;
    virtual void on_open() = 0;
    virtual void on_text(std::string_view text) = 0;
    virtual void on_timer() {}
    /// The last call; the socket is gone.
    virtual void on_close() = 0;
};

/// Called on the worker pool before the upgrade is answered; an error is answered as HTTP instead.
/// `caller` is set if a valid token came in `Authorization` or as the protocol `bearer.<token>`; a
/// token that is not valid is the factory's to refuse, since browsers cannot read a refused
/// upgrade. `Sec-WebSocket-Protocol: stoa.v1` is selected by the server if the client offers it.
using SocketFactory =
    std::function<Result<std::unique_ptr<SocketHandler>>(const Request&, std::shared_ptr<Socket>)>;

/// Groups of subscribers by room, on this node.
class Hub {
  public:
    Hub();
    ~Hub();
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;

    void join(const RoomId& room, const std::shared_ptr<Subscriber>& subscriber);
    void leave(const RoomId& room, const std::shared_ptr<Subscriber>& subscriber);
    /// Sends `text` to every subscriber of the room; returns how many.
    std::size_t publish(const RoomId& room, std::string_view text);
    [[nodiscard]] std::size_t count(const RoomId& room) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stoa::http
