// SPDX-License-Identifier: Apache-2.0
#include "postgres/database.hpp"

#include "base/log.hpp"
#include "postgres/connection.hpp"
#include "postgres/failure.hpp"
#include "postgres/migrations.hpp"
#include "postgres/sql.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

namespace stoa::postgres {

namespace {

constexpr int attempts_max = 4;

/// Those who met in a deadlock should not meet again at once.
void pause_after(int attempt) {
    thread_local std::minstd_rand random(std::random_device{}());
    std::uniform_int_distribution<int> milliseconds(1, 10 << attempt);
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds(random)));
}

/// The rows of the only call.
Result<Rows> single(Result<std::vector<Rows>> rows) {
    if (!rows) return fail(rows);
    return std::move(rows->front());
}

}  // namespace

Result<Rows> Session::run_call(const Call& call) { return single(connection_.run({&call, 1})); }

Result<std::vector<Rows>> Session::run(const Batch& batch) {
    return connection_.run(batch.calls());
}

void Session::defer_call(Call call) { connection_.defer(std::move(call)); }

Result<void> Session::copy_in(const Query& query, std::size_t columns,
                              const std::function<bool(Parameters&)>& fill) {
    return connection_.copy_in(query, columns, fill);
}

struct Database::Pool {
    Pool(const Options& given_options, Metrics& given_metrics)
        : options(given_options), metrics(given_metrics) {
        metrics.set("stoa_postgres_connections_max", "Connections the pool may open.", {},
                    static_cast<double>(options.connections_max));
    }
    ~Pool() { idle_gauge.add(-static_cast<double>(idle.size())); }
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    struct Taken {
        std::unique_ptr<Connection> connection;
        std::uint64_t age = 0;
    };

    Result<Taken> take() {
        for (;;) {
            Taken taken;
            {
                std::unique_lock lock(mutex);
                if (!wait_for_one(lock))
                    return unavailable("database_busy",
                                       "All connections to the database are in use; try again.");
                ++used;
                taken.age = age;
                if (!idle.empty()) {
                    taken.connection = std::move(idle.back());
                    idle.pop_back();
                    idle_gauge.add(-1);
                }
            }
            used_gauge.add(1);
            if (!taken.connection) return open(std::move(taken));
            if (!taken.connection->is_stale()) return taken;
            taken.connection.reset();
            give_back(std::move(taken));  // and try the next one: all may have died together
        }
    }

    /// Without a connection: only the place that it took.
    void give_back(Taken taken) {
        std::vector<std::unique_ptr<Connection>> closed;  // outside of the lock
        used_gauge.add(-1);
        {
            const std::lock_guard lock(mutex);
            --used;
            if (taken.connection && taken.connection->is_outdated() && taken.age == age) {
                ++age;
                closed.swap(idle);
                idle_gauge.add(-static_cast<double>(closed.size()));
            }
            if (taken.connection && taken.connection->is_reusable() && taken.age == age) {
                idle.push_back(std::move(taken.connection));
                idle_gauge.add(1);
            }
        }
        freed.notify_one();
    }

    bool wait_for_one(std::unique_lock<std::mutex>& lock) {
        const auto one_is_free = [&] { return used < options.connections_max; };
        if (one_is_free()) return true;
        const auto began = std::chrono::steady_clock::now();
        waiting_gauge.add(1);
        const bool came = freed.wait_for(lock, options.wait_max, one_is_free);
        waiting_gauge.add(-1);
        const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - began;
        wait_seconds.observe(waited.count());
        return came;
    }

    Result<Taken> open(Taken taken) {
        std::string why;
        auto opened = Connection::open(options, &metrics, why);
        const bool was_away = is_away.exchange(!opened);
        if (!opened) {
            if (!was_away) log::error("PostgreSQL does not answer", {{"error.message", why}});
            give_back(std::move(taken));
            return fail(opened);
        }
        if (was_away) log::info("PostgreSQL answers again");
        taken.connection = std::move(*opened);
        return taken;
    }

    GaugeHandle gauge(const std::string& state) {
        return metrics.gauge("stoa_postgres_connections", "Connections of the pool, by state.",
                             {{"state", state}});
    }

    const Options& options;
    Metrics& metrics;
    GaugeHandle used_gauge = gauge("used");
    GaugeHandle idle_gauge = gauge("idle");
    GaugeHandle waiting_gauge =
        metrics.gauge("stoa_postgres_waiting", "Threads that wait for a connection.");
    SecondsHandle wait_seconds = metrics.seconds(
        "stoa_postgres_wait_seconds", "Time waited for a connection by those who had to wait.");
    std::mutex mutex;
    std::condition_variable freed;
    std::size_t used = 0;
    std::uint64_t age = 0;  // connections of an earlier one are not used again
    std::vector<std::unique_ptr<Connection>> idle;  // the last used is used first
    std::atomic<bool> is_away = false;
    std::mutex ping_mutex;
    std::unique_ptr<Connection> ping_connection;
};

Database::Database(Options options, Metrics& metrics)
    : options_(std::move(options)),
      metrics_(metrics),
      pool_(std::make_unique<Pool>(options_, metrics_)) {}

Database::~Database() = default;

Result<void> Database::ping() {
    const std::lock_guard lock(pool_->ping_mutex);
    auto& connection = pool_->ping_connection;
    if (!connection || connection->is_stale() || !connection->is_reusable()) {
        std::string why;  // the pool logs it
        auto opened = Connection::open(options_, &metrics_, why);
        if (!opened) {
            connection.reset();
            return fail(opened);
        }
        connection = std::move(*opened);
    }
    if (connection->is_outdated())
        return unavailable("database_unavailable", "The database takes no writes.");
    return check_schema(*connection, all_migrations());
}

Result<std::vector<Rows>> Database::run(const Batch& batch) { return run_calls(batch.calls()); }

Result<Rows> Database::run_call(const Call& call) { return single(run_calls({&call, 1})); }

Result<std::vector<Rows>> Database::run_calls(std::span<const Call> calls) {
    for (int attempt = 1;; ++attempt) {
        Lease lease(*this);
        auto rows = lease.run(calls);
        if (rows || !lease.may_repeat(rows.error(), attempt)) return rows;
    }
}

Database::Lease::Lease(Database& database) : database_(database) {
    auto taken = database_.pool_->take();
    if (!taken) {
        error_ = taken.error();
        return;
    }
    connection_ = std::move(taken->connection);
    age_ = taken->age;
    session_.emplace(*connection_);
}

Database::Lease::~Lease() { give_back(); }

void Database::Lease::give_back() {
    if (!connection_) return;
    connection_->rollback();
    database_.pool_->give_back({std::move(connection_), age_});
}

Result<void> Database::Lease::begin() {
    if (error_) return tl::unexpected(*error_);
    connection_->begin();
    return {};
}

Result<void> Database::Lease::commit() { return connection_->commit(); }

void Database::Lease::rollback() { connection_->rollback(); }

Result<std::vector<Rows>> Database::Lease::run(std::span<const Call> calls) {
    if (error_) return tl::unexpected(*error_);
    return connection_->run(calls);
}

bool Database::Lease::may_repeat(const Error& error, int attempt) {
    // Without a connection the server is away, and whoever asked should not wait for it.
    if (!connection_ || attempt == attempts_max) return false;
    const bool is_torn = error.code == "database_unavailable" && connection_->is_broken();
    if (!is_torn && error.code != "serialization_failure") return false;
    // Whoever waited that long for a server that is silent should not wait again.
    const auto took = std::chrono::steady_clock::now() - began_;
    if (is_torn && took > database_.options_.wait_max) return false;
    database_.metrics_.count("stoa_postgres_retries_total",
                             "Transactions and statements that were done again, by reason.",
                             {{"reason", std::string(error.code)}});
    give_back();  // nobody should wait for it meanwhile
    if (!is_torn) pause_after(attempt);
    return true;
}

}  // namespace stoa::postgres
