// SPDX-License-Identifier: Apache-2.0
// What another node tells of an answer, as Redis has it: read by its asker, in order and without a
// gap, or not at all. One thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/result.hpp"
#include "redis/client.hpp"
#include "tutor/answer_entries.hpp"
#include "tutor/answer_log.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace stoa::tutor {

class FollowedAnswer {
  public:
    FollowedAnswer(redis::Client& redis, const accounts::SubjectKey& key, const UserId& asker,
                   const RowId& message);

    struct News {
        std::vector<AnswerEvent> events;  ///< behind those that were seen, without a gap
        bool is_running = false;          ///< a node answers it still
        std::size_t told = 0;             ///< how many events Redis knows of
    };
    /// `redis_unavailable` (503).
    Result<News> read(std::size_t seen);
    /// From the beginning, next time: Redis may have lost it and got it anew, in other pieces.
    void reread() { entries_ = 0; }
    /// Once something was read.
    [[nodiscard]] const std::optional<AnswerIdentity>& identity() const { return identity_; }
    [[nodiscard]] const UserId& asker() const { return asker_; }
    [[nodiscard]] const RowId& message() const { return message_; }
    /// Asks the node that answers to stop.
    Result<void> cancel();

  private:
    redis::Client& redis_;
    accounts::SubjectKey key_;
    UserId asker_;
    RowId message_;
    AnswerKeys keys_;
    std::int64_t entries_ = 0;  ///< read so far
    std::size_t told_ = 0;
    std::optional<AnswerIdentity> identity_;
};

}  // namespace stoa::tutor
