// SPDX-License-Identifier: Apache-2.0
#include "tutor/token_budget.hpp"

#include "documents/library_fixture.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace stoa::tutor {
namespace {

class TokenBudgetTest : public documents::LibraryTest {
  protected:
    std::int64_t used(const UserId& user) {
        return *database.one<std::int64_t>(
            {"test.used", "SELECT tokens FROM token_usage WHERE user_id = $1"}, user);
    }
};

TEST_F(TokenBudgetTest, What_is_reserved_is_settled_and_the_rest_is_free_again) {
    TokenBudget budget(database, 100);
    const auto user = new_user();
    {
        auto first = budget.reserve(user, 60);
        ASSERT_TRUE(first);
        EXPECT_EQ(used(user), 60);
        const auto second = budget.reserve(user, 41);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, "budget_exhausted");
        EXPECT_EQ(second.error().kind, ErrorKind::limited);
        ASSERT_TRUE(second.error().retry_after);
        EXPECT_LE(*second.error().retry_after, std::chrono::seconds(86'401));
        (*first)->settle(10);
        EXPECT_EQ(used(user), 10);
        EXPECT_TRUE(budget.reserve(user, 90));
        EXPECT_EQ(used(user), 10) << "nothing was spent of it";
    }
    EXPECT_EQ(used(user), 10) << "it was settled once";
    EXPECT_EQ(budget.reserve(new_user(), 101).error().code, "budget_exhausted");
}

TEST_F(TokenBudgetTest, A_new_day_begins_at_nought) {
    TokenBudget budget(database, 100);
    const auto user = new_user();
    auto yesterday = budget.reserve(user, 100);
    ASSERT_TRUE(yesterday);
    ASSERT_TRUE(database.run(
        postgres::Query{"test.age", "UPDATE token_usage SET day = day - 1 WHERE user_id = $1"},
        user));
    auto today = budget.reserve(user, 70);
    ASSERT_TRUE(today);
    (*today)->settle(70);
    EXPECT_EQ(used(user), 70);
    TokenBudget unlimited(database, 0);
    const auto none = unlimited.reserve(user, 1'000'000);
    ASSERT_TRUE(none);
    EXPECT_EQ(*none, nullptr);
}

TEST_F(TokenBudgetTest, Is_exact_under_parallel_questions) {
    TokenBudget budget(database, 1'000);
    const auto user = new_user();
    std::atomic<int> granted = 0;
    std::atomic<int> refused = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int j = 0; j < 25; ++j) {
                const auto reserved = budget.reserve(user, 30);
                if (!reserved) {
                    EXPECT_EQ(reserved.error().code, "budget_exhausted");
                    ++refused;
                    continue;
                }
                ++granted;
                (*reserved)->settle(20);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(granted + refused, 200);
    EXPECT_EQ(used(user), granted * 20);
    EXPECT_LE(used(user), 1'000);
    EXPECT_GE(granted, 1);
    // Alone, it may be used to what a question needs at least.
    while (const auto reserved = budget.reserve(user, 30)) (*reserved)->settle(20);
    EXPECT_GT(used(user), 1'000 - 30);
    EXPECT_LE(used(user), 1'000);
}

}  // namespace
}  // namespace stoa::tutor
