// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/sandbox.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stoa::extract {
namespace {

bool limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
    const rlimit both{soft, hard};
    return setrlimit(resource, &both) == 0;
}

bool set_limits(const SandboxLimits& limits) {
    return limit(RLIMIT_AS, limits.memory_bytes_max, limits.memory_bytes_max) &&
           limit(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1) &&
           limit(RLIMIT_NOFILE, 3, 3) && limit(RLIMIT_NPROC, 0, 0) && limit(RLIMIT_FSIZE, 0, 0) &&
           limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_MEMLOCK, 0, 0);
}

/// What malloc, the C++ runtime and our own reads and writes need; sysinfo is qsort's in glibc.
constexpr int allowed_calls[] = {
    SCMP_SYS(read),         SCMP_SYS(write),         SCMP_SYS(brk),        SCMP_SYS(munmap),
    SCMP_SYS(mremap),       SCMP_SYS(madvise),       SCMP_SYS(futex),      SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(clock_gettime), SCMP_SYS(exit_group), SCMP_SYS(exit),
    SCMP_SYS(sysinfo)};

bool load_filter() {
    const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(
        seccomp_init(SCMP_ACT_KILL_PROCESS), seccomp_release);
    if (!filter) return false;
    bool ok = true;
    for (const int call : allowed_calls) {
        ok = ok && seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) == 0;
    }
    // Memory may be had, never memory that can be executed.
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
        ok = ok && seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1,
                                    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
    }
    return ok && seccomp_load(filter.get()) == 0;
}

constexpr int refused_calls[] = {
    SCMP_SYS(socket),        SCMP_SYS(socketpair), SCMP_SYS(connect),
    SCMP_SYS(fork),          SCMP_SYS(vfork),      SCMP_SYS(clone),
    SCMP_SYS(clone3),        SCMP_SYS(ptrace),     SCMP_SYS(process_vm_readv),
    SCMP_SYS(kill),          SCMP_SYS(tkill),      SCMP_SYS(process_vm_writev),
    SCMP_SYS(unlink),        SCMP_SYS(unlinkat),   SCMP_SYS(rename),
    SCMP_SYS(renameat),      SCMP_SYS(renameat2),  SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),       SCMP_SYS(chmod),      SCMP_SYS(fchmodat),
    SCMP_SYS(chown),         SCMP_SYS(fchownat),   SCMP_SYS(mount),
    SCMP_SYS(setuid),        SCMP_SYS(bpf),        SCMP_SYS(keyctl),
    SCMP_SYS(io_uring_setup)};

/// For a program that has to be loaded and to read its own data first.
bool load_wide_filter() {
    const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(SCMP_ACT_ALLOW),
                                                                  seccomp_release);
    if (!filter) return false;
    bool ok = true;
    for (const int call : refused_calls) {
        ok = ok && seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0) == 0;
    }
    for (const int flag : {O_WRONLY, O_RDWR, O_CREAT}) {
        const auto writing = static_cast<scmp_datum_t>(flag);
        ok = ok && seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(openat), 1,
                                    SCMP_A2(SCMP_CMP_MASKED_EQ, writing, writing)) == 0;
        ok = ok && seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(open), 1,
                                    SCMP_A1(SCMP_CMP_MASKED_EQ, writing, writing)) == 0;
    }
    return ok && seccomp_load(filter.get()) == 0;
}

}  // namespace

void become_tesseract(const char* program, const char* languages) {
    constexpr rlim_t memory_bytes_max = 2UL << 30;
    constexpr rlim_t cpu_seconds = 90;
    constexpr rlim_t files_max = 64;
    const bool ready = close_range(3, ~0U, 0) == 0 && clearenv() == 0 &&
                       setenv("OMP_THREAD_LIMIT", "1", 1) == 0 &&
                       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                       limit(RLIMIT_AS, memory_bytes_max, memory_bytes_max) &&
                       limit(RLIMIT_CPU, cpu_seconds, cpu_seconds + 1) &&
                       limit(RLIMIT_NOFILE, files_max, files_max) && limit(RLIMIT_FSIZE, 0, 0) &&
                       limit(RLIMIT_CORE, 0, 0) && load_wide_filter();
    if (!ready) return;
    execl(program, "tesseract", "stdin", "stdout", "-l", languages, "--dpi", "300", "tsv", nullptr);
}

bool enter_sandbox(const SandboxLimits& limits) {
    if (close_range(3, ~0U, 0) != 0 || clearenv() != 0) return false;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    return set_limits(limits) && load_filter();
}

int try_to_escape(const char* how) {
    long result = 0;
    if (std::strcmp(how, "open") == 0) result = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    if (std::strcmp(how, "socket") == 0) result = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (std::strcmp(how, "execve") == 0) result = execl("/bin/true", "true", nullptr);
    if (std::strcmp(how, "fork") == 0) result = fork();
    if (std::strcmp(how, "kill") == 0) result = kill(1, 0);
    if (std::strcmp(how, "map-code") == 0) {
        void* code = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        result = code == MAP_FAILED ? -1 : 0;
    }
    return result < 0 ? 1 : 0;
}

}  // namespace stoa::extract
