// SPDX-License-Identifier: Apache-2.0
// Uploads that can be resumed: a file comes in pieces, over any number of requests and to any node,
// and becomes a document once all of it is there. What has come lies in `data_dir`/uploads, a file
// a piece, sealed with its owner's key; the row's offset says how far that is. A piece counts if
// the offset is where it begins, so of two writers at once one is refused, and what a crash leaves
// is a file that no row knows. Writes upload_sessions and upload_pieces. Any thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "documents/documents.hpp"
#include "documents/originals.hpp"
#include "documents/upload_metadata.hpp"
#include "http/routes.hpp"
#include "postgres/database.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace stoa::documents {

using UploadId = Id<struct UploadTag>;

struct UploadSession {
    UploadId id;
    std::string file_name;
    std::int64_t length_bytes = 0;
    std::int64_t offset_bytes = 0;          ///< how much has come
    std::optional<DocumentId> document_id;  ///< once it is finished
    Time created_at;
    Time expires_at;  ///< moved on by each piece, to a week from its beginning at most
};
BOOST_DESCRIBE_STRUCT(UploadSession, (),
                      (id, file_name, length_bytes, offset_bytes, document_id, created_at,
                       expires_at))

class UploadSessions {
  public:
    /// Of one person, unfinished.
    static constexpr std::int64_t open_max = 8;
    /// Of one upload: with fewer bytes in each it would never end.
    static constexpr std::int32_t pieces_max = 4'096;

    UploadSessions(postgres::Database& database, Documents& documents, accounts::SubjectKeys& keys,
                   const std::filesystem::path& data_dir, std::uint64_t upload_bytes_max);

    /// Begins one. `metadata` is the form of a plain upload, with `filename` for the file's name
    /// (and `filetype`, which is not believed); what is wrong with it is said as for that.
    /// `file_empty`, `file_too_large`, `quota_exceeded`; `too_many_uploads` (409) past `open_max`.
    Result<UploadSession> create(const UserId& user, std::int64_t length_bytes,
                                 const std::vector<MetadataField>& metadata);
    /// `upload_not_found` (404) unless it is the asker's and has not expired.
    Result<UploadSession> find(const UserId& user, const UploadId& upload);
    Result<http::Listing<UploadSession>> list(const UserId& user);
    /// Keeps a piece that begins at `offset_bytes`: it is on disk, sealed, when this returns the
    /// upload as it is then. `upload_offset_mismatch` (409) if the offset is elsewhere,
    /// `upload_too_long` (413) past the announced length, `too_many_pieces` (413).
    Result<UploadSession> append(const UserId& user, const UploadId& upload,
                                 std::int64_t offset_bytes, const UnnamedFile& piece);
    /// Makes the document of it, as `Documents::upload` does with all its errors, after which the
    /// upload is as before. `upload_incomplete` (409). Again: the document that was made.
    Result<Document> finish(const UserId& user, const UploadId& upload);
    /// With all that has come.
    Result<void> remove(const UserId& user, const UploadId& upload);
    /// Removes uploads that have expired, and files older than an hour that no row knows.
    Result<std::uint64_t> remove_expired();

    [[nodiscard]] std::uint64_t upload_bytes_max() const { return upload_bytes_max_; }
    /// Where a piece waits until it is whole.
    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  private:
    struct Row;
    Result<Row> find_row(const UserId& user, const UploadId& upload);
    Result<UploadSession> refuse(const UserId& user, const UploadId& upload,
                                 std::int64_t offset_bytes, std::int64_t piece_bytes);
    Result<Upload> assemble(const UserId& user, const Row& row);
    Result<Document> find_document(const UserId& user, const DocumentId& document);
    Result<void> end(const UserId& user, const UploadId& upload, bool is_finished);

    postgres::Database& database_;
    Documents& documents_;
    const std::filesystem::path directory_;
    const std::uint64_t upload_bytes_max_;
    const Originals pieces_;
};

}  // namespace stoa::documents
