// SPDX-License-Identifier: AGPL-3.0-or-later
// The cage that this program shuts itself into before it looks at a stranger's bytes: limits on
// memory, CPU time, files and processes, no new privileges, and a seccomp filter that kills the
// process at any system call but the few that computing, reading and writing need. There is no way
// back out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stoa::extract {

struct SandboxLimits {
    std::size_t memory_bytes_max;  ///< address space, all of it
    std::uint64_t cpu_seconds;
};

/// Closes every descriptor but 0, 1 and 2, forgets the environment and enters the sandbox. False if
/// any part of it is refused; then nothing may be parsed.
[[nodiscard]] bool enter_sandbox(const SandboxLimits& limits);

/// Becomes Tesseract, reading a picture from standard input and writing its words as TSV: under
/// limits of its own, with files that may be opened for reading, and a filter that refuses sockets,
/// other processes, tracing and signals. Returns only if that fails.
void become_tesseract(const char* program, const char* languages);

/// For tests: tries what the sandbox must refuse ("open", "socket", "execve", "fork", "kill" or
/// "map-code"). Returns only if it was not killed for it: 0 if the call was refused, 1 if it
/// worked.
int try_to_escape(const char* how);

}  // namespace stoa::extract
