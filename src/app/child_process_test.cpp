// SPDX-License-Identifier: Apache-2.0
#include "app/child_process.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stoa::app {
namespace {

using namespace std::chrono_literals;

Command shell(const std::string& script) {
    Command command;
    command.name = "shell";
    command.program = "/bin/sh";
    command.arguments = {"sh", "-c", script};
    return command;
}

std::filesystem::path scratch(const std::string& name) {
    return std::filesystem::path(testing::TempDir()) / (name + std::to_string(getpid()));
}

TEST(ChildProcess, TellsHowItEnded) {
    auto good = ChildProcess::start(shell("exit 0"));
    ASSERT_TRUE(good);
    ASSERT_TRUE(good->wait(10s));
    EXPECT_TRUE(good->succeeded());

    auto bad = ChildProcess::start(shell("exit 3"));
    ASSERT_TRUE(bad && bad->wait(10s));
    EXPECT_FALSE(bad->succeeded());
    EXPECT_EQ(bad->how_it_ended(), "exit status 3");

    auto killed = ChildProcess::start(shell("kill -9 $$"));
    ASSERT_TRUE(killed && killed->wait(10s));
    EXPECT_EQ(killed->how_it_ended(), "signal 9 (Killed)");
}

TEST(ChildProcess, SaysWhyAProgramCannotStart) {
    Command command = shell("");
    command.program = "/nonexistent/program";
    const auto child = ChildProcess::start(command);
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().code, "child_not_started");
    EXPECT_NE(child.error().message.find("No such file"), std::string::npos);
}

TEST(ChildProcess, KillsAChildThatWillNotStop) {
    Command command = shell("trap '' TERM; echo deaf; while :; do sleep 1; done");
    command.log = scratch("deaf");
    command.stop_max = 0s;
    auto child = ChildProcess::start(command);
    ASSERT_TRUE(child);
    while (last_lines(command.log, 1) != "deaf\n") ASSERT_FALSE(child->wait(10ms));
    child->stop();
    EXPECT_EQ(child->how_it_ended(), "signal 9 (Killed)");
    std::filesystem::remove(command.log);
}

TEST(ChildProcess, DiesWithItsParentHoweverThatEnds) {
    std::array<int, 2> told{};
    ASSERT_EQ(pipe(told.data()), 0);
    const pid_t parent = fork();
    if (parent == 0) {
        // The child alone keeps the pipe open, so its end is the pipe's end.
        Command command = shell("echo started; exec sleep 600");
        command.log = "/proc/self/fd/" + std::to_string(told[1]);
        auto child = ChildProcess::start(command);
        if (!child) _exit(1);
        close(told[1]);
        kill(getpid(), SIGKILL);
    }
    close(told[1]);
    std::string heard;
    std::array<char, 64> buffer{};
    for (ssize_t size = 1; size > 0;) {
        size = read(told[0], buffer.data(), buffer.size());
        if (size > 0) heard.append(buffer.data(), static_cast<std::size_t>(size));
    }
    close(told[0]);
    waitpid(parent, nullptr, 0);
    EXPECT_LE(heard.size(), std::string("started\n").size());
}

TEST(LastLines, GivesTheEndOfALog) {
    const auto log = scratch("log");
    EXPECT_EQ(last_lines(log, 2), "");
    std::ofstream(log) << "one\ntwo\nthree\n";
    EXPECT_EQ(last_lines(log, 2), "two\nthree\n");
    EXPECT_EQ(last_lines(log, 3), "one\ntwo\nthree\n");
    EXPECT_EQ(last_lines(log, 9), "one\ntwo\nthree\n");
    std::filesystem::remove(log);
}

}  // namespace
}  // namespace stoa::app
