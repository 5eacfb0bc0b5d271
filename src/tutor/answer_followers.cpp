// SPDX-License-Identifier: Apache-2.0
#include "tutor/answer_followers.hpp"

#include "tutor/answer_events.hpp"

#include <chrono>
#include <thread>

namespace stoa::tutor {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A comment of that age keeps proxies from ending a silent stream, and shows whether anybody
/// hears.
constexpr std::chrono::seconds silence_max{3};
constexpr std::string_view comment = ":\n\n";
constexpr milliseconds look_every{100};
/// A node writes anew what Redis forgot, within its mark's time.
constexpr milliseconds healing_max = running_for;
constexpr std::chrono::minutes follow_max{10};

bool is_last(const AnswerEvent& event) { return event.type == "done" || event.type == "error"; }

class RemoteFollower {
  public:
    RemoteFollower(const Elsewhere& from, http::Stream& stream)
        : from_(from), stream_(stream), seen_(from.seen) {}

    void run() {
        const auto until = Clock::now() + follow_max;
        while (Clock::now() < until) {
            auto news = from_.followed.read(seen_);
            if (news && !check()) return;
            if (news && !pass_on(*news)) return;
            if (news && news->is_running) alive_ = Clock::now();
            if (news && !news->events.empty()) continue;
            if (Clock::now() - alive_ > healing_max || (news && !news->is_running)) {
                if (end_by_stored()) return;
            }
            if (Clock::now() - alive_ > healing_max) return end_as_lost();
            if (!rest()) return;
        }
        end_as_lost();
    }

  private:
    /// Before the first word: who asks, and whether they may still read what it is made from.
    bool check() {
        const auto& identity = from_.followed.identity();
        if (is_checked_ || !identity) return true;
        is_checked_ = true;
        auto checked = from_.tutor.check_readable(*identity);
        if (from_.conversation && identity->conversation != *from_.conversation) {
            checked = answer_not_found();
        }
        if (checked) return true;
        end_by(checked.error());
        return false;
    }

    bool pass_on(const FollowedAnswer::News& news) {
        for (const auto& event : news.events) {
            if (!write(to_sse(from_.followed.message(), ++seen_, event.type, event.data))) {
                return false;
            }
            if (is_last(event)) return false;
        }
        return true;
    }

    bool end_by_stored() {
        const auto found = from_.tutor.conversations().find_answer(
            from_.followed.asker(), from_.conversation, from_.followed.message());
        if (!found || !*found) return false;
        const auto read =
            from_.tutor.read_conversation(from_.followed.asker(), (*found)->conversation);
        if (!read)
            end_by(read.error());
        else
            tell_whole(**found, stream_);
        return true;
    }

    void end_as_lost() {
        end_by({ErrorKind::unavailable,
                "answer_lost",
                "The node that answered cannot be heard any more. Look into the conversation, or "
                "ask again.",
                {},
                std::chrono::seconds(5)});
    }

    void end_by(const Error& error) {
        (void)write(
            to_sse(from_.followed.message(), 0, "error", error_event(error, from_.request_id)));
    }

    bool rest() {
        std::this_thread::sleep_for(look_every);
        const auto now = Clock::now();
        if (now - reread_ > mark_every) {
            reread_ = now;
            from_.followed.reread();
        }
        return now - written_ < silence_max || write(comment);
    }

    bool write(std::string_view text) {
        written_ = Clock::now();
        return stream_.write(text);
    }

    Elsewhere from_;
    http::Stream& stream_;
    std::size_t seen_;
    bool is_checked_ = false;
    Clock::time_point alive_ = Clock::now();
    Clock::time_point reread_ = Clock::now();
    Clock::time_point written_ = Clock::now();
};

}  // namespace

void follow_here(const AnswerLog& log, std::size_t seen, http::Stream& stream) {
    for (;;) {
        const auto tail = log.read(seen, silence_max);
        for (const auto& event : tail.events) {
            const auto text = to_sse(log.identity().message, ++seen, event.type, event.data);
            if (!stream.write(text)) return;
        }
        if (tail.is_ended) return;
        if (tail.events.empty() && !stream.write(comment)) return;
    }
}

void follow_elsewhere(Elsewhere from, http::Stream& stream) { RemoteFollower(from, stream).run(); }

void tell_whole(const StoredAnswer& stored, http::Stream& stream) {
    for (const auto& event : whole_answer(stored)) {
        const auto text = is_last(event) ? to_last_sse(stored.message.id, event.type, event.data)
                                         : to_sse(stored.message.id, 0, event.type, event.data);
        if (!stream.write(text)) return;
    }
}

}  // namespace stoa::tutor
