// SPDX-License-Identifier: Apache-2.0
// A statement that goes along with the first change that its thread commits, in the same
// transaction and round trip: who comes after a crash can tell by it whether something was done.
// Owner: whoever runs others' code under a claim of theirs. One thread, whose changes it marks.
#pragma once

#include "postgres/batch.hpp"

#include <utility>

namespace stoa::postgres {

class CommitMark {
  public:
    /// From now until it is gone, the innermost one counts. If the statement fails, so does the
    /// change, with its error.
    template <class... A>
    explicit CommitMark(const Query& query, const A&... arguments)
        : call_(make_call(query, arguments...)), outer_(std::exchange(innermost, this)) {}
    ~CommitMark() { innermost = outer_; }
    CommitMark(const CommitMark&) = delete;
    CommitMark& operator=(const CommitMark&) = delete;

    /// Whether a change of this thread was committed, or may have been and was not answered.
    [[nodiscard]] bool may_be_committed() const { return is_committed_ || is_unknown_; }

    /// What the next change of this thread has to take along, or null.
    static const Call* due() {
        return innermost == nullptr || innermost->is_committed_ ? nullptr : &innermost->call_;
    }
    static void committed() { innermost->is_committed_ = true; }
    static void not_answered() {
        if (innermost != nullptr) innermost->is_unknown_ = true;
    }

    /// While it lives, this thread changes what does not count, such as what was spent on the way.
    class Pause {
      public:
        Pause() : paused_(std::exchange(innermost, nullptr)) {}
        ~Pause() { innermost = paused_; }
        Pause(const Pause&) = delete;
        Pause& operator=(const Pause&) = delete;

      private:
        CommitMark* const paused_;
    };

  private:
    static inline thread_local CommitMark* innermost = nullptr;
    const Call call_;
    CommitMark* const outer_;
    bool is_committed_ = false;
    bool is_unknown_ = false;
};

}  // namespace stoa::postgres
