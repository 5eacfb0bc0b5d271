// SPDX-License-Identifier: Apache-2.0
// One program run as a child, which never outlives this process: the kernel signals it when we die,
// however that happens, and the destructor kills it. A child may run as another user. Blocking; all
// calls from the thread that started the child, which must live as long as the child (the kernel
// watches that thread).
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace stoa::app {

/// Whom a child of root runs as.
struct Account {
    uid_t uid = 0;
    gid_t gid = 0;
    std::string name;
    /// Keep the one capability that lets it pass through folders closed to it (such as /root).
    bool may_pass_folders = false;
};

struct Command {
    std::string name;  ///< for messages and the log's file name
    std::filesystem::path program;
    std::vector<std::string> arguments;    ///< the first is argv[0]
    std::vector<std::string> environment;  ///< NAME=value
    std::filesystem::path directory;       ///< empty: ours
    std::filesystem::path log;             ///< stdout and stderr are appended; empty: ours
    std::optional<Account> account;        ///< empty: ours
    int death_signal = SIGKILL;            ///< what the child gets when we die
    int stop_signal = SIGTERM;
    std::chrono::seconds stop_max{10};  ///< until SIGKILL
    int inherited_fd = -1;              ///< stays open in the child
};

class ChildProcess {
  public:
    /// `child_not_started` (unavailable) says which program could not be run, and why.
    static Result<ChildProcess> start(Command command);

    ~ChildProcess();
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) noexcept;

    [[nodiscard]] const Command& command() const { return command_; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Also collects the exit status when it has come.
    [[nodiscard]] bool running();
    /// "exit status 1" or "signal 9 (Killed)"; only when it no longer runs.
    [[nodiscard]] std::string how_it_ended() const;
    /// Ended with status 0; only when it no longer runs.
    [[nodiscard]] bool succeeded() const;
    /// Killed by this signal; only when it no longer runs.
    [[nodiscard]] bool killed_by(int signal) const;
    /// False if it still runs at the end of `wait_max`.
    bool wait(std::chrono::milliseconds wait_max);
    /// Sends the command's stop signal, once.
    void ask_to_stop();
    /// Asks, waits `stop_max`, then kills. Does nothing if it has ended.
    void stop();

  private:
    ChildProcess(Command command, pid_t pid) : command_(std::move(command)), pid_(pid) {}

    Command command_;
    pid_t pid_ = -1;  ///< -1: moved from
    std::optional<int> status_;
    bool asked_ = false;
};

/// The last `lines_max` lines of a log, at most 16 KiB; empty if there is none.
std::string last_lines(const std::filesystem::path& log, int lines_max);

/// Can the account enter this folder as it is, without a capability?
bool can_enter(const Account& account, const std::filesystem::path& folder);

}  // namespace stoa::app
