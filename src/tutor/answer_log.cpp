// SPDX-License-Identifier: Apache-2.0
#include "tutor/answer_log.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace stoa::tutor {

AnswerLog::AnswerLog(AnswerIdentity identity, std::function<void()> on_change)
    : identity_(std::move(identity)), on_change_(std::move(on_change)) {}

std::size_t AnswerLog::append(std::string_view type, std::string data) {
    return add(type, std::move(data), false);
}

std::size_t AnswerLog::finish(std::string_view type, std::string data) {
    return add(type, std::move(data), true);
}

std::size_t AnswerLog::add(std::string_view type, std::string&& data, bool is_last) {
    constexpr std::size_t event_bytes = sizeof(AnswerEvent) + 16;
    std::size_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        const auto bytes = data.size() + event_bytes;
        if (is_ended_ || (!is_last && bytes_ + bytes > bytes_max)) return 0;
        bytes_ += bytes;
        events_.push_back({std::string(type), std::move(data)});
        is_ended_ = is_last;
        number = events_.size();
    }
    changed_.notify_all();
    if (on_change_) on_change_();
    return number;
}

AnswerLog::Tail AnswerLog::read(std::size_t seen, std::chrono::milliseconds wait) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wait, [&] { return is_ended_ || events_.size() > seen; });
    const auto first = static_cast<std::ptrdiff_t>(std::min(seen, events_.size()));
    return {{std::next(events_.begin(), first), events_.end()}, is_ended_};
}

bool AnswerLog::is_ended() const {
    const std::lock_guard lock(mutex_);
    return is_ended_;
}

std::size_t AnswerLog::size() const {
    const std::lock_guard lock(mutex_);
    return events_.size();
}

std::size_t AnswerLog::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

}  // namespace stoa::tutor
