// SPDX-License-Identifier: Apache-2.0
// What operators and their machines ask: is the process alive, is each part there, how much of what
// happened, which version. Handlers only; any thread.
#pragma once

#include "app/services.hpp"
#include "base/metrics.hpp"
#include "http/routes.hpp"
#include "postgres/database.hpp"
#include "redis/client.hpp"

#include <atomic>
#include <string>

namespace stoa::app {

/// 200 as long as the process answers.
http::Handler healthz();
/// Names postgres, schema, redis and worker. 503 while one that requests need (the first three) is
/// away, and once this node is `stopping`; a missing worker only shows, because the API still
/// serves.
http::Handler readyz(postgres::Database& database, redis::Client& redis, std::string llm_provider,
                     const std::atomic<bool>& stopping);
/// Prometheus text exposition 0.0.4.
http::Handler metrics(Metrics& metrics);
http::Handler version();

/// The routes of the four.
void add_probes(http::Routes& routes, Services& services);

}  // namespace stoa::app
