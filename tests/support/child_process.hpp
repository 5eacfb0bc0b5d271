// SPDX-License-Identifier: Apache-2.0
// A server that a test starts for itself: a child process with a directory of its own under /tmp,
// killed with the test program however that ends. One thread.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stoa::testing {

/// Asks `done` every few milliseconds until it says yes; false after `at_most`.
inline bool wait_until(const std::function<bool()>& done,
                       std::chrono::milliseconds at_most = std::chrono::seconds(30)) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (!done()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

/// A directory that goes with its owner, but not with forked children of the owner's process.
class PrivateDirectory {
  public:
    explicit PrivateDirectory(const std::string& kind) {
        path_ = "/tmp/stoa-test-" + kind + "-XXXXXX";
        if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    }
    ~PrivateDirectory() {
        std::error_code ignored;
        if (owner_ == getpid()) std::filesystem::remove_all(path_, ignored);
    }
    PrivateDirectory(const PrivateDirectory&) = delete;
    PrivateDirectory& operator=(const PrivateDirectory&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
    pid_t owner_ = getpid();
};

struct Program {
    std::string file;
    std::vector<std::string> arguments;  ///< from argv[0] on
    std::string log_file;                ///< stdout and stderr
    std::string user_if_root{};          ///< servers that refuse to be run by root
};

class ChildProcess {
  public:
    explicit ChildProcess(const Program& program) : pid_(fork()) {
        if (pid_ < 0) throw std::runtime_error("fork failed");
        if (pid_ == 0) become(program);
    }
    ~ChildProcess() {
        if (owner_ == getpid()) kill_hard();
    }
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    /// SIGKILL to the process and to its children, all at once as when a machine goes down.
    void kill_hard() {
        if (pid_ <= 0) return;
        const auto children = list_children();
        kill(pid_, SIGKILL);
        for (const auto child : children) kill(child, SIGKILL);
        waitpid(pid_, nullptr, 0);
        for (const auto child : children) wait_until([&] { return has_ended(child); });
        pid_ = -1;
    }
    /// The exit code of a program that ends by itself; -1 after a signal.
    int wait() {
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    [[nodiscard]] std::vector<pid_t> list_children() const {
        const auto process = "/proc/" + std::to_string(pid_) + "/task/" + std::to_string(pid_);
        std::ifstream list(process + "/children");
        std::vector<pid_t> children;
        for (pid_t child = 0; list >> child;) children.push_back(child);
        return children;
    }
    static bool has_ended(pid_t process) {
        std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
        std::string pid;
        std::string name;
        std::string state;
        return !(stat >> pid >> name >> state) || state == "Z";
    }
    [[noreturn]] static void become(const Program& program) {
        const int log = open(program.log_file.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0644);
        dup2(log, 1);
        dup2(log, 2);
        if (geteuid() == 0 && !program.user_if_root.empty()) {
            const passwd* user = getpwnam(program.user_if_root.c_str());
            if (user == nullptr || initgroups(user->pw_name, user->pw_gid) != 0 ||
                setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
                _exit(126);
        }
        if (chdir("/tmp") != 0) _exit(126);
        prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid, which clears it
        std::vector<char*> arguments;
        for (const auto& argument : program.arguments)
            arguments.push_back(const_cast<char*>(argument.c_str()));
        arguments.push_back(nullptr);
        execv(program.file.c_str(), arguments.data());
        _exit(127);
    }

    pid_t pid_;
    pid_t owner_ = getpid();
};

/// What a server wrote, for the message of a failure.
inline std::string read_log(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace stoa::testing
