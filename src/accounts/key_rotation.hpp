// SPDX-License-Identifier: Apache-2.0
// Gives the database another master key while everything runs: makes it the active one, wraps every
// stored key anew, a page at a time, and has the audit trail vouch for what the old one signed. May
// be cut off and started again at any point, and run several times at once. One thread a call.
#pragma once

#include "accounts/master_keys.hpp"
#include "base/result.hpp"
#include "postgres/database.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace stoa::accounts {

/// What one master key wraps at this moment.
struct MasterKeyUse {
    std::optional<std::string> id;  ///< nothing: from before they had names
    bool is_active = false;
    std::int64_t subject_keys = 0;
    std::int64_t signing_keys = 0;
};
BOOST_DESCRIBE_STRUCT(MasterKeyUse, (), (id, is_active, subject_keys, signing_keys))

/// The active one first.
Result<std::vector<MasterKeyUse>> list_master_key_use(postgres::Database& database);

/// Wraps everything by `target`, one of `keys`; how many keys were wrapped anew. `told` hears of
/// that number from time to time. `master_key_wrong` if some are wrapped by none of `keys`: the
/// others are done by then. `rotation_superseded` (conflict) if a rotation to yet another key began
/// meanwhile.
Result<std::int64_t> rotate_master_key(postgres::Database& database, MasterKeys& keys,
                                       const MasterKey& target,
                                       const std::function<void(std::int64_t)>& told);

}  // namespace stoa::accounts
