// SPDX-License-Identifier: Apache-2.0
// The WebSocket frame codec of a server (RFC 6455, 5): frames in pieces of any size become whole
// messages, unmasked and checked; outgoing frames are never masked. No I/O. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::http {

enum class Opcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10
};

/// One unfragmented frame. A client's frames need a mask; ours have none.
std::string make_frame(Opcode opcode, std::string_view payload,
                       std::optional<std::uint32_t> mask = std::nullopt);
/// The reason is cut to the 123 bytes a control frame has room for.
std::string make_close_frame(std::uint16_t code, std::string_view reason);

/// Sec-WebSocket-Accept of a Sec-WebSocket-Key (RFC 6455, 4.2.2); nothing if the key is not the
/// Base64 of 16 bytes.
std::optional<std::string> accept_key(std::string_view key);

class FrameReader {
  public:
    enum class Event { more, text, binary, ping, pong, close, failed };

    explicit FrameReader(std::uint64_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

    /// Takes bytes off the front of `bytes` up to the end of one message or control frame. After
    /// `failed` and `close` it is not to be called again.
    Event next(std::string_view& bytes);
    /// Of the last event: the message, the control frame's payload, or the close frame's reason.
    [[nodiscard]] std::string& payload() { return last_is_control_ ? control_ : message_; }
    /// The peer's close code (1005 if it gave none), or the one to close with after `failed`.
    [[nodiscard]] std::uint16_t close_code() const { return close_code_; }

  private:
    bool read_header(std::string_view& bytes);
    bool check_header();
    void read_payload(std::string_view& bytes);
    Event end_frame();
    Event end_close();
    Event failed(std::uint16_t code);

    const std::uint64_t message_bytes_max_;
    std::array<unsigned char, 14> header_{};
    std::size_t header_size_ = 0;
    bool in_payload_ = false;
    bool final_ = false;
    Opcode opcode_ = Opcode::continuation;
    std::uint64_t payload_left_ = 0;
    std::array<unsigned char, 4> mask_{};
    std::size_t mask_at_ = 0;
    std::optional<Opcode> fragmented_;  ///< the kind of message that continues
    std::string message_;
    std::string control_;
    bool last_is_control_ = false;
    std::uint16_t close_code_ = 0;
};

}  // namespace stoa::http
