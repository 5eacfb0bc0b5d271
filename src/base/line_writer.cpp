// SPDX-License-Identifier: Apache-2.0
#include "base/line_writer.hpp"

#include <climits>

#include <poll.h>
#include <unistd.h>

namespace stoa {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds poll_time{100};
constexpr std::chrono::seconds last_words_time{1};

/// As much as a pipe that is said to be writable takes at once: whole lines, so that those of other
/// processes do not come in between, unless one alone is longer.
std::string_view next_piece(std::string_view bytes) {
    if (bytes.size() <= PIPE_BUF) return bytes;
    const auto end = bytes.substr(0, PIPE_BUF).rfind('\n');
    return bytes.substr(0, end == std::string_view::npos ? PIPE_BUF : end + 1);
}

}  // namespace

LineWriter::LineWriter(int descriptor)
    : descriptor_(descriptor), thread_([this](const std::stop_token& stop) { run(stop); }) {}

LineWriter::~LineWriter() { (void)flush(last_words_time); }

bool LineWriter::push(std::string_view line) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() + line.size() + 1 > waiting_bytes_max) {
            ++dropped_;
            return false;
        }
        waiting_.append(line) += '\n';
    }
    changed_.notify_all();
    return true;
}

bool LineWriter::flush(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return waiting_.empty() && !writing_; });
}

std::uint64_t LineWriter::dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
}

void LineWriter::run(const std::stop_token& stop) {
    std::string bytes;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            writing_ = false;
            if (waiting_.empty()) changed_.notify_all();
            if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
            bytes.clear();
            bytes.swap(waiting_);
            writing_ = true;
        }
        if (!write_out(bytes, stop)) return;
    }
}

/// False if nothing more can be written.
bool LineWriter::write_out(std::string_view bytes, const std::stop_token& stop) {
    while (!bytes.empty()) {
        pollfd waited{descriptor_, POLLOUT, 0};
        const int ready = poll(&waited, 1, static_cast<int>(poll_time.count()));
        if (stop.stop_requested()) return false;
        if (ready <= 0) continue;
        const auto piece = next_piece(bytes);
        const auto written = write(descriptor_, piece.data(), piece.size());
        if (written < 0 && errno != EINTR && errno != EAGAIN) return true;  // nobody reads it
        if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace stoa
