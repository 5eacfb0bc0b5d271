// SPDX-License-Identifier: Apache-2.0
#include "app/operations.hpp"

#include "app/sql.hpp"
#include "base/json.hpp"
#include "postgres/migrations.hpp"

#include <map>

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

}  // namespace

http::Handler healthz() {
    return [](http::Request&) { return http::Response::json_text(200, R"({"status":"ok"})"); };
}

http::Handler readyz(postgres::Database& database, redis::Client& redis, std::string llm_provider,
                     const std::atomic<bool>& stopping) {
    return [&database, &redis, &stopping, provider = std::move(llm_provider)](http::Request&) {
        Readiness readiness;
        readiness.parts.postgres = part_of(database.ping());
        readiness.parts.redis = part_of(redis.ping());
        readiness.parts.schema = schema_part(database);
        readiness.parts.worker = worker_part(database);
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
