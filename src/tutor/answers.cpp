// SPDX-License-Identifier: Apache-2.0
#include "tutor/answers.hpp"

#include "base/number.hpp"
#include "tutor/answer_events.hpp"
#include "tutor/answer_followers.hpp"
#include "tutor/followed_answer.hpp"

#include <utility>
#include <vector>

namespace stoa::tutor {

namespace {

using MaybeStream = std::optional<http::StreamBody>;

tl::unexpected<Error> answer_finished() {
    return fail(ErrorKind::conflict, "answer_finished",
                "This answer has come to its end; there is nothing to cancel.");
}

tl::unexpected<Error> answers_unavailable() {
    return unavailable("answers_unavailable",
                       "What another node is answering cannot be seen at the moment. If the answer "
                       "came to its end, it will stand in the conversation.",
                       std::chrono::seconds(2));
}

Result<void> check_number(const EventId& last, std::size_t told) {
    if (!last.number || *last.number <= told) return {};
    return fail(ErrorKind::invalid, "last_event_id_invalid",
                "Last-Event-ID names an event that was not sent.");
}

/// Tells the stream and the log; goes on for the log alone once nobody hears.
class Telling {
  public:
    Telling(RunningAnswers& running, std::shared_ptr<AnswerLog> log, http::Stream& stream)
        : running_(running), log_(std::move(log)), stream_(stream) {}
    Telling(const Telling&) = delete;
    Telling& operator=(const Telling&) = delete;
    ~Telling() {
        if (log_->is_ended()) return;
        finish("error", error_event({ErrorKind::internal, "internal_error", "", {}, {}}, ""));
    }

    /// False: stop.
    bool tell(std::string_view type, const std::string& data) {
        if (log_->stop_token().stop_requested()) return false;
        const auto number = log_->append(type, data);
        is_full_ = number == 0;
        if (is_full_) return false;
        write(number, type, data);
        if (is_heard_ || unheard_) return true;
        unheard_ = running_.go_on_unheard();
        return unheard_ != nullptr;
    }

    void finish(std::string_view type, const std::string& data) {
        write(log_->finish(type, data), type, data);
    }

    void finish_with(const std::string& follow_ups, const std::string& done) {
        const auto number = log_->append("follow_ups", follow_ups);
        if (number > 0) write(number, "follow_ups", follow_ups);
        finish("done", done);
    }

    /// Why the tutor was told to stop, if it was.
    [[nodiscard]] Error reason_of(const Error& error) const {
        if (log_->stop_token().stop_requested()) {
            return {ErrorKind::conflict,
                    "answer_cancelled",
                    "The answer was cancelled; nothing of it is kept.",
                    {},
                    {}};
        }
        if (!is_full_) return error;
        return {ErrorKind::unavailable,
                "model_unavailable",
                "The language model's answer comes in too many pieces.",
                {},
                std::chrono::seconds(5)};
    }

  private:
    /// Also when nobody hears: the stream may keep what it is told for who asks again.
    void write(std::size_t number, std::string_view type, const std::string& data) {
        const auto event = to_sse(log_->identity().message, number, type, data);
        is_heard_ = stream_.write(event) && is_heard_;
    }

    RunningAnswers& running_;
    std::shared_ptr<AnswerLog> log_;
    http::Stream& stream_;
    bool is_heard_ = true;
    bool is_full_ = false;
    RunningAnswers::Permit unheard_;
};

}  // namespace

Result<EventId> EventId::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon != std::string_view::npos) {
        const auto message = RowId::parse(text.substr(0, colon));
        const auto number = text.substr(colon + 1);
        if (message && number == "end") return EventId{*message, std::nullopt};
        const auto parsed = parse_number<std::uint32_t>(number);
        if (message && parsed) return EventId{*message, *parsed};
    }
    return fail(ErrorKind::invalid, "last_event_id_invalid",
                "Last-Event-ID is the id of an event of an answer's stream.");
}

Answers::Answers(Tutor& tutor, redis::Client& redis, accounts::SubjectKeys& keys)
    : tutor_(tutor), redis_(redis), keys_(keys), running_(redis, keys) {}

http::StreamBody Answers::ask(Prepared prepared, std::string request_id) {
    return [this, request_id = std::move(request_id),
            shared = std::make_shared<const Prepared>(std::move(prepared))](http::Stream& stream) {
        tell(*shared, request_id, stream);
    };
}

void Answers::tell(const Prepared& prepared, const std::string& request_id, http::Stream& stream) {
    auto log = running_.begin(identity_of(prepared));
    if (!log) {
        (void)stream.write(
            to_sse(prepared.message, 0, "error", error_event(log.error(), request_id)));
        return;
    }
    Telling telling(running_, *log, stream);
    Progress progress;
    progress.on_sources = [&](const std::vector<Source>& sources) {
        return telling.tell("sources", sources_event(prepared, sources));
    };
    progress.on_delta = [&](std::string_view delta) {
        return telling.tell("delta", delta_event(delta));
    };
    progress.on_restart = [&](std::string_view provider) {
        return telling.tell("restart", restart_event(provider));
    };
    progress.stop = (*log)->stop_token();
    const auto answer = tutor_.answer(prepared, progress);
    if (!answer) {
        return telling.finish("error", error_event(telling.reason_of(answer.error()), request_id));
    }
    // What is stored is told to its end, whatever is wished by now.
    telling.finish_with(follow_ups_event(answer->follow_up_questions), json::to_text(*answer));
}

Result<MaybeStream> Answers::resume(const UserId& asker,
                                    const std::optional<ConversationId>& conversation,
                                    const EventId& last, std::string request_id) {
    if (auto log = running_.find(asker, last.message)) {
        if (conversation && log->identity().conversation != *conversation) {
            return answer_not_found();
        }
        return resume_here(std::move(log), last);
    }
    auto stored = tutor_.conversations().find_answer(asker, conversation, last.message);
    if (!stored) return fail(stored);
    if (*stored) return resume_stored(asker, std::move(**stored), last, std::move(request_id));
    return resume_elsewhere(asker, conversation, last, std::move(request_id));
}

Result<MaybeStream> Answers::resume_here(std::shared_ptr<AnswerLog> log, const EventId& last) {
    const auto& identity = log->identity();
    if (auto read = tutor_.check_readable(identity); !read) return fail(read);
    const auto told = log->size();
    if (auto checked = check_number(last, told); !checked) return fail(checked);
    const auto seen = last.number.value_or(told);
    if (log->is_ended() && seen == log->size()) return MaybeStream();
    auto permit = running_.resume(identity.message);
    if (!permit) return fail(permit);
    return MaybeStream([log = std::move(log), seen, permit = *permit](http::Stream& stream) {
        follow_here(*log, seen, stream);
    });
}

Result<MaybeStream> Answers::resume_stored(const UserId& asker, StoredAnswer stored,
                                           const EventId& last, std::string request_id) {
    if (auto read = tutor_.read_conversation(asker, stored.conversation); !read) return fail(read);
    if (auto read = tutor_.check_readable(asker, stored.message); !read) return fail(read);
    if (!last.number) return MaybeStream();
    const auto key = keys_.key_of(asker);
    if (!key) return fail(key);
    const auto message = last.message;
    FollowedAnswer followed(redis_, *key, asker, message);
    auto news = followed.read(*last.number);
    const auto& identity = followed.identity();
    if (news && identity) {
        if (auto read = tutor_.check_readable(*identity); !read) return fail(read);
        // Its last events are on their way.
        if (news->is_running) {
            return follow(*key, {asker, message, stored.conversation}, *last.number,
                          std::move(request_id));
        }
        if (news->events.empty() && *last.number == news->told) return MaybeStream();
    }
    auto permit = running_.resume(message);
    if (!permit) return fail(permit);
    if (news && !news->events.empty() && news->events.back().type == "done") {
        return MaybeStream([events = std::move(news->events), seen = *last.number, message,
                            permit = *permit](http::Stream& stream) {
            auto number = seen;
            for (const auto& event : events) {
                if (!stream.write(to_sse(message, ++number, event.type, event.data))) return;
            }
        });
    }
    return MaybeStream([stored = std::move(stored), permit = *permit](http::Stream& stream) {
        tell_whole(stored, stream);
    });
}

Result<MaybeStream> Answers::resume_elsewhere(const UserId& asker,
                                              const std::optional<ConversationId>& conversation,
                                              const EventId& last, std::string request_id) {
    const auto key = keys_.key_of(asker);
    if (!key) return fail(key);
    FollowedAnswer followed(redis_, *key, asker, last.message);
    auto news = followed.read(0);
    if (!news) return answers_unavailable();
    if (news->told == 0 && !news->is_running) return answer_not_found();
    if (const auto& identity = followed.identity()) {
        if (conversation && identity->conversation != *conversation) return answer_not_found();
        if (auto read = tutor_.check_readable(*identity); !read) return fail(read);
        if (!news->is_running) {  // else Redis is a moment behind
            if (auto checked = check_number(last, news->told); !checked) return fail(checked);
        }
    }
    const auto seen = last.number.value_or(news->told);
    if (!news->is_running && news->told > 0 && seen == news->told) return MaybeStream();
    return follow(*key, {asker, last.message, conversation}, seen, std::move(request_id));
}

Result<MaybeStream> Answers::follow(const accounts::SubjectKey& key, const Wanted& wanted,
                                    std::size_t seen, std::string request_id) {
    auto permit = running_.resume(wanted.message);
    if (!permit) return fail(permit);
    auto followed = std::make_shared<FollowedAnswer>(redis_, key, wanted.asker, wanted.message);
    return MaybeStream([this, followed = std::move(followed), conversation = wanted.conversation,
                        seen, request_id = std::move(request_id),
                        permit = *permit](http::Stream& stream) {
        follow_elsewhere({tutor_, *followed, conversation, seen, request_id}, stream);
    });
}

Result<void> Answers::cancel(const UserId& asker, const ConversationId& conversation,
                             const RowId& message) {
    if (const auto log = running_.find(asker, message)) {
        if (log->identity().conversation != conversation) return answer_not_found();
        if (log->is_ended()) return answer_finished();
        log->cancel();
        return {};
    }
    const auto stored = tutor_.conversations().find_answer(asker, conversation, message);
    if (!stored) return fail(stored);
    if (*stored) return answer_finished();
    const auto key = keys_.key_of(asker);
    if (!key) return fail(key);
    FollowedAnswer followed(redis_, *key, asker, message);
    const auto news = followed.read(0);
    if (!news) return answers_unavailable();
    const auto& identity = followed.identity();
    if (!identity || identity->conversation != conversation) return answer_not_found();
    if (!news->is_running) return answer_finished();
    if (!followed.cancel()) return answers_unavailable();
    return {};
}

}  // namespace stoa::tutor
