// SPDX-License-Identifier: Apache-2.0
#include "app/child_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stoa::app {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
}

/// Gives up every capability but `capability`, which survives exec.
bool keep_only(unsigned capability) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    data[0].effective = data[0].permitted = data[0].inheritable = 1U << capability;
    return syscall(SYS_capset, &header, data.data()) == 0 &&
           prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0;
}

bool become(const Account& account) {
    if (account.may_pass_folders && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return false;
    if (setgroups(1, &account.gid) != 0 || setgid(account.gid) != 0 || setuid(account.uid) != 0) {
        return false;
    }
    // Containers often grant only the second, stronger one.
    return !account.may_pass_folders || keep_only(CAP_DAC_READ_SEARCH) ||
           keep_only(CAP_DAC_OVERRIDE);
}

/// Runs in the child; returns only on failure, with errno set.
void become_command(const Command& command, pid_t parent, int log, char* const* arguments,
                    char* const* environment) {
    // Its own process group: Ctrl-C on a terminal reaches us alone, and we stop children in order.
    setpgid(0, 0);
    const int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0) return;
    if (log >= 0 && (dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)) return;
    if (command.inherited_fd >= 0) fcntl(command.inherited_fd, F_SETFD, 0);
    if (!command.directory.empty() && chdir(command.directory.c_str()) != 0) return;
    if (command.account && !become(*command.account)) return;
    // After the change of user, which would clear it.
    if (prctl(PR_SET_PDEATHSIG, command.death_signal, 0, 0, 0) != 0) return;
    if (getppid() != parent) _exit(1);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execve(command.program.c_str(), arguments, environment);
}

tl::unexpected<Error> not_started(const Command& command, int error) {
    return unavailable("child_not_started", "cannot start " + command.name + " (" +
                                                command.program.string() +
                                                "): " + std::strerror(error));
}

}  // namespace

Result<ChildProcess> ChildProcess::start(Command command) {
    const auto arguments = pointers(command.arguments);
    const auto environment = pointers(command.environment);
    int log = -1;
    if (!command.log.empty()) {
        log = open(command.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        if (log < 0) return not_started(command, errno);
    }
    std::array<int, 2> failure{};  // closed by a successful exec, else carries errno
    if (pipe2(failure.data(), O_CLOEXEC) != 0) {
        const int error = errno;
        if (log >= 0) close(log);
        return not_started(command, error);
    }
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        become_command(command, parent, log, arguments.data(), environment.data());
        const int error = errno;
        if (write(failure[1], &error, sizeof error) < 0) _exit(126);
        _exit(127);
    }
    int error = pid < 0 ? errno : 0;
    close(failure[1]);
    if (log >= 0) close(log);
    if (pid > 0 && read(failure[0], &error, sizeof error) > 0) waitpid(pid, nullptr, 0);
    close(failure[0]);
    if (error != 0) return not_started(command, error);
    return ChildProcess(std::move(command), pid);
}

ChildProcess::~ChildProcess() {
    if (pid_ <= 0 || status_) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : command_(std::move(other.command_)),
      pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      asked_(other.asked_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    std::swap(command_, other.command_);
    std::swap(pid_, other.pid_);
    std::swap(status_, other.status_);
    std::swap(asked_, other.asked_);
    return *this;
}

bool ChildProcess::running() {
    if (pid_ <= 0 || status_) return false;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
    status_ = status;
    return false;
}

std::string ChildProcess::how_it_ended() const {
    if (!status_) return "nothing known";
    if (WIFSIGNALED(*status_)) {
        const int number = WTERMSIG(*status_);
        return "signal " + std::to_string(number) + " (" + strsignal(number) + ")";
    }
    return "exit status " + std::to_string(WEXITSTATUS(*status_));
}

bool ChildProcess::succeeded() const {
    return status_ && WIFEXITED(*status_) && WEXITSTATUS(*status_) == 0;
}

bool ChildProcess::killed_by(int signal) const {
    return status_ && WIFSIGNALED(*status_) && WTERMSIG(*status_) == signal;
}

bool ChildProcess::wait(std::chrono::milliseconds wait_max) {
    const auto deadline = std::chrono::steady_clock::now() + wait_max;
    while (running()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

void ChildProcess::ask_to_stop() {
    if (asked_ || !running()) return;
    kill(pid_, command_.stop_signal);
    asked_ = true;
}

void ChildProcess::stop() {
    if (!running()) return;
    ask_to_stop();
    if (wait(command_.stop_max)) return;
    kill(pid_, SIGKILL);
    wait(std::chrono::seconds(5));
}

std::string last_lines(const std::filesystem::path& log, int lines_max) {
    constexpr std::streamoff bytes_max = 16 * 1024;
    std::ifstream in(log, std::ios::binary | std::ios::ate);
    if (!in) return {};
    const std::streamoff size = in.tellg();
    in.seekg(std::max<std::streamoff>(0, size - bytes_max));
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::size_t begin = text.size();
    for (int lines = -1; begin > 0 && lines < lines_max; ++lines) {
        begin = text.rfind('\n', begin - 1);
        if (begin == std::string::npos) return text;
    }
    return begin == 0 ? text : text.substr(begin + 1);
}

bool can_enter(const Account& account, const std::filesystem::path& folder) {
    const pid_t pid = fork();
    if (pid == 0) {
        Account plain = account;
        plain.may_pass_folders = false;
        _exit(become(plain) && access(folder.c_str(), X_OK) == 0 ? 0 : 1);
    }
    int status = 1;
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

}  // namespace stoa::app
