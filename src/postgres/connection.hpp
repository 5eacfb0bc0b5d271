// SPDX-License-Identifier: Apache-2.0
// One connection to PostgreSQL, over libpq's asynchronous calls so that every wait has a deadline
// of its own, also when the server's machine is gone. Statements are prepared at their first use,
// in the same round trip. Private to this module. One thread at a time.
#pragma once

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "postgres/codec.hpp"
#include "postgres/database.hpp"
#include "postgres/query.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
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

    Result<Rows> run(const Query& query, const Parameters& parameters);
    /// Any number of statements in one text, without parameters.
    Result<void> run_script(std::string_view name, const std::string& text);
    Result<void> copy_in(const Query& query, std::size_t columns,
                         const std::function<bool(Parameters&)>& fill);

    /// The BEGIN travels with the first statement.
    void begin() { begin_pending_ = true; }
    Result<void> commit();
    void rollback();

    /// Idle, alive and outside of a transaction: may others use it?
    [[nodiscard]] bool is_reusable() const;
    /// Has the server closed it (or said anything unasked) while nobody looked?
    [[nodiscard]] bool is_stale() const;

  private:
    struct Statement {
        std::string name;
        std::string text;
        bool is_prepared = false;
    };
    struct Finish {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };
    using Answer = std::shared_ptr<PGresult>;

    Connection(const Options& options, Metrics* metrics) : options_(options), metrics_(metrics) {}
    Result<void> connect(std::string& why);
    Result<void> configure();
    Statement& statement_for(const Query& query, const Parameters& parameters);
    bool send(const Statement& statement, const Parameters& parameters);
    Result<Rows> receive(std::string_view name, Deadline deadline, Statement* prepared);
    bool flush(Deadline deadline);
    bool wait(short events, Deadline deadline) const;
    /// The next result, or nothing at the end of a statement's; `is_broken_` after a lost
    /// connection.
    Answer next_answer(Deadline deadline);
    Result<void> begin_now();
    Result<Rows> run_text(std::string_view name, const std::string& text);
    Result<void> finish_copy(std::string_view name, const char* refusal, Deadline deadline);
    [[nodiscard]] Deadline deadline() const;
    Error lost();
    void observe(std::string_view query, std::chrono::steady_clock::time_point began) const;
    Error counted(Error error) const;

    const Options options_;
    Metrics* metrics_;
    std::unique_ptr<PGconn, Finish> connection_;
    std::map<std::string, Statement, std::less<>> statements_;
    bool begin_pending_ = false;
    bool is_broken_ = false;
    std::string key_;  // of the statement at hand; kept for its memory
};

}  // namespace stoa::postgres
