// SPDX-License-Identifier: Apache-2.0
// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a write that is asked again under
// the same key by the same user runs once and gets its first answer again, on whatever node. The
// keys are in PostgreSQL under a lease that this renews while a handler runs, so that a node's
// death before the first change frees them within 15 s; after it, nothing is done twice. Owner: the
// composition root; any thread, and one of its own that renews.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "http/routes.hpp"
#include "postgres/database.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

namespace stoa::app {

class Idempotency {
  public:
    /// `keys`: the asker's seals the answers that are kept.
    Idempotency(postgres::Database& database, accounts::SubjectKeys& keys);
    ~Idempotency() = default;
    Idempotency(const Idempotency&) = delete;
    Idempotency& operator=(const Idempotency&) = delete;

    /// Whether a route takes the header: signed-in writes, but not those under /auth, whose answers
    /// are tokens and must never be kept.
    static bool is_for(const http::Route& route);
    /// `next`, once for each key. Without the header it is just called, as it is on slow routes
    /// when the stream of an answer is resumed (Last-Event-ID). Problems of its own:
    /// `idempotency_key_invalid` (400), `idempotency_key_reused` (409: another request had this
    /// key), `idempotency_key_in_progress` (409 with Retry-After), `idempotency_answer_too_large`
    /// (409: it was done, but its answer exceeded 1 MiB), `idempotency_answer_lost` (409: it was
    /// done, but the key of its answer is gone), `idempotency_outcome_unknown` (409: something was
    /// done, but the node died before the answer was kept). Kept for 24 h is every answer below 500
    /// but 429, a stream's when it came to its end without an error event, heard or not.
    http::Handler wrap(const http::Route& route, http::Handler next);

  private:
    class Claim;
    class Recorder;
    struct Asked;
    /// A claim; or none and the answer that is to be given instead.
    struct Claimed {
        std::shared_ptr<Claim> claim;
        http::Response answer;
    };

    http::Response handle(const http::Handler& next, http::Request& request);
    Result<Claimed> claim(const http::Request& request, const std::string& key);
    [[nodiscard]] static Result<std::string> read_key(const http::Request& request);
    Result<Asked> asked(const http::Request& request, const std::string& key);

    void hold(const RowId& lease);
    void let_go(const RowId& lease);
    void renew_leases(const std::stop_token& stop);

    postgres::Database& database_;
    accounts::SubjectKeys& keys_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::set<RowId> held_;  ///< leases of this process; as many as handlers that run
    std::jthread renewer_;
};

/// Removes keys older than 24 h; how many went, at most 50 000.
Result<std::uint64_t> purge_idempotency_keys(postgres::Database& database);

}  // namespace stoa::app
