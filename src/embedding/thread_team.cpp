// SPDX-License-Identifier: Apache-2.0
#include "embedding/thread_team.hpp"

#include <algorithm>
#include <optional>

#include <pthread.h>
#include <sched.h>

namespace stoa::embedding {
namespace {

/// All cores but this one. On virtual machines that do not tell which cores share a cache, Linux
/// wakes a thread where its waker runs, though another core is idle; it would begin there when the
/// waker is done. Nothing where the cores are not known.
std::optional<cpu_set_t> cores_without(int core) {
    cpu_set_t cores;
    if (core < 0 || ::sched_getaffinity(0, sizeof cores, &cores) != 0) return std::nullopt;
    CPU_CLR(static_cast<std::size_t>(core), &cores);
    return cores;
}

}  // namespace

ThreadTeam::ThreadTeam(std::size_t members) : members_(members) {
    for (Member& member : members_) {
        threads_.emplace_back(
            [this, &member](const std::stop_token& stop) { serve(member, stop); });
    }
}

void ThreadTeam::run(std::size_t threads, const Work& work, const Work& meanwhile) {
    struct Called {
        ThreadTeam& team;
        const Work& work;
        std::vector<Member*> members;
        ~Called() { team.dismiss(members, work); }
    };
    const Called called{*this, work, call(threads - 1, work)};
    if (meanwhile) meanwhile();
    work();
}

std::vector<ThreadTeam::Member*> ThreadTeam::call(std::size_t count, const Work& work) {
    std::vector<Member*> called;
    if (count == 0) return called;
    called.reserve(count);
    const int core = ::sched_getcpu();
    const auto others = cores_without(core);
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < members_.size() && called.size() < count; ++i) {
        Member& member = members_[i];
        if (member.state != State::idle) continue;
        if (others && member.avoided_core != core) {  // refused if there is no other: no harm
            (void)::pthread_setaffinity_np(threads_[i].native_handle(), sizeof *others, &*others);
            member.avoided_core = core;
        }
        member.state = State::called;
        member.work = &work;
        member.called.notify_one();
        called.push_back(&member);
    }
    return called;
}

/// Those that did not come yet need not come any more.
void ThreadTeam::dismiss(const std::vector<Member*>& members, const Work& work) {
    if (members.empty()) return;
    std::unique_lock lock(mutex_);
    for (Member* member : members) {
        if (member->work == &work && member->state == State::called) member->leave();
    }
    returned_.wait(lock, [&] {
        return std::ranges::none_of(members,
                                    [&](const Member* member) { return member->work == &work; });
    });
}

void ThreadTeam::serve(Member& member, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (member.called.wait(lock, stop, [&] { return member.state == State::called; })) {
        member.state = State::working;
        lock.unlock();
        (*member.work)();
        lock.lock();
        member.leave();
        returned_.notify_all();
    }
}

}  // namespace stoa::embedding
