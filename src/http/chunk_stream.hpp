// SPDX-License-Identifier: Apache-2.0
// The bounded buffer between those who write a streamed answer and the connection on the edge.
// A worker that makes an answer piece by piece calls `write`, which waits for room. Whoever tells
// news as they happen calls `offer`, which never waits: a reader that is too slow is cut. The edge
// takes what there is and tells when the peer is gone. Any thread.
#pragma once

#include "http/message.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>

namespace stoa::http {

class ChunkStream final : public Stream {
  public:
    static constexpr std::size_t written_bytes_max = 256 * 1024;
    static constexpr std::size_t offered_bytes_max = 1024 * 1024;

    /// One that is written; its writer waits at most `stall_limit` for room.
    explicit ChunkStream(std::chrono::seconds stall_limit)
        : bytes_max_(written_bytes_max), stall_limit_(stall_limit) {}
    /// One that is offered to.
    ChunkStream() : bytes_max_(offered_bytes_max), stall_limit_(0) {}

    [[nodiscard]] bool write(std::string_view bytes) override;
    /// What exceeds the bound breaks the answer. After its end it does nothing.
    void offer(std::string_view bytes);
    /// The answer is over; `whole` is false if it ended by an exception.
    void end(bool whole);
    /// Nothing is taken any more: it was ended, or the peer is gone or too slow.
    [[nodiscard]] bool is_over() const;

    enum class Progress { open, ended, broken };
    struct Taken {
        std::string bytes;
        Progress progress = Progress::open;
    };
    /// From here on `wake` tells the edge that there is something to take. Once.
    void attach(std::function<void()> wake);
    /// What was written since the last call. Once nothing is left, how it ended.
    Taken take();
    /// The peer is gone: every `write` from now on returns false.
    void drop();

  private:
    void wake();

    const std::size_t bytes_max_;
    const std::chrono::seconds stall_limit_;
    mutable std::mutex mutex_;
    std::condition_variable room_;
    std::function<void()> wake_;  ///< set once, before attached_
    std::string buffered_;
    bool attached_ = false;
    bool wake_pending_ = false;
    bool dropped_ = false;
    Progress progress_ = Progress::open;
};

}  // namespace stoa::http
