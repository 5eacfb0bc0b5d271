// SPDX-License-Identifier: Apache-2.0
#include "base/process_metrics.hpp"

#include "base/log.hpp"
#include "base/time.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

namespace stoa {
namespace {

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
}

double resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    double size = 0;
    double resident = 0;
    statm >> size >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double count_entries(const char* folder) {
    std::error_code error;
    const std::filesystem::directory_iterator entries(folder, error);
    return static_cast<double>(std::distance(begin(entries), end(entries)));
}

}  // namespace

void collect_process(Metrics& metrics) {
    const std::chrono::duration<double> since_epoch = now().time_since_epoch();
    metrics.set("process_start_time_seconds", "When this process began, in Unix time.", {},
                since_epoch.count());
    auto cpu = metrics.counter("process_cpu_seconds_total", "Processor time, user and system.");
    auto dropped =
        metrics.counter("stoa_log_lines_dropped_total", "Log lines that stderr was too slow for.");
    metrics.add_collector([dropped, told = std::uint64_t{0}]() mutable {
        const auto all = log::lines_dropped();
        dropped.add(static_cast<double>(all - told));
        told = all;
    });
    metrics.add_collector([&metrics, cpu, counted = 0.0]() mutable {
        const double used = cpu_seconds();
        cpu.add(used - counted);
        counted = used;
        metrics.set("process_resident_memory_bytes", "Memory in use.", {}, resident_bytes());
        metrics.set("process_open_fds", "Open file descriptors.", {},
                    count_entries("/proc/self/fd"));
        metrics.set("process_threads", "Threads.", {}, count_entries("/proc/self/task"));
    });
}

}  // namespace stoa
