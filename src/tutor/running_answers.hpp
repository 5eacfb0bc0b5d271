// SPDX-License-Identifier: Apache-2.0
// The answers that are told on this node, and for some minutes those that were: found by their
// asker to be resumed or cancelled. A thread of its own passes what was told on to Redis, sealed,
// so that other nodes can go on telling, and looks there for wishes to cancel; an answer never
// waits for it. If Redis forgets, the thread writes all of it again. Any thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/result.hpp"
#include "redis/client.hpp"
#include "tutor/answer_entries.hpp"
#include "tutor/answer_log.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

namespace stoa::tutor {

class RunningAnswers {
  public:
    RunningAnswers(redis::Client& redis, accounts::SubjectKeys& keys);
    ~RunningAnswers();
    RunningAnswers(const RunningAnswers&) = delete;
    RunningAnswers& operator=(const RunningAnswers&) = delete;

    /// A log that will be found. The oldest ended ones are forgotten early if there are too many.
    Result<std::shared_ptr<AnswerLog>> begin(AnswerIdentity identity);
    /// Null if this node does not know it.
    std::shared_ptr<AnswerLog> find(const UserId& asker, const RowId& message);

    /// The right to go on with an answer whose asker is gone; or to resume one.
    using Permit = std::shared_ptr<void>;
    /// Null if this node answers too many that nobody hears.
    Permit go_on_unheard();
    /// `too_many_streams` (limited) if this answer is resumed too often at once.
    Result<Permit> resume(const RowId& message);

  private:
    using Clock = std::chrono::steady_clock;
    struct Kept;
    struct Shared;

    void run(const std::stop_token& stop);
    std::vector<std::shared_ptr<Kept>> collect(bool& has_running);
    bool pass_on(const std::vector<std::shared_ptr<Kept>>& due);

    redis::Client& redis_;
    accounts::SubjectKeys& keys_;
    std::shared_ptr<Shared> shared_;
    std::jthread thread_;
};

}  // namespace stoa::tutor
