// SPDX-License-Identifier: Apache-2.0
#include "tutor/running_answers.hpp"

#include "base/log.hpp"

#include <deque>
#include <string>
#include <utility>

namespace stoa::tutor {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kept_max = 512;
constexpr std::size_t kept_bytes_max = 32 * 1024 * 1024;
constexpr int unheard_max = 8;
constexpr int streams_max = 4;  ///< of one answer
/// What is told in such a time goes to Redis together.
constexpr milliseconds gather_for{50};
constexpr milliseconds look_every{250};
constexpr milliseconds rest_for{1'000};

std::string ms_of(milliseconds time) { return std::to_string(time.count()); }

}  // namespace

/// A log, and how much of it Redis has: that is the thread's alone.
struct RunningAnswers::Kept {
    Kept(std::shared_ptr<AnswerLog> of, const accounts::SubjectKey& with)
        : log(std::move(of)),
          key(with),
          keys(log->identity().scope.asker, log->identity().message) {}

    std::shared_ptr<AnswerLog> log;
    accounts::SubjectKey key;
    AnswerKeys keys;
    std::size_t events = 0;
    std::int64_t entries = 0;
    bool is_torn = false;  ///< what Redis has of it is not known
    bool is_through = false;
    Clock::time_point marked{};
    std::optional<Clock::time_point> ended{};

    // Of the commands under way: which reply tells what.
    std::size_t length_reply = 0;
    std::size_t cancel_reply = 0;
    std::size_t next_events = 0;
    std::int64_t next_entries = 0;
    bool is_last = false;

    void add_commands(std::vector<redis::Command>& commands, Clock::time_point now);
    void take_replies(const std::vector<redis::Reply>& replies);
};

/// Outlives the answers' own references to it.
struct RunningAnswers::Shared {
    std::mutex mutex;
    std::condition_variable_any changed;
    bool has_news = false;
    std::map<RowId, std::shared_ptr<Kept>> kept;
    std::vector<std::shared_ptr<Kept>> untold;  // of those kept, what Redis has not whole
    std::deque<std::shared_ptr<Kept>> ended;    // of those kept, oldest first
    std::size_t ended_bytes = 0;
    int unheard = 0;
    std::map<RowId, int> streams;

    void tell() {
        const std::lock_guard lock(mutex);
        if (!std::exchange(has_news, true)) changed.notify_all();
    }
    /// How much the logs hold that have not ended by now.
    std::size_t note_ended(Clock::time_point now);
    void forget_old(Clock::time_point now);
};

void RunningAnswers::Kept::add_commands(std::vector<redis::Command>& commands,
                                        Clock::time_point now) {
    if (is_torn) {
        commands.push_back({"DEL", keys.events});
        events = 0;
        entries = 0;
    }
    auto tail = log->read(events, milliseconds(0));
    is_last = tail.is_ended;
    next_events = events + tail.events.size();
    next_entries = entries;
    const bool marks = is_last || is_torn || now - marked >= mark_every;
    length_reply = cancel_reply = 0;
    if (!tail.events.empty()) {
        length_reply = commands.size() + 1;
        ++next_entries;
        commands.push_back({"RPUSH", keys.events,
                            seal_entry(key, log->identity(), events + 1, std::move(tail.events))});
    } else if (marks) {
        length_reply = commands.size() + 1;
        commands.push_back({"LLEN", keys.events});
    }
    if (marks) {
        commands.push_back({"PEXPIRE", keys.events, ms_of(resumable_for)});
        if (!is_last) commands.push_back({"SET", keys.running, "1", "PX", ms_of(running_for)});
        marked = now;
    }
    if (is_last) {
        commands.push_back({"DEL", keys.running});
    } else {
        cancel_reply = commands.size() + 1;
        commands.push_back({"GET", keys.cancel});
    }
}

void RunningAnswers::Kept::take_replies(const std::vector<redis::Reply>& replies) {
    is_torn = length_reply > 0 && replies.at(length_reply - 1).integer != next_entries;
    if (cancel_reply > 0 && replies.at(cancel_reply - 1).kind == redis::Reply::Kind::text) {
        log->cancel();
    }
    if (is_torn) return;
    events = next_events;
    entries = next_entries;
    is_through = is_last;
}

std::size_t RunningAnswers::Shared::note_ended(Clock::time_point now) {
    std::size_t running_bytes = 0;
    for (const auto& one : untold) {
        if (one->ended) continue;
        if (one->log->is_ended()) {
            one->ended = now;
            ended.push_back(one);
            ended_bytes += one->log->bytes();
        } else {
            running_bytes += one->log->bytes();
        }
    }
    return running_bytes;
}

void RunningAnswers::Shared::forget_old(Clock::time_point now) {
    const auto running_bytes = note_ended(now);
    while (!ended.empty()) {
        const auto oldest = ended.front();
        const bool is_full = kept.size() > kept_max || running_bytes + ended_bytes > kept_bytes_max;
        if (!is_full && now - *oldest->ended < resumable_for) return;
        ended.pop_front();
        ended_bytes -= oldest->log->bytes();
        kept.erase(oldest->log->identity().message);
    }
}

RunningAnswers::RunningAnswers(redis::Client& redis, accounts::SubjectKeys& keys)
    : redis_(redis),
      keys_(keys),
      shared_(std::make_shared<Shared>()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

RunningAnswers::~RunningAnswers() = default;

Result<std::shared_ptr<AnswerLog>> RunningAnswers::begin(AnswerIdentity identity) {
    const auto key = keys_.key_of(identity.scope.asker);
    if (!key) return fail(key);
    const auto message = identity.message;
    // Weak, because what it tells keeps the log.
    auto log =
        std::make_shared<AnswerLog>(std::move(identity), [told = std::weak_ptr<Shared>(shared_)] {
            if (const auto shared = told.lock()) shared->tell();
        });
    const std::lock_guard lock(shared_->mutex);
    if (shared_->kept.size() >= kept_max) shared_->forget_old(Clock::now());
    shared_->untold.push_back(std::make_shared<Kept>(log, *key));
    shared_->kept.emplace(message, shared_->untold.back());
    return log;
}

std::shared_ptr<AnswerLog> RunningAnswers::find(const UserId& asker, const RowId& message) {
    const std::lock_guard lock(shared_->mutex);
    const auto found = shared_->kept.find(message);
    if (found == shared_->kept.end()) return nullptr;
    auto log = found->second->log;
    return log->identity().scope.asker == asker ? log : nullptr;
}

RunningAnswers::Permit RunningAnswers::go_on_unheard() {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->unheard >= unheard_max) return nullptr;
    ++shared_->unheard;
    return {this, [shared = shared_](void*) {
                const std::lock_guard guard(shared->mutex);
                --shared->unheard;
            }};
}

Result<RunningAnswers::Permit> RunningAnswers::resume(const RowId& message) {
    const std::lock_guard lock(shared_->mutex);
    auto& streams = shared_->streams[message];
    if (streams >= streams_max) {
        return tl::unexpected<Error>(Error{ErrorKind::limited,
                                           "too_many_streams",
                                           "This answer is already being streamed several times.",
                                           {},
                                           std::chrono::seconds(10)});
    }
    ++streams;
    return Permit{this, [shared = shared_, message](void*) {
                      const std::lock_guard guard(shared->mutex);
                      if (--shared->streams[message] == 0) shared->streams.erase(message);
                  }};
}

std::vector<std::shared_ptr<RunningAnswers::Kept>> RunningAnswers::collect(bool& has_running) {
    std::erase_if(shared_->untold, [this](const auto& one) {
        return one->is_through || !shared_->kept.contains(one->log->identity().message);
    });
    has_running = !shared_->untold.empty();
    return shared_->untold;
}

bool RunningAnswers::pass_on(const std::vector<std::shared_ptr<Kept>>& due) {
    constexpr std::size_t commands_at_once = 256;
    bool is_well = true;
    for (std::size_t begin = 0; begin < due.size() && is_well;) {
        std::vector<redis::Command> commands;
        const auto first = begin;
        const auto now = Clock::now();
        while (begin < due.size() && commands.size() < commands_at_once) {
            due[begin++]->add_commands(commands, now);
        }
        const auto replies = redis_.pipeline(commands);
        is_well = replies.has_value();
        for (auto i = first; i < begin; ++i) {
            if (is_well)
                due[i]->take_replies(*replies);
            else
                due[i]->is_torn = true;
        }
    }
    return is_well;
}

void RunningAnswers::run(const std::stop_token& stop) {
    bool has_running = false;
    std::unique_lock lock(shared_->mutex);
    while (!stop.stop_requested()) {
        const auto wait = has_running ? look_every : milliseconds(10'000);
        shared_->changed.wait_for(lock, stop, wait, [this] { return shared_->has_news; });
        if (stop.stop_requested()) return;
        shared_->changed.wait_for(lock, stop, gather_for, [] { return false; });
        shared_->has_news = false;
        shared_->forget_old(Clock::now());
        const auto due = collect(has_running);
        lock.unlock();
        const bool is_well = pass_on(due);
        lock.lock();
        if (!is_well) {
            shared_->changed.wait_for(lock, stop, rest_for, [] { return false; });
        }
    }
}

}  // namespace stoa::tutor
