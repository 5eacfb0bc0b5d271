// SPDX-License-Identifier: Apache-2.0
// What a worker tidies up at its start and then once an hour (expired challenges, tickets, sessions
// and idempotency keys, files that no row knows), and the audit log that it signs once a minute.
// Every step is harmless at any time and on several workers at once. Owner: `stoa work`; one thread
// of its own.
#pragma once

#include "crypto/ed25519.hpp"
#include "documents/documents.hpp"
#include "postgres/database.hpp"

#include <stop_token>
#include <thread>

namespace stoa::app {

class Housekeeping {
  public:
    Housekeeping(postgres::Database& database, documents::Documents& documents,
                 const crypto::KeyPair& audit_key);
    /// Waits for a step under way.
    ~Housekeeping() = default;
    Housekeeping(const Housekeeping&) = delete;
    Housekeeping& operator=(const Housekeeping&) = delete;

  private:
    void run(const std::stop_token& stop);
    void tidy();
    void sign_audit_log();

    postgres::Database& database_;
    documents::Documents& documents_;
    const crypto::KeyPair audit_key_;
    std::jthread thread_;
};

}  // namespace stoa::app
