// SPDX-License-Identifier: Apache-2.0
#include "tutor/running_answers.hpp"

#include "documents/library_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace stoa::tutor {
namespace {

/// Redis is away, so nothing is ever passed on: to be forgotten in time must not depend on it.
class RunningAnswersTest : public documents::LibraryTest {
  protected:
    std::shared_ptr<AnswerLog> begin(const RowId& message) {
        auto log = running.begin({{asker, {}, {}}, ConversationId::make(), message, {}});
        EXPECT_TRUE(log);
        return *log;
    }
    void tell_whole(const RowId& message, const std::string& text) {
        const auto log = begin(message);
        EXPECT_GT(log->append("delta", text), 0U);
        EXPECT_GT(log->finish("done", "{}"), 0U);
    }
    bool is_known(const RowId& message) { return running.find(asker, message) != nullptr; }
    static std::vector<RowId> make_ids(std::size_t count) {
        std::vector<RowId> ids(count);
        std::ranges::generate(ids, RowId::make);
        return ids;
    }

    UserId asker = new_user();
    RunningAnswers running{redis, keys};
};

TEST_F(RunningAnswersTest, The_oldest_of_many_that_ended_are_forgotten_and_none_that_runs) {
    const auto unended = RowId::make();
    begin(unended);
    const auto ids = make_ids(600);
    for (const auto& id : ids) tell_whole(id, "A.");
    EXPECT_TRUE(is_known(unended));
    EXPECT_FALSE(is_known(ids.front()));
    const auto known = std::ranges::count_if(ids, [&](const auto& id) { return is_known(id); });
    EXPECT_LE(known, 512);
    EXPECT_GE(known, 500);
    const auto first = std::ranges::find_if(ids, [&](const auto& id) { return is_known(id); });
    EXPECT_TRUE(std::all_of(first, ids.end(), [&](const auto& id) { return is_known(id); }));
}

TEST_F(RunningAnswersTest, Long_answers_are_forgotten_when_all_hold_too_much) {
    const std::string long_text(900'000, 'a');
    const auto ids = make_ids(48);  // 43 MB of the 34 that are kept at most
    for (const auto& id : ids) tell_whole(id, long_text);
    for (int i = 0; i < 600 && is_known(ids.front()); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_FALSE(is_known(ids.front()));
    EXPECT_TRUE(is_known(ids.back()));
}

}  // namespace
}  // namespace stoa::tutor
