// SPDX-License-Identifier: Apache-2.0
#include "app/supervisor.hpp"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

namespace stoa::app {
namespace {

using namespace std::chrono_literals;

Command shell(const std::string& name, const std::string& script) {
    Command command;
    command.name = name;
    command.program = "/bin/sh";
    command.arguments = {"sh", "-c", script};
    command.log = std::filesystem::path(testing::TempDir()) /
                  ("supervisor-" + name + std::to_string(getpid()));
    std::filesystem::remove(command.log);
    return command;
}

int lines_in(const std::filesystem::path& log) {
    const auto text = last_lines(log, 1000);
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

TEST(Supervisor, ReportsAChildThatEndsBeforeItIsReady) {
    Supervisor supervisor;
    ASSERT_TRUE(supervisor.start(shell("broken", "echo the reason; exit 4")));
    const auto ready = supervisor.wait_until("the service", [] { return false; }, 30s);
    ASSERT_FALSE(ready);
    EXPECT_EQ(ready.error().code, "not_ready");
    EXPECT_NE(ready.error().message.find("exit status 4"), std::string::npos);
    EXPECT_NE(ready.error().message.find("the reason"), std::string::npos);
}

TEST(Supervisor, StartsAChildAgainButNotForEver) {
    Supervisor supervisor(0ms);
    const auto command = shell("crashing", "echo started");
    ASSERT_TRUE(supervisor.start(command));
    const auto ended = supervisor.keep_running([] { return false; });
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, "child_keeps_ending");
    EXPECT_EQ(lines_in(command.log), 1 + static_cast<int>(Supervisor::crashes_max));
}

TEST(Supervisor, TakesSignalsAsTheWishToEnd) {
    Supervisor supervisor;
    kill(getpid(), SIGTERM);
    const auto ended = supervisor.keep_running([] { return false; });
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, "interrupted");
}

TEST(Supervisor, StopsInReverseOrder) {
    const auto log =
        std::filesystem::path(testing::TempDir()) / ("supervisor-order" + std::to_string(getpid()));
    std::filesystem::remove(log);
    {
        Supervisor supervisor;
        for (const auto* name : {"first", "second"}) {
            Command command =
                shell(name, "trap 'echo " + std::string(name) +
                                "; exit' TERM; echo up; while :; do sleep 0.01; done");
            command.log = log;
            ASSERT_TRUE(supervisor.start(command));
        }
        ASSERT_TRUE(supervisor.wait_until("both", [&] { return lines_in(log) == 2; }, 30s));
    }
    EXPECT_EQ(last_lines(log, 10), "up\nup\nsecond\nfirst\n");
    std::filesystem::remove(log);
}

}  // namespace
}  // namespace stoa::app
