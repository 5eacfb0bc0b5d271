// SPDX-License-Identifier: Apache-2.0
// One connection to PostgreSQL, over libpq's asynchronous calls so that every wait has a deadline
// of its own, also when the server's machine is gone. What is sent together (BEGIN, a statement's
// own time limit, its preparation at the first use, the statements, COMMIT) is answered in one
// round trip. Private to this module. One thread at a time.
#pragma once

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "postgres/batch.hpp"
#include "postgres/codec.hpp"
#include "postgres/database.hpp"
#include "postgres/hosts.hpp"
#include "postgres/query.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

namespace stoa::postgres {

using Deadline = std::chrono::steady_clock::time_point;

class Connection {
  public:
    /// Connects within `connect_timeout`. `metrics` may be absent; `why` gets libpq's words for a
    /// failure, which name hosts and users: for the log and the operator only.
    static Result<std::unique_ptr<Connection>> open(const Options& options, Metrics* metrics,
                                                    std::string& why);

    /// One round trip for all; the rows of each. Outside of `begin` all of them are one
    /// transaction, which ends with the last: if its fate is unknown, `commit_unknown`.
    Result<std::vector<Rows>> run(std::span<const Call> calls);
    /// Sent with what comes next.
    void defer(Call call) { deferred_.push_back(std::move(call)); }
    /// Any number of statements in one text, without parameters.
    Result<void> run_script(std::string_view name, const std::string& text);
    Result<void> copy_in(const Query& query, std::size_t columns,
                         const std::function<bool(Parameters&)>& fill);

    Result<void> listen(const std::vector<std::string>& channels);
    enum class Event { nothing, readable, woken };
    /// Until the server says something, `wake_fd` is readable or the deadline comes.
    [[nodiscard]] Event wait_or_wake(int wake_fd, Deadline deadline) const;
    static bool wait_for_wake(int wake_fd, Deadline deadline);
    void take_notifications(
        const std::function<void(std::string_view channel, std::string_view payload)>& notified);

    /// The BEGIN travels with the first statement.
    void begin() { begin_pending_ = true; }
    Result<void> commit();
    void rollback();

    /// Idle, alive and outside of a transaction: may others use it?
    [[nodiscard]] bool is_reusable() const;
    /// Has the server closed it (or said anything unasked) while nobody looked?
    [[nodiscard]] bool is_stale() const;
    [[nodiscard]] bool is_broken() const { return is_broken_; }
    /// Is the server, or what was prepared there, no more what it was when this connection began?
    /// Then so are the other connections of the same age.
    [[nodiscard]] bool is_outdated() const;

  private:
    struct Statement {
        std::string name;
        std::string text;
        bool is_prepared = false;
        std::optional<SecondsHandle> seconds{};
    };
    /// One message to the server and what it is for.
    struct Step {
        enum class Kind { begin, preparation, time_limit, call, commit };
        Kind kind;
        Statement* statement;
        const Call* call;
    };
    struct Exchange {
        std::vector<Step> steps;
        std::vector<Call> time_limits;
        std::chrono::milliseconds patience{};  ///< with each answer
        bool ends_change = false;              ///< at its end something may be committed
    };
    struct Finish {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };
    using Answer = std::shared_ptr<PGresult>;

    Connection(const Options& options, Metrics* metrics)
        : options_(options), metrics_(metrics), time_limit_(options.statement_timeout) {}
    Result<void> connect(std::string& why);
    bool connect_to(Host host, std::string& why);
    Result<void> configure();
    void watch_notices();

    Result<std::vector<Rows>> exchange(std::span<const Call> calls, bool with_commit);
    [[nodiscard]] bool ends_change(std::span<const Call> calls, bool with_commit) const;
    Exchange plan(std::span<const Call> calls, bool with_commit);
    void plan_call(Exchange& exchange, const Call& call);
    Statement& statement_for(const Call& call);
    bool send(const Exchange& exchange);
    bool send_step(const Step& step);
    Result<std::vector<Rows>> receive(const Exchange& exchange);
    Error failed(const PGresult* answer, std::string_view name);
    Error torn(const Exchange& exchange);

    bool flush(Deadline deadline);
    bool wait(short events, Deadline deadline) const;
    /// The next result, or nothing at the end of a statement's; `is_broken_` after a lost
    /// connection.
    Answer next_answer(Deadline deadline);
    Result<void> begin_now();
    /// By the simple protocol: COPY and scripts.
    Result<Rows> run_text(std::string_view name, const std::string& text);
    Result<Rows> receive_text(std::string_view name, Deadline deadline);
    Result<void> finish_copy(std::string_view name, const char* refusal, Deadline deadline);
    [[nodiscard]] Deadline deadline(std::chrono::milliseconds timeout) const;
    [[nodiscard]] Deadline deadline() const { return deadline(options_.statement_timeout); }
    Error lost();
    Error counted(Error error, std::string_view sqlstate) const;

    const Options options_;
    Metrics* metrics_;
    std::unique_ptr<PGconn, Finish> connection_;
    std::map<std::string, Statement, std::less<>> statements_;
    std::vector<Call> deferred_;
    std::chrono::milliseconds time_limit_;  // in force until the transaction ends
    bool begin_pending_ = false;
    bool is_broken_ = false;
    bool is_outdated_ = false;
    bool is_replication_unsure_ = false;  // committed here, perhaps not where it must also be
    std::string key_;                     // of the statement at hand; kept for its memory
};

}  // namespace stoa::postgres
