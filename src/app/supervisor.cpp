// SPDX-License-Identifier: Apache-2.0
#include "app/supervisor.hpp"

#include "app/data_directory.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <ctime>
#include <ranges>
#include <utility>

namespace stoa::app {
namespace {

sigset_t awaited_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&signals, number);
    return signals;
}

tl::unexpected<Error> was_interrupted() {
    return fail(ErrorKind::unavailable, "interrupted", "a signal asked for the end");
}

}  // namespace

Supervisor::Supervisor(std::chrono::milliseconds restart_delay) : restart_delay_(restart_delay) {
    const auto signals = awaited_signals();
    sigprocmask(SIG_BLOCK, &signals, nullptr);
}

Supervisor::~Supervisor() { stop_all(); }

Result<void> Supervisor::start(Command command) {
    auto child = ChildProcess::start(std::move(command));
    if (!child) return fail(child);
    children_.push_back({std::move(*child)});
    return {};
}

pid_t Supervisor::pid_of(std::string_view name) const {
    for (const auto& one : children_) {
        if (one.child.command().name == name) return one.child.pid();
    }
    return 0;
}

bool Supervisor::interrupted(std::chrono::milliseconds wait_max) {
    const auto signals = awaited_signals();
    const timespec timeout{0, std::chrono::nanoseconds(wait_max).count()};
    const int number = sigtimedwait(&signals, nullptr, &timeout);
    return number == SIGINT || number == SIGTERM || number == SIGHUP;
}

Result<void> Supervisor::wait_until(const std::string& what, const std::function<bool()>& done,
                                    std::chrono::seconds deadline) {
    const auto end = Clock::now() + deadline;
    while (!done()) {
        for (auto& one : children_) {
            if (!one.child.running()) {
                return unavailable("not_ready", what + " did not come: " + explain_end(one.child));
            }
        }
        if (Clock::now() >= end) {
            return unavailable("not_ready", what + " did not come within " +
                                                std::to_string(deadline.count()) + " s");
        }
        if (interrupted(std::chrono::milliseconds(20))) return was_interrupted();
    }
    return {};
}

Result<void> Supervisor::keep_running(const std::function<bool()>& done) {
    while (!done()) {
        for (auto& one : children_) {
            if (auto tended = tend(one); !tended) return tended;
        }
        if (interrupted(std::chrono::milliseconds(200))) return was_interrupted();
    }
    return {};
}

Result<void> Supervisor::tend(Supervised& one) {
    if (one.child.running()) return {};
    const auto now = Clock::now();
    if (!one.restart_at) {
        one.crashes.push_back(now);
        std::erase_if(one.crashes, [&](auto when) { return now - when > crash_window; });
        if (one.crashes.size() > crashes_max) {
            return unavailable("child_keeps_ending",
                               "gave up after " + std::to_string(crashes_max) +
                                   " restarts within " + std::to_string(crash_window.count()) +
                                   " s: " + explain_end(one.child));
        }
        const auto delay = restart_delay_ * (1 << one.crashes.size());
        one.restart_at = now + delay;
        log::warning(one.child.command().name + " ended by itself and is started again",
                     {{"stoa.process.end", one.child.how_it_ended()}});
    }
    if (now < *one.restart_at) return {};
    one.restart_at.reset();
    auto again = ChildProcess::start(one.child.command());
    if (!again) return fail(again);
    one.child = std::move(*again);
    return {};
}

void Supervisor::stop_all() {
    // Ours end together; what they need ends after them, one by one.
    for (auto& one : children_) {
        const auto& name = one.child.command().name;
        if (name == "serve" || name == "work") one.child.ask_to_stop();
    }
    for (auto& one : std::views::reverse(children_)) one.child.stop();
    children_.clear();
}

std::string explain_end(const ChildProcess& child) {
    constexpr int lines = 15;
    constexpr std::uintmax_t nearly_full = 16ULL * 1024 * 1024;
    const auto& command = child.command();
    std::string text = command.name + " ended with " + child.how_it_ended();
    if (command.log.empty()) return text;
    const auto tail = last_lines(command.log, lines);
    if (tail.find("No space left on device") != std::string::npos ||
        free_bytes(command.log) < nearly_full) {
        text += "; the disk is full: free some space and start again, nothing is damaged";
    }
    return text + ". The end of " + command.log.string() + ":\n" + tail;
}

}  // namespace stoa::app
