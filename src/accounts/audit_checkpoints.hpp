// SPDX-License-Identifier: Apache-2.0
// Signatures over the end of the audit trail. Its hash chain alone shows a clumsy change; someone
// who can write the database could compute the chain anew or cut its end off, but cannot sign: the
// key comes from the master key, which the database never sees. Writes audit_checkpoints. Any
// thread.
#pragma once

#include "base/result.hpp"
#include "crypto/ed25519.hpp"
#include "postgres/database.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace stoa::accounts {

/// The Ed25519 key of a master key's checkpoints: seed = HMAC-SHA-256(master key, a fixed label).
crypto::KeyPair audit_key(std::string_view master_key);

/// Signs the last entry unless a checkpoint covers it already. True if it made one.
Result<bool> sign_audit_log(postgres::Database& database, const crypto::KeyPair& key);

struct VerifiedAudit {
    std::int64_t entries = 0;
    std::int64_t checkpoints = 0;
    std::int64_t entries_signed = 0;  ///< up to the last checkpoint; those after it can be cut off
};

/// Follows the hash chain from its first entry, and the checkpoints with it. `keys`: those of the
/// master keys at hand. What was signed by a master key that was replaced is good if an entry that
/// these keys signed vouches for it. `audit_broken` (conflict) names the first entry that is
/// missing, changed, out of place or cut off, or the first checkpoint that is missing or forged.
/// `entries_min`: a count kept elsewhere; fewer are "cut off".
Result<VerifiedAudit> verify_audit_log(postgres::Database& database,
                                       const std::vector<crypto::PublicKey>& keys,
                                       std::int64_t entries_min = 0);

}  // namespace stoa::accounts
