// SPDX-License-Identifier: Apache-2.0
#include "tutor/followed_answer.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <utility>

namespace stoa::tutor {

FollowedAnswer::FollowedAnswer(redis::Client& redis, const accounts::SubjectKey& key,
                               const UserId& asker, const RowId& message)
    : redis_(redis), key_(key), asker_(asker), message_(message), keys_(asker, message) {}

Result<FollowedAnswer::News> FollowedAnswer::read(std::size_t seen) {
    // The mark goes after the last event came: asked first, it never hides one.
    auto replies = redis_.pipeline({{"EXISTS", keys_.running},
                                    {"LLEN", keys_.events},
                                    {"LRANGE", keys_.events, std::to_string(entries_), "-1"}});
    if (!replies) return fail(replies);
    News news;
    news.is_running = replies->at(0).integer == 1;
    if (replies->at(1).integer < entries_) {
        reread();
        return news;
    }
    for (auto& item : replies->at(2).items) {
        auto entry = open_entry(key_, message_, std::move(item.text));
        if (!entry) break;
        if (static_cast<std::size_t>(entry->first) > seen + news.events.size() + 1) {
            reread();
            break;
        }
        ++entries_;
        identity_ = identity_of(*entry, asker_, message_);
        const auto first = static_cast<std::size_t>(entry->first);
        auto& events = entry->events.items;
        told_ = std::max(told_, first + events.size() - 1);
        const auto next = seen + news.events.size() + 1;
        if (first + events.size() <= next) continue;
        std::move(events.begin() + static_cast<std::ptrdiff_t>(next - first), events.end(),
                  std::back_inserter(news.events));
    }
    news.told = told_;
    return news;
}

Result<void> FollowedAnswer::cancel() {
    const auto done =
        redis_.run({"SET", keys_.cancel, "1", "PX",
                    std::to_string(std::chrono::milliseconds(resumable_for).count())});
    if (!done) return fail(done);
    return {};
}

}  // namespace stoa::tutor
