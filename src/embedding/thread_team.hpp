// SPDX-License-Identifier: Apache-2.0
// Standing threads that help whoever has work for several: waking one costs less than starting one.
// Nobody ever waits for a member to come: what it would have done, the caller does. Owns the
// threads; owned by the encoder; `run` from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace stoa::embedding {

class ThreadTeam {
  public:
    explicit ThreadTeam(std::size_t members);

    /// Runs `work` in up to `threads` - 1 members that nobody else has and, after `meanwhile`, in
    /// this thread; returns when all that began have returned. `work` must not throw, and returns
    /// at once when nothing is left to do.
    void run(std::size_t threads, const std::function<void()>& work,
             const std::function<void()>& meanwhile = {});

  private:
    using Work = std::function<void()>;
    enum class State { idle, called, working };
    struct Member {
        std::condition_variable_any called;
        State state = State::idle;
        const Work* work = nullptr;  ///< unless idle
        int avoided_core = -1;

        void leave() {
            state = State::idle;
            work = nullptr;
        }
    };

    std::vector<Member*> call(std::size_t count, const Work& work);
    void dismiss(const std::vector<Member*>& members, const Work& work);
    void serve(Member& member, const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable returned_;
    std::deque<Member> members_;
    std::vector<std::jthread> threads_;  // of the members, in their order
};

}  // namespace stoa::embedding
