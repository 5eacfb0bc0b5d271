// SPDX-License-Identifier: Apache-2.0
#include "http/client_health.hpp"

#include <gtest/gtest.h>

namespace stoa::http {
namespace {

using std::chrono::seconds;
using Outcome = ClientHealth::Outcome;
const std::string origin = "https://example.org:443";

class ClientHealthTest : public testing::Test {
  protected:
    ClientHealth health;
    ClientHealth::Clock::time_point now{seconds(1'000)};

    ClientHealth::Ticket last;  ///< of the request admitted last

    bool admitted() {
        const auto ticket = health.admit(origin, now);
        if (ticket) last = *ticket;
        return ticket.has_value();
    }
    bool report(Outcome outcome) { return report(last, outcome); }
    bool report(ClientHealth::Ticket ticket, Outcome outcome) {
        return health.report(origin, ticket, outcome, now);
    }
    void open() {
        for (int i = 1; i < ClientHealth::failures_to_open; ++i) {
            EXPECT_FALSE(report(Outcome::failed));
        }
        EXPECT_TRUE(report(Outcome::failed));
    }
};

TEST_F(ClientHealthTest, OpensAfterFailuresInARow) {
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(admitted());
        report(i % 4 == 3 ? Outcome::answered : Outcome::failed);
    }
    open();
    EXPECT_FALSE(admitted());
    EXPECT_EQ(health.admit(origin, now).error().retry_after, seconds(5));
    EXPECT_TRUE(health.admit("https://other:443", now));
}

TEST_F(ClientHealthTest, TriesOneAndClosesWhenItAnswers) {
    open();
    now += seconds(5);
    EXPECT_TRUE(admitted());
    EXPECT_FALSE(admitted()) << "one at a time";
    report(Outcome::unknown);
    EXPECT_TRUE(admitted()) << "that told nothing";
    report(Outcome::answered);
    EXPECT_TRUE(admitted());
    EXPECT_TRUE(admitted());
}

TEST_F(ClientHealthTest, WaitsLongerEachTimeUpToALimit) {
    open();
    for (const int wait : {5, 10, 20, 40, 60, 60}) {
        now += seconds(wait - 1);
        EXPECT_FALSE(admitted()) << wait;
        now += seconds(1);
        EXPECT_TRUE(admitted()) << wait;
        EXPECT_TRUE(report(Outcome::failed));
    }
}

TEST_F(ClientHealthTest, FailuresOfRequestsFromBeforeDoNotProlongIt) {
    open();
    EXPECT_FALSE(report(Outcome::failed));
    now += seconds(5);
    EXPECT_TRUE(admitted());
}

TEST_F(ClientHealthTest, OnlyTheTrialEndsTheTrial) {
    for (const auto late : {Outcome::answered, Outcome::failed, Outcome::unknown}) {
        ASSERT_TRUE(admitted());
        const auto from_before = last;
        open();
        EXPECT_FALSE(report(from_before, late));
        EXPECT_FALSE(admitted()) << "still open";
        now += seconds(5);
        ASSERT_TRUE(admitted());
        EXPECT_FALSE(report(from_before, late));
        EXPECT_FALSE(admitted()) << "the trial is still under way";
        EXPECT_TRUE(report(Outcome::failed)) << "and opens it again";
        now += seconds(10);
        ASSERT_TRUE(admitted());
        report(Outcome::answered);
    }
}

TEST_F(ClientHealthTest, BudgetIsAFifthOfTheRequestsAndWhatWasSaved) {
    int spent = 0;
    const auto spend = [&] {
        while (health.spend_retry(origin, now)) ++spent;
    };
    spend();
    EXPECT_EQ(spent, 5);
    for (int i = 0; i < 1'000; ++i) {
        health.earn_retries(origin, now);
        spend();
    }
    EXPECT_NEAR(spent, 205, 1);
    for (int i = 0; i < 1'000; ++i) health.earn_retries(origin, now);
    spent = 0;
    spend();
    EXPECT_EQ(spent, 10);
}

TEST_F(ClientHealthTest, RemembersNoMoreOriginsThanItMay) {
    open();
    for (std::size_t i = 0; i < 3 * ClientHealth::origins_max; ++i) {
        now += std::chrono::milliseconds(1);
        EXPECT_TRUE(health.admit("http://" + std::to_string(i) + ":80", now));
    }
    EXPECT_EQ(health.size(), ClientHealth::origins_max);
    EXPECT_TRUE(admitted()) << "it was asked longest ago";
}

}  // namespace
}  // namespace stoa::http
