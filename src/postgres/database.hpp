// SPDX-License-Identifier: Apache-2.0
// PostgreSQL as the features see it: a bounded pool of connections, single statements, transactions
// and COPY. Statements are prepared once per connection and named after their file; parameters and
// results travel in binary. `Database` may be used from any thread; a `Session` belongs to one.
// Every failure of the server to answer is `database_unavailable` (503), never an exception.
#pragma once

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "postgres/codec.hpp"
#include "postgres/query.hpp"

#include <chrono>
#include <cstddef>
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
    std::chrono::milliseconds wait_max{5'000};  ///< for a free connection
    std::chrono::milliseconds statement_timeout{15'000};
    std::chrono::milliseconds connect_timeout{3'000};
};

/// One connection in use: inside `Database::transact` it is the transaction.
class Session {
  public:
    explicit Session(Connection& connection) : connection_(connection) {}

    /// Runs one statement. Errors: `database_unavailable` and `storage_full` (503),
    /// `unique_violation` and `foreign_key_violation` (conflict, with the constraint's name in the
    /// message), `serialization_failure` (conflict; `transact` retries it), `statement_timeout`
    /// (503), `invalid_text` (422: NUL or malformed UTF-8), `database_error` (internal).
    template <class... A>
    Result<Rows> run(const Query& query, const A&... arguments) {
        Parameters parameters;
        (parameters.add(arguments), ...);
        return run_encoded(query, parameters);
    }
    /// Every row as a T: a described struct whose members are columns by name, or one scalar
    /// column.
    template <class T, class... A>
    Result<std::vector<T>> list(const Query& query, const A&... arguments) {
        auto rows = run(query, arguments...);
        if (!rows) return fail(rows);
        return rows->template all<T>();
    }
    /// The first row as a T, or nothing.
    template <class T, class... A>
    Result<std::optional<T>> find(const Query& query, const A&... arguments) {
        auto rows = run(query, arguments...);
        if (!rows) return fail(rows);
        if (rows->size() == 0) return std::optional<T>();
        return std::optional<T>((*rows)[0].template as<T>());
    }
    /// The only row as a T; `database_error` (internal) if there is none.
    template <class T, class... A>
    Result<T> one(const Query& query, const A&... arguments) {
        auto found = find<T>(query, arguments...);
        if (!found) return fail(found);
        if (!*found)
            return fail(ErrorKind::internal, "database_error",
                        std::string(query.name) + " gave no row");
        return std::move(**found);
    }
    /// `COPY … FROM STDIN (FORMAT binary)`: `fill` adds one row's fields and returns true, or
    /// returns false at the end. All rows have `columns` fields, of exactly the columns' types (the
    /// format has no conversions: int32_t for integer, json::Raw for jsonb); another count is
    /// `database_error`.
    Result<void> copy_in(const Query& query, std::size_t columns,
                         const std::function<bool(Parameters&)>& fill);

  private:
    Result<Rows> run_encoded(const Query& query, const Parameters& parameters);
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

    /// Single statements, each its own transaction, on any free connection.
    template <class... A>
    Result<Rows> run(const Query& query, const A&... arguments) {
        return with_session([&](Session& s) { return s.run(query, arguments...); });
    }
    template <class T, class... A>
    Result<std::vector<T>> list(const Query& query, const A&... arguments) {
        return with_session([&](Session& s) { return s.list<T>(query, arguments...); });
    }
    template <class T, class... A>
    Result<std::optional<T>> find(const Query& query, const A&... arguments) {
        return with_session([&](Session& s) { return s.find<T>(query, arguments...); });
    }
    template <class T, class... A>
    Result<T> one(const Query& query, const A&... arguments) {
        return with_session([&](Session& s) { return s.one<T>(query, arguments...); });
    }

    /// Runs `work(Session&) -> Result<T>` in one transaction: committed if it returns a value,
    /// rolled back if it returns an error. Repeated (at most 3 times in all) on serialization
    /// failures and deadlocks, so `work` must have no other effects; and no network calls inside.
    /// If the connection breaks during COMMIT the answer is `commit_unknown` (503): whoever must
    /// not do it twice makes `work` idempotent by key.
    template <class F>
    auto transact(F&& work) -> std::invoke_result_t<F, Session&> {
        using R = std::invoke_result_t<F, Session&>;
        constexpr int tries_max = 3;
        for (int attempt = 1;; ++attempt) {
            Lease lease(*this);
            if (auto started = lease.begin(); !started) return fail(started);
            R result = work(lease.session());
            if (result) {
                auto committed = lease.commit();
                if (committed) return result;
                if (attempt == tries_max || !is_retryable(committed.error()))
                    return fail(committed);
            } else {
                lease.rollback();
                if (attempt == tries_max || !is_retryable(result.error())) return result;
            }
        }
    }

    /// One statement over a connection kept apart from the pool: is the server there and the schema
    /// ours? Errors: `database_unavailable`, `schema_older`, `schema_newer` (503).
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
        [[nodiscard]] Result<void> ready() const;  ///< could a connection be had?
        Result<void> begin();
        Result<void> commit();
        void rollback();
        Session& session() { return *session_; }

      private:
        Database& database_;
        std::unique_ptr<Connection> connection_;
        std::optional<Session> session_;
        std::optional<Error> error_;
    };

    template <class F>
    auto with_session(F&& work) -> std::invoke_result_t<F, Session&> {
        Lease lease(*this);
        if (auto ready = lease.ready(); !ready) return fail(ready);
        return work(lease.session());
    }
    static bool is_retryable(const Error& error);
    struct Pool;
    Options options_;
    Metrics& metrics_;
    std::unique_ptr<Pool> pool_;
};

}  // namespace stoa::postgres
