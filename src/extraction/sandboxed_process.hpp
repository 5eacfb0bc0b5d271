// SPDX-License-Identifier: Apache-2.0
// One running stoa-extract: started with a file as its standard input, a request where there is
// one, and nothing else, read through a pipe under a deadline, killed with its whole process group
// when its owner is done with it. It also dies with the thread that started it. One thread.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

namespace stoa::extraction {

class SandboxedProcess {
  public:
    /// How a process ended.
    enum class Ending { exited, cpu_used_up, crashed, killed_by_others, not_started };

    /// What the process is given to read. Nothing that is private goes into its arguments: those
    /// stand in the list of processes for everybody.
    struct Inputs {
        int file;          ///< its standard input
        int request = -1;  ///< its descriptor `request_descriptor`, unless negative
    };
    static constexpr int request_descriptor = 3;

    /// `extraction_unavailable` (unavailable) if no process can be had. `wall` is the time that
    /// `read` and `wait` may spend together.
    static Result<SandboxedProcess> start(const std::filesystem::path& program,
                                          const std::vector<std::string>& arguments, Inputs inputs,
                                          std::chrono::milliseconds wall);
    ~SandboxedProcess();
    SandboxedProcess(SandboxedProcess&& other) noexcept;
    SandboxedProcess(const SandboxedProcess&) = delete;
    SandboxedProcess& operator=(const SandboxedProcess&) = delete;
    SandboxedProcess& operator=(SandboxedProcess&&) = delete;

    /// What the process wrote, 0 bytes at the end of it; `extraction_timeout` (unavailable).
    Result<std::size_t> read(std::span<char> to);
    /// Waits for the process to end by itself; `extraction_timeout` (unavailable).
    Result<Ending> wait();

  private:
    SandboxedProcess(pid_t process, int output, std::chrono::milliseconds wall)
        : process_(process), output_(output), wall_left_(wall) {}
    Result<void> wait_readable(int descriptor);

    pid_t process_;  ///< -1 once it is reaped
    int output_;
    std::chrono::steady_clock::duration wall_left_;
};

}  // namespace stoa::extraction
