// SPDX-License-Identifier: Apache-2.0
// Where a request's body ends, and its bytes without the framing: Content-Length or chunked
// (RFC 9112, 6 and 7). Trailers and chunk extensions are read and dropped. Pure; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stoa::http {

class BodyReader {
  public:
    enum class State { more, done, malformed, too_large };

    static BodyReader of_length(std::uint64_t length) { return {false, length, 0}; }
    static BodyReader of_chunks(std::uint64_t bytes_max) { return {true, 0, bytes_max}; }

    /// Takes what is the body's off the front of `bytes` and appends it to `body`, which grows to
    /// at most `body_size_max`. Call again while it is `more` and something came or was made room.
    State read(std::string_view& bytes, std::string& body, std::size_t body_size_max);
    [[nodiscard]] State state() const { return state_; }
    /// Of a body with a length.
    [[nodiscard]] std::uint64_t bytes_left() const { return left_; }
    [[nodiscard]] bool chunked() const { return chunked_; }

  private:
    enum class Expect { size_line, data, data_end, trailer_line };

    BodyReader(bool chunked, std::uint64_t left, std::uint64_t bytes_max)
        : chunked_(chunked),
          state_(chunked || left > 0 ? State::more : State::done),
          left_(left),
          bytes_max_(bytes_max) {}
    /// False if the line is not yet complete.
    bool read_line(std::string_view& bytes);
    void end_line();
    void begin_chunk();

    bool chunked_;
    State state_;
    Expect expect_ = Expect::size_line;
    std::uint64_t left_;       ///< of the body or of the chunk
    std::uint64_t bytes_max_;  ///< of all chunks, less those begun
    std::size_t trailer_bytes_ = 0;
    std::string line_;
};

}  // namespace stoa::http
