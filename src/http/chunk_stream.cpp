// SPDX-License-Identifier: Apache-2.0
#include "http/chunk_stream.hpp"

#include <algorithm>

namespace stoa::http {

bool ChunkStream::write(std::string_view bytes) {
    while (!bytes.empty()) {
        {
            std::unique_lock lock(mutex_);
            const bool has_room = room_.wait_for(
                lock, stall_limit_, [this] { return dropped_ || buffered_.size() < bytes_max_; });
            dropped_ |= !has_room;
            if (dropped_) return false;
            const auto take = std::min(bytes.size(), bytes_max_ - buffered_.size());
            buffered_.append(bytes.substr(0, take));
            bytes.remove_prefix(take);
        }
        wake();
    }
    return true;
}

void ChunkStream::offer(std::string_view bytes) {
    {
        const std::lock_guard lock(mutex_);
        if (dropped_ || progress_ != Progress::open) return;
        if (bytes.size() > bytes_max_ - buffered_.size()) {
            dropped_ = true;
            progress_ = Progress::broken;
            buffered_ = {};
        } else {
            buffered_.append(bytes);
        }
    }
    wake();
}

void ChunkStream::end(bool whole) {
    {
        const std::lock_guard lock(mutex_);
        if (progress_ != Progress::open) return;
        progress_ = whole && !dropped_ ? Progress::ended : Progress::broken;
        wake_pending_ = false;
    }
    wake();
}

bool ChunkStream::is_over() const {
    const std::lock_guard lock(mutex_);
    return dropped_ || progress_ != Progress::open;
}

/// One call of the edge is enough until it has taken what there is.
void ChunkStream::wake() {
    {
        const std::lock_guard lock(mutex_);
        if (!attached_ || wake_pending_) return;
        wake_pending_ = true;
    }
    wake_();
}

void ChunkStream::attach(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    attached_ = true;
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
        buffered_ = {};
    }
    room_.notify_one();
}

}  // namespace stoa::http
