// SPDX-License-Identifier: Apache-2.0
// The uploaded files: each lies sealed with its owner's key in `data_dir`/documents/<file id>, and
// is opened piece by piece; so do, in another folder, the pieces of uploads under way. Any thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "base/unnamed_file.hpp"
#include "extraction/input_file.hpp"
#include "http/message.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace stoa::documents {

/// Which file, and whose key opens it.
struct Original {
    RowId file;  ///< `pdf_uploads.storage_key`
    UserId owner;
};

class Originals {
  public:
    Originals(const std::filesystem::path& data_dir, accounts::SubjectKeys& keys,
              std::string_view folder = "documents");

    /// Seals what was spooled; on disk with its name when this returns. `storage_unavailable` (503)
    /// when the disk refuses; nothing stays then.
    Result<void> keep(const Original& original, const UnnamedFile& spooled) const;
    /// The bytes as they were uploaded. `file_unreadable` (503) if there is no such file, or not
    /// with this key.
    Result<std::shared_ptr<http::ByteSource>> open(const Original& original) const;
    /// The same as a file without a name, for programs that want a descriptor.
    Result<extraction::InputFile> unseal(const Original& original) const;
    /// False if there is none.
    bool remove(const RowId& file) const;
    /// Calls `sweep` with batches of at most 500 files that are older than an hour.
    Result<void> for_each_old(
        const std::function<Result<void>(const std::vector<RowId>&)>& sweep) const;

  private:
    [[nodiscard]] std::filesystem::path path_of(const RowId& file) const;

    std::filesystem::path directory_;
    accounts::SubjectKeys& keys_;
};

}  // namespace stoa::documents
