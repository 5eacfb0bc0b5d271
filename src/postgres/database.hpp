// SPDX-License-Identifier: Apache-2.0
// PostgreSQL as the features see it: a bounded pool of connections, single statements, transactions
// and COPY. Statements are prepared once per connection and named after their file; parameters and
// results travel in binary. `Database` may be used from any thread; a `Session` belongs to one.
// Every failure of the server to answer is `database_unavailable` (503), never an exception.
#pragma once

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "postgres/batch.hpp"
#include "postgres/codec.hpp"
#include "postgres/query.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace stoa::postgres {

class Connection;  // owns the PGconn; connection.hpp

struct Options {
    std::string conninfo;  ///< libpq URI or key/value string
    std::size_t connections_max = 8;
    std::chrono::milliseconds wait_max{5'000};            ///< for a free connection
    std::chrono::milliseconds statement_timeout{15'000};  ///< of queries without one of their own
    std::chrono::milliseconds lock_timeout{5'000};        ///< for a row or table others hold
    std::chrono::milliseconds idle_timeout{60'000};       ///< between statements of a transaction
    std::chrono::milliseconds connect_timeout{3'000};
};

/// One connection in use: inside `Database::transact` it is the transaction.
class Session {
  public:
    explicit Session(Connection& connection) : connection_(connection) {}

    /// Runs one statement. Errors: `database_unavailable` and `storage_full` (503),
    /// `unique_violation` and `foreign_key_violation` (conflict, with the constraint's name in the
    /// message), `serialization_failure` (conflict; `transact` retries it), `statement_timeout`
    /// and `lock_timeout` (503, both name the query), `invalid_text` (422: NUL or malformed UTF-8),
    /// `database_error` (internal).
    template <class... A>
    Result<Rows> run(const Query& query, const A&... arguments) {
        return run_call(make_call(query, arguments...));
    }
    /// All of it in one round trip; the rows of each. After an error none that follows was run.
    Result<std::vector<Rows>> run(const Batch& batch);
    /// A statement whose rows nobody reads: it travels with the next one, or with the COMMIT, and
    /// its error is that of what it travels with.
    template <class... A>
    void defer(const Query& query, const A&... arguments) {
        defer_call(make_call(query, arguments...));
    }
    template <class T, class... A>
    Result<std::vector<T>> list(const Query& query, const A&... arguments) {
        auto rows = run(query, arguments...);
        if (!rows) return fail(rows);
        return rows->template all<T>();
    }
    template <class T, class... A>
    Result<std::optional<T>> find(const Query& query, const A&... arguments) {
        auto rows = run(query, arguments...);
        if (!rows) return fail(rows);
        return first_as<T>(*rows);
    }
    template <class T, class... A>
    Result<T> one(const Query& query, const A&... arguments) {
        auto rows = run(query, arguments...);
        if (!rows) return fail(rows);
        return only_as<T>(query, *rows);
    }
    /// `COPY … FROM STDIN (FORMAT binary)`: `fill` adds one row's fields and returns true, or
    /// returns false at the end. All rows have `columns` fields, of exactly the columns' types (the
    /// format has no conversions: int32_t for integer, json::Raw for jsonb); another count is
    /// `database_error`.
    Result<void> copy_in(const Query& query, std::size_t columns,
                         const std::function<bool(Parameters&)>& fill);

  private:
    Result<Rows> run_call(const Call& call);
    void defer_call(Call call);
    Connection& connection_;
};

/// Errors of every call, beside those of `Session::run`: `database_busy` (503: no connection became
/// free within `wait_max`).
class Database {
  public:
    Database(Options options, Metrics& metrics);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Single statements, each its own transaction in one round trip, on any free connection. What
    /// certainly did nothing (also a read that was not answered) is repeated; if a change was not
    /// answered, `commit_unknown` (503).
    template <class... A>
    Result<Rows> run(const Query& query, const A&... arguments) {
        return run_call(make_call(query, arguments...));
    }
    /// All of it in one transaction and one round trip; the rows of each.
    Result<std::vector<Rows>> run(const Batch& batch);
    template <class T, class... A>
    Result<std::vector<T>> list(const Query& query, const A&... arguments) {
        auto rows = run(query, arguments...);
        if (!rows) return fail(rows);
        return rows->template all<T>();
    }
    template <class T, class... A>
    Result<std::optional<T>> find(const Query& query, const A&... arguments) {
        auto rows = run(query, arguments...);
        if (!rows) return fail(rows);
        return first_as<T>(*rows);
    }
    template <class T, class... A>
    Result<T> one(const Query& query, const A&... arguments) {
        auto rows = run(query, arguments...);
        if (!rows) return fail(rows);
        return only_as<T>(query, *rows);
    }

    /// Runs `work(Session&) -> Result<T>` in one transaction: committed if it returns a value,
    /// rolled back if it returns an error. Repeated (at most 4 times in all) on serialization
    /// failures, deadlocks and on a fresh connection if one broke before COMMIT, so `work` must
    /// have no other effects; and no network calls inside. If the connection breaks during COMMIT
    /// the answer is `commit_unknown` (503): whoever must not do it twice makes `work` idempotent
    /// by key.
    template <class F>
    auto transact(F&& work) -> std::invoke_result_t<F, Session&> {
        using R = std::invoke_result_t<F, Session&>;
        for (int attempt = 1;; ++attempt) {
            Lease lease(*this);
            if (auto started = lease.begin(); !started) return fail(started);
            R result = work(lease.session());
            if (result) {
                auto committed = lease.commit();
                if (committed) return result;
                if (!lease.may_repeat(committed.error(), attempt)) return fail(committed);
            } else {
                lease.rollback();
                if (!lease.may_repeat(result.error(), attempt)) return result;
            }
        }
    }

    /// One statement over a connection kept apart from the pool: is the server there, does it take
    /// writes, and is the schema ours? Errors: `database_unavailable`, `schema_older`,
    /// `schema_newer` (503).
    Result<void> ping();
    [[nodiscard]] const Options& options() const { return options_; }

  private:
    /// A connection taken from the pool for a scope; a broken one is closed on return.
    class Lease {
      public:
        explicit Lease(Database& database);
        ~Lease();
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        Result<void> begin();
        Result<void> commit();
        void rollback();
        Result<std::vector<Rows>> run(std::span<const Call> calls);
        /// After an error: was nothing done, and is another attempt worth it? Counts and pauses.
        [[nodiscard]] bool may_repeat(const Error& error, int attempt);
        Session& session() { return *session_; }

      private:
        void give_back();
        Database& database_;
        std::unique_ptr<Connection> connection_;
        std::uint64_t age_ = 0;
        std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
        std::optional<Session> session_;
        std::optional<Error> error_;
    };

    Result<Rows> run_call(const Call& call);
    Result<std::vector<Rows>> run_calls(std::span<const Call> calls);
    struct Pool;
    Options options_;
    Metrics& metrics_;
    std::unique_ptr<Pool> pool_;
};

}  // namespace stoa::postgres
