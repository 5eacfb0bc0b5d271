// SPDX-License-Identifier: Apache-2.0
// The bounded buffer between a streaming response's writer, on the worker pool, and the connection
// on the edge. `write` waits for room; the edge takes what there is and tells when the peer is
// gone.
#pragma once

#include "http/message.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

namespace stoa::http {

class ChunkStream final : public Stream {
  public:
    static constexpr std::size_t buffered_bytes_max = 256 * 1024;

    /// `wake` tells the edge that there is something to take; called from the writer's thread.
    ChunkStream(std::function<void()> wake, std::chrono::seconds stall_limit)
        : wake_(std::move(wake)), stall_limit_(stall_limit) {}

    [[nodiscard]] bool write(std::string_view bytes) override;
    /// The writer is through; `whole` is false if it ended by an exception.
    void end(bool whole);

    enum class Progress { open, ended, broken };
    struct Taken {
        std::string bytes;
        Progress progress = Progress::open;
    };
    /// What was written since the last call. Once nothing is left, how it ended.
    Taken take();
    /// The peer is gone: every `write` from now on returns false.
    void drop();

  private:
    const std::function<void()> wake_;
    const std::chrono::seconds stall_limit_;
    std::mutex mutex_;
    std::condition_variable room_;
    std::string buffered_;
    bool wake_pending_ = false;
    bool dropped_ = false;
    Progress progress_ = Progress::open;
};

}  // namespace stoa::http
