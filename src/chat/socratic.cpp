// SPDX-License-Identifier: Apache-2.0
#include "chat/socratic.hpp"

#include "base/log.hpp"

namespace stoa::chat {
namespace {

/// The fields that say which question this is, without the closing brace.
std::string begin_data(const AskedInRoom& asked) {
    std::string data = R"({"user_id":")" + asked.user.str() + R"(","query_id":)";
    json::write(data, asked.query_id);
    return data;
}

}  // namespace

Socratic::Socratic(postgres::Database& database, rooms::RoomEvents& events,
                   accounts::SubjectKeys& keys, Answerer answer, std::size_t threads,
                   std::size_t queries_max)
    : database_(database),
      events_(events),
      keys_(keys),
      answer_(std::move(answer)),
      pool_(threads, queries_max) {}

Result<void> Socratic::ask(AskedInRoom asked, std::function<void(const Result<void>&)> on_done) {
    const auto asker = asked.user;
    if (!begin(asker)) return unavailable("busy", "Your last question is still being answered.");
    const bool is_taken =
        pool_.submit([this, asked = std::move(asked), on_done = std::move(on_done)] {
            const auto answered = answer_guarded(asked);
            end(asked.user);
            on_done(answered);
        });
    if (is_taken) return {};
    end(asker);
    return unavailable("busy", "Too many questions are being answered; ask again in a moment.");
}

bool Socratic::begin(const UserId& asker) {
    const std::lock_guard lock(mutex_);
    return askers_.insert(asker).second;
}

void Socratic::end(const UserId& asker) {
    const std::lock_guard lock(mutex_);
    askers_.erase(asker);
}

Result<void> Socratic::answer_guarded(const AskedInRoom& asked) {
    try {
        return answer(asked);
    } catch (const std::exception& error) {
        log::error("A room's question failed", {{"error.message", error.what()}});
        return fail(ErrorKind::internal, "internal_error", error.what());
    }
}

Result<void> Socratic::answer(const AskedInRoom& asked) {
    Told told;
    told.on_delta = [&](std::string_view delta) {
        std::string data = begin_data(asked) + R"(,"delta":)";
        json::append_string(data, delta);
        events_.publish_passing(asked.room, "socratic_response", data + '}');
        return true;
    };
    told.on_restart = [&] {
        events_.publish_passing(asked.room, "socratic_response",
                                begin_data(asked) + R"(,"restart":true})");
        return true;
    };
    const auto answered = answer_(asked, told);
    if (!answered) return fail(answered);
    std::string data = begin_data(asked) + R"(,"question":)";
    json::append_string(data, asked.query.question.value);
    data += ',';
    data += std::string_view(*answered).substr(1);
    // As in the asker's own conversation, whose words these are.
    const auto key = keys_.key_of(asked.user);
    if (!key) return fail(key);
    const auto event = database_.transact([&](postgres::Session& session) {
        return rooms::append_event(session, asked.room, "socratic_response", data,
                                   {asked.user, *key});
    });
    if (!event) return fail(event);
    events_.publish(*event);
    return {};
}

}  // namespace stoa::chat
