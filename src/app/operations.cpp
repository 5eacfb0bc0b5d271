// SPDX-License-Identifier: Apache-2.0
#include "app/operations.hpp"

#include "app/sql.hpp"
#include "base/json.hpp"
#include "postgres/migrations.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace stoa::app {
namespace {

struct Part {
    bool ok = false;
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(Part, (), (ok, detail))

struct Parts {
    Part postgres;
    Part schema;
    Part redis;
    Part worker;
};
BOOST_DESCRIBE_STRUCT(Parts, (), (postgres, schema, redis, worker))

struct Readiness {
    std::string status;
    Parts parts;
    std::string llm_provider;
};
BOOST_DESCRIBE_STRUCT(Readiness, (), (status, parts, llm_provider))

struct Version {
    std::string version;
    std::int64_t schema = 0;
};
BOOST_DESCRIBE_STRUCT(Version, (), (version, schema))

Part part_of(const Result<void>& result) {
    return result ? Part{true, "ok"} : Part{false, result.error().message};
}

Part worker_part(postgres::Database& database) {
    const auto alive = database.one<std::int64_t>(sql::count_live_workers);
    if (!alive) return {false, "not known: " + alive.error().message};
    if (*alive == 0)
        return {false, "no worker was heard of for 10 s; documents wait until one starts"};
    return {true, std::to_string(*alive) + " running"};
}

Part schema_part(postgres::Database& database) {
    const auto version = database.one<std::int64_t>(sql::find_schema_version);
    if (!version) return {false, "not known: " + version.error().message};
    const auto ours = static_cast<std::int64_t>(postgres::all_migrations().back().version);
    if (*version == ours) return {true, "version " + std::to_string(ours)};
    return {false, "the database is at version " + std::to_string(*version) + ", this program at " +
                       std::to_string(ours) + (*version < ours ? "; run `stoa migrate`" : "")};
}

/// Asks each part, for all who want to know at the moment: one thread waits for a part that hangs,
/// and who asks for readiness as often as they like makes no more than one question at a time.
class ReadinessCheck {
  public:
    ReadinessCheck(postgres::Database& database, redis::Client& redis)
        : database_(database), redis_(redis) {}

    Parts ask() {
        std::unique_lock lock(mutex_);
        if (is_asking_) return wait_for_other(lock);
        is_asking_ = true;
        began_ = Clock::now();
        const Part silent{false, "has not answered yet, nor have those asked before it"};
        parts_ = {silent, silent, silent, silent};
        lock.unlock();
        {
            const End end(*this);
            answer(&Parts::redis, part_of(redis_.ping()));
            answer(&Parts::postgres, part_of(database_.ping()));
            answer(&Parts::schema, schema_part(database_));
            answer(&Parts::worker, worker_part(database_));
        }
        lock.lock();
        return parts_;
    }

  private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds silence_max{1};

    struct End {
        explicit End(ReadinessCheck& check) : of(check) {}
        ~End() {
            const std::lock_guard lock(of.mutex_);
            of.is_asking_ = false;
            ++of.asked_;
            of.answered_.notify_all();
        }
        ReadinessCheck& of;
    };

    void answer(Part Parts::* which, Part part) {
        const std::lock_guard lock(mutex_);
        parts_.*which = std::move(part);
    }

    /// What is known when the other has ended, or has asked for a second.
    Parts wait_for_other(std::unique_lock<std::mutex>& lock) {
        const auto before = asked_;
        answered_.wait_until(lock, began_ + silence_max, [&] { return asked_ != before; });
        return parts_;
    }

    postgres::Database& database_;
    redis::Client& redis_;
    std::mutex mutex_;
    std::condition_variable answered_;
    bool is_asking_ = false;
    Clock::time_point began_{};
    std::uint64_t asked_ = 0;
    Parts parts_;  ///< of the last question, as far as they have answered
};

}  // namespace

http::Handler healthz() {
    return [](http::Request&) { return http::Response::json_text(200, R"({"status":"ok"})"); };
}

http::Handler readyz(postgres::Database& database, redis::Client& redis, std::string llm_provider,
                     const std::atomic<bool>& stopping) {
    return [check = std::make_shared<ReadinessCheck>(database, redis), &stopping,
            provider = std::move(llm_provider)](http::Request&) {
        Readiness readiness;
        readiness.parts = check->ask();
        readiness.llm_provider = provider;
        const auto& parts = readiness.parts;
        const bool leaves = stopping.load(std::memory_order_relaxed);
        const bool serves = !leaves && parts.postgres.ok && parts.schema.ok && parts.redis.ok;
        readiness.status = leaves            ? "stopping"
                           : !serves         ? "unavailable"
                           : parts.worker.ok ? "ready"
                                             : "degraded";
        auto response = http::Response::json_text(serves ? 200 : 503, json::to_text(readiness));
        if (!serves) response.headers.emplace_back("retry-after", "1");
        return response;
    };
}

http::Handler metrics(Metrics& metrics) {
    return [&metrics](http::Request&) {
        return http::Response::text(200, "text/plain; version=0.0.4; charset=utf-8",
                                    metrics.expose());
    };
}

http::Handler version() {
    return [](http::Request&) {
        const Version now{STOA_VERSION, postgres::all_migrations().back().version};
        return http::Response::json_text(200, json::to_text(now));
    };
}

void add_probes(http::Routes& routes, Services& services) {
    const auto anyone = http::Access::anyone;
    routes.get_immediate("/healthz", anyone, healthz());
    routes.get("/readyz", anyone,
               readyz(services.database, services.redis, std::string(services.model->provider()),
                      services.stopping));
    routes.get("/metrics", anyone, metrics(services.metrics));
    routes.get_immediate("/version", anyone, version());
}

}  // namespace stoa::app
