// SPDX-License-Identifier: Apache-2.0
// What was told of one answer, event by event, so that whoever lost the connection gets exactly
// what they missed: kept in this node's memory, while it is told and for some minutes after.
// Bounded. Any thread.
#pragma once

#include "base/id.hpp"
#include "documents/retrieval.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

namespace stoa::tutor {

struct AnswerEvent {
    std::string type;
    std::string data;  ///< one line of JSON
};
BOOST_DESCRIBE_STRUCT(AnswerEvent, (), (type, data))

/// Which answer it is, and what one must be able to read to be told of it.
struct AnswerIdentity {
    documents::Scope scope;
    ConversationId conversation;
    RowId message;
    std::vector<DocumentId> documents;  ///< of the passages that it is made from
};

class AnswerLog {
  public:
    static constexpr std::size_t bytes_max = 2 * 1024 * 1024;

    /// `on_change` is called after each event, by whoever told it.
    AnswerLog(AnswerIdentity identity, std::function<void()> on_change);

    [[nodiscard]] const AnswerIdentity& identity() const { return identity_; }
    /// The number of the event, from 1; 0 if the log is full: then `finish` alone is left.
    std::size_t append(std::string_view type, std::string data);
    /// The last event.
    std::size_t finish(std::string_view type, std::string data);

    struct Tail {
        std::vector<AnswerEvent> events;
        bool is_ended = false;  ///< nothing comes after them
    };
    /// The events behind the first `seen`; waits for one as long as `wait`, unless it is ended.
    [[nodiscard]] Tail read(std::size_t seen, std::chrono::milliseconds wait) const;
    [[nodiscard]] bool is_ended() const;
    /// How many there are by now.
    [[nodiscard]] std::size_t size() const;
    /// What they take.
    [[nodiscard]] std::size_t bytes() const;

    /// Asks whoever answers to stop.
    void cancel() { stop_.request_stop(); }
    [[nodiscard]] std::stop_token stop_token() const { return stop_.get_token(); }

  private:
    std::size_t add(std::string_view type, std::string&& data, bool is_last);

    const AnswerIdentity identity_;
    const std::function<void()> on_change_;
    std::stop_source stop_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<AnswerEvent> events_;
    std::size_t bytes_ = 0;
    bool is_ended_ = false;
};

}  // namespace stoa::tutor
