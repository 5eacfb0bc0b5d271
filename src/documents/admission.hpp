// SPDX-License-Identifier: Apache-2.0
// Whether one more file of a person is stored: within what a person may store, and not there
// already. What is asked before the file is kept spares the disk; what is asked again in the
// transaction of the new row, with the owner's row locked, is exact. Any thread.
#pragma once

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "postgres/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::documents {

/// Of one person; 0 is without limit.
struct StorageLimits {
    std::int64_t documents_max = 0;
    std::int64_t bytes_max = 0;
};

/// What a person has stored, of what they may.
struct StorageUsage {
    std::int64_t documents = 0;
    std::optional<std::int64_t> documents_max;
    std::int64_t bytes = 0;  ///< of the files as they were uploaded
    std::optional<std::int64_t> bytes_max;
};
BOOST_DESCRIBE_STRUCT(StorageUsage, (), (documents, documents_max, bytes, bytes_max))

/// A file that is about to be stored.
struct NewFile {
    UserId owner;
    UserId by;  ///< who stores it; others learn nothing of what the owner has stored
    std::string_view sha256;
    std::int64_t bytes = 0;
    bool allow_duplicate = false;
    std::optional<DocumentId> replaces{};  ///< whose file counts no more
};

class Admission {
  public:
    Admission(postgres::Database& database, StorageLimits limits)
        : database_(database), limits_(limits) {}

    [[nodiscard]] Result<StorageUsage> usage(const UserId& owner) const;
    /// `duplicate_document` (409) names the owner's document with the same content,
    /// `quota_exceeded` (403) what is stored and allowed; both in the problem's extensions. Others'
    /// documents are never looked at. Not exact: what else is being uploaded is not counted.
    [[nodiscard]] Result<void> check(const NewFile& file) const;
    /// The same, exact: no other file of the owner is admitted until the transaction has ended.
    [[nodiscard]] Result<void> admit(postgres::Session& session, const NewFile& file) const;

  private:
    postgres::Database& database_;
    const StorageLimits limits_;
};

}  // namespace stoa::documents
