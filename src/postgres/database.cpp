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

namespace stoa::postgres {

Result<Rows> Session::run_encoded(const Query& query, const Parameters& parameters) {
    return connection_.run(query, parameters);
}

Result<void> Session::copy_in(const Query& query, std::size_t columns,
                              const std::function<bool(Parameters&)>& fill) {
    return connection_.copy_in(query, columns, fill);
}

struct Database::Pool {
    Pool(const Options& given_options, Metrics& given_metrics)
        : options(given_options), metrics(given_metrics) {}

    Result<std::unique_ptr<Connection>> take() {
        for (;;) {
            std::unique_ptr<Connection> connection;
            {
                std::unique_lock lock(mutex);
                const auto one_is_free = [&] { return used < options.connections_max; };
                if (!freed.wait_for(lock, options.wait_max, one_is_free))
                    return unavailable("database_busy",
                                       "All connections to the database are in use; try again.");
                ++used;
                if (!idle.empty()) {
                    connection = std::move(idle.back());
                    idle.pop_back();
                }
                report();
            }
            if (!connection) return open();
            if (!connection->is_stale()) return connection;
            give_back(nullptr);  // and try the next one: all may have died with the server
        }
    }

    /// Without a connection: only the place that it took.
    void give_back(std::unique_ptr<Connection> connection) {
        {
            const std::lock_guard lock(mutex);
            --used;
            if (connection) idle.push_back(std::move(connection));
            report();
        }
        freed.notify_one();
    }

    Result<std::unique_ptr<Connection>> open() {
        std::string why;
        auto opened = Connection::open(options, &metrics, why);
        const bool was_away = is_away.exchange(!opened);
        if (!opened) {
            if (!was_away) log::error("PostgreSQL does not answer", {{"error.message", why}});
            give_back(nullptr);
        } else if (was_away) {
            log::info("PostgreSQL answers again");
        }
        return opened;
    }

    void report() const {
        static const std::string name = "stoa_postgres_connections";
        static const std::string help = "Open connections of the pool, by state.";
        metrics.set(name, help, {{"state", "used"}}, static_cast<double>(used));
        metrics.set(name, help, {{"state", "idle"}}, static_cast<double>(idle.size()));
    }

    const Options& options;
    Metrics& metrics;
    std::mutex mutex;
    std::condition_variable freed;
    std::size_t used = 0;
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
    return check_schema(*connection, all_migrations());
}

bool Database::is_retryable(const Error& error) { return error.code == "serialization_failure"; }

Database::Lease::Lease(Database& database) : database_(database) {
    auto taken = database_.pool_->take();
    if (!taken) {
        error_ = taken.error();
        return;
    }
    connection_ = std::move(*taken);
    session_.emplace(*connection_);
}

Database::Lease::~Lease() {
    if (!connection_) return;
    connection_->rollback();
    if (!connection_->is_reusable()) connection_.reset();
    database_.pool_->give_back(std::move(connection_));
}

Result<void> Database::Lease::ready() const {
    if (error_) return tl::unexpected(*error_);
    return {};
}

Result<void> Database::Lease::begin() {
    if (error_) return tl::unexpected(*error_);
    connection_->begin();
    return {};
}

Result<void> Database::Lease::commit() { return connection_->commit(); }

void Database::Lease::rollback() { connection_->rollback(); }

}  // namespace stoa::postgres
