// SPDX-License-Identifier: Apache-2.0
#include "http/chunk_stream.hpp"

#include <algorithm>

namespace stoa::http {

bool ChunkStream::write(std::string_view bytes) {
    while (!bytes.empty()) {
        bool wake = false;
        {
            std::unique_lock lock(mutex_);
            const bool has_room = room_.wait_for(lock, stall_limit_, [this] {
                return dropped_ || buffered_.size() < buffered_bytes_max;
            });
            if (!has_room) {
                dropped_ = true;
                progress_ = Progress::broken;
            }
            if (dropped_) return false;
            const auto take = std::min(bytes.size(), buffered_bytes_max - buffered_.size());
            buffered_.append(bytes.substr(0, take));
            bytes.remove_prefix(take);
            wake = !std::exchange(wake_pending_, true);
        }
        if (wake) wake_();
    }
    return true;
}

void ChunkStream::end(bool whole) {
    {
        const std::lock_guard lock(mutex_);
        progress_ = whole && !dropped_ ? Progress::ended : Progress::broken;
    }
    wake_();
}

ChunkStream::Taken ChunkStream::take() {
    Taken taken;
    {
        const std::lock_guard lock(mutex_);
        wake_pending_ = false;
        taken.bytes.swap(buffered_);
        if (taken.bytes.empty()) taken.progress = progress_;
    }
    room_.notify_one();
    return taken;
}

void ChunkStream::drop() {
    {
        const std::lock_guard lock(mutex_);
        dropped_ = true;
        buffered_.clear();
    }
    room_.notify_one();
}

}  // namespace stoa::http
