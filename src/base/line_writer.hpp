// SPDX-License-Identifier: Apache-2.0
// Writes lines to a descriptor on a thread of its own, so that whoever has something to log never
// waits for who reads it. What the reader is too slow for is dropped and counted, never the lines
// that wait already. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace stoa {

class LineWriter {
  public:
    static constexpr std::size_t waiting_bytes_max = 1024 * 1024;

    /// The descriptor stays the caller's.
    explicit LineWriter(int descriptor);
    /// Gives what waits one more second.
    ~LineWriter();
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;

    /// `line` without its end. False if it was dropped.
    bool push(std::string_view line);
    /// Whether all that was pushed is out, within `time`.
    bool flush(std::chrono::milliseconds time);
    [[nodiscard]] std::uint64_t dropped() const;

  private:
    void run(const std::stop_token& stop);
    bool write_out(std::string_view bytes, const std::stop_token& stop);

    const int descriptor_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::string waiting_;
    bool writing_ = false;
    std::uint64_t dropped_ = 0;
    std::jthread thread_;  ///< last: it uses all the others
};

}  // namespace stoa
