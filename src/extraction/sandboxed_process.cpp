// SPDX-License-Identifier: Apache-2.0
#include "extraction/sandboxed_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stoa::extraction {
namespace {

using std::chrono::steady_clock;

constexpr int exit_not_started = 127;

auto no_process() {
    return unavailable("extraction_unavailable", "The server cannot read documents at the moment.",
                       std::chrono::seconds(5));
}

auto timed_out() {
    return unavailable("extraction_timeout",
                       "The document took too long to read; a simpler or shorter one would do.",
                       std::chrono::seconds(30));
}

/// Between vfork and exec: only system calls, since the memory is the parent's, whose threads run
/// on.
[[noreturn]] void become(const char* program, char* const* arguments,
                         SandboxedProcess::Inputs inputs, int output, int null, pid_t parent) {
    constexpr int request = SandboxedProcess::request_descriptor;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int ignored : {SIGPIPE, SIGXCPU, SIGXFSZ}) signal(ignored, SIG_DFL);
    const bool ready = setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
                       getppid() == parent && dup2(inputs.file, STDIN_FILENO) == STDIN_FILENO &&
                       dup2(output, STDOUT_FILENO) == STDOUT_FILENO &&
                       dup2(null, STDERR_FILENO) == STDERR_FILENO;
    // A descriptor that is duplicated onto itself would be closed by execve.
    const bool asked = inputs.request >= 0;
    const bool handed =
        !asked || (inputs.request == request ? fcntl(request, F_SETFD, 0) == 0
                                             : dup2(inputs.request, request) == request);
    const bool alone = close_range(asked ? request + 1U : request, ~0U, 0) == 0;
    char* const no_environment[] = {nullptr};
    if (ready && handed && alone) execve(program, arguments, no_environment);
    _exit(exit_not_started);
}

/// vfork, since a fork copies the tables of a worker's memory: half the price of a small document's
/// process. It has no signal handlers that could run in the child.
pid_t spawn(char* const* arguments, SandboxedProcess::Inputs inputs, int output, int null) {
    const pid_t parent = getpid();
    const pid_t child = vfork();
    if (child == 0) become(arguments[0], arguments, inputs, output, null, parent);
    return child;
}

}  // namespace

Result<SandboxedProcess> SandboxedProcess::start(const std::filesystem::path& program,
                                                 const std::vector<std::string>& arguments,
                                                 Inputs inputs, std::chrono::milliseconds wall) {
    std::vector<std::string> words = {program.string()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    std::array<int, 2> pipe{};
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0) return no_process();
    if (pipe2(pipe.data(), O_CLOEXEC) != 0) {
        close(null);
        return no_process();
    }
    const pid_t child = spawn(pointers.data(), inputs, pipe[1], null);
    close(null);
    close(pipe[1]);
    if (child < 0) {
        close(pipe[0]);
        return no_process();
    }
    // Both sides do this, so that the group exists whoever comes first.
    setpgid(child, child);
    return SandboxedProcess(child, pipe[0], wall);
}

SandboxedProcess::SandboxedProcess(SandboxedProcess&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      output_(std::exchange(other.output_, -1)),
      wall_left_(other.wall_left_) {}

SandboxedProcess::~SandboxedProcess() {
    if (output_ >= 0) close(output_);
    if (process_ < 0) return;
    kill(-process_, SIGKILL);
    kill(process_, SIGKILL);
    while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

Result<void> SandboxedProcess::wait_readable(int descriptor) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(wall_left_).count();
        if (left <= 0) return timed_out();
        pollfd wanted{descriptor, POLLIN, 0};
        const auto before = steady_clock::now();
        const int ready = poll(&wanted, 1, static_cast<int>(std::min<long>(left, 3'600'000)));
        const int error = errno;
        wall_left_ -= steady_clock::now() - before;
        if (ready > 0) return {};
        if (ready < 0 && error != EINTR) return no_process();
    }
}

Result<std::size_t> SandboxedProcess::read(std::span<char> to) {
    if (auto ready = wait_readable(output_); !ready) return fail(ready);
    while (true) {
        const ssize_t count = ::read(output_, to.data(), to.size());
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return no_process();
    }
}

Result<SandboxedProcess::Ending> SandboxedProcess::wait() {
    // glibc 2.36 declares pidfd_open without C linkage.
    const auto descriptor = static_cast<int>(syscall(SYS_pidfd_open, process_, 0));
    if (descriptor < 0) return no_process();
    const auto ended = wait_readable(descriptor);
    close(descriptor);
    if (!ended) return fail(ended);
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    // The group is empty now unless the program, against its sandbox, started others.
    process_ = -1;
    if (WIFEXITED(status)) {
        const int code = WEXITSTATUS(status);
        if (code == exit_not_started) return Ending::not_started;
        return code == 0 ? Ending::exited : Ending::crashed;
    }
    if (WTERMSIG(status) == SIGXCPU) return Ending::cpu_used_up;
    return WTERMSIG(status) == SIGKILL ? Ending::killed_by_others : Ending::crashed;
}

}  // namespace stoa::extraction
