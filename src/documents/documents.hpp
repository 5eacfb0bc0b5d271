// SPDX-License-Identifier: Apache-2.0
// The library: documents are uploaded, listed, shared, read and deleted here, and reached only
// through `access_document`. The sealed file lies there before its row is written.
// Writes pdf_uploads, replaced_files and document_permissions (document_pages and document_chunks
// are Ingestion's). Any thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "documents/admission.hpp"
#include "documents/originals.hpp"
#include "extraction/page.hpp"
#include "http/message.hpp"
#include "http/routes.hpp"
#include "jobs/queue.hpp"
#include "postgres/database.hpp"
#include "redis/fact_cache.hpp"
#include "rooms/rooms.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::documents {

enum class Status { queued, processing, ready, failed };
BOOST_DESCRIBE_ENUM(Status, queued, processing, ready, failed)
/// Each includes those before it.
enum class Permission { read, write, admin };
BOOST_DESCRIBE_ENUM(Permission, read, write, admin)
enum class LibraryScope { mine, shared, public_ };
BOOST_DESCRIBE_ENUM(LibraryScope, mine, shared, public_)

struct Document {
    DocumentId id;
    UserId owner_id;
    std::string title;
    std::string file_name;
    std::string mime_type;
    std::int64_t file_size_bytes = 0;
    std::string sha256;
    std::optional<int> page_count;
    Status status = Status::queued;
    double progress = 0;  ///< 0 to 1
    std::optional<std::string> error_code;
    std::optional<std::string> error;
    json::Raw tags{"[]"};
    bool is_public = false;
    std::optional<std::string> arweave_tx;
    std::optional<std::string> ipfs_hash;
    Time created_at;
    Time updated_at;
    json::Raw warnings{"[]"};  ///< of the extraction: sentences for people
    bool needs_ocr = false;    ///< has scanned pages that could not be read
    int version = 1;           ///< of the file; each replacement counts
    int download_count = 0;    ///< of the whole file
};
BOOST_DESCRIBE_STRUCT(Document, (),
                      (id, owner_id, title, file_name, mime_type, file_size_bytes, sha256,
                       page_count, status, progress, error_code, error, tags, is_public, arweave_tx,
                       ipfs_hash, created_at, updated_at, warnings, needs_ocr, version,
                       download_count))

/// In the library: which of "title", "tags" and "text" what was sought stands in.
struct FoundDocument : Document {
    json::Raw matches{"[]"};
};
BOOST_DESCRIBE_STRUCT(FoundDocument, (Document), (matches))

using Tags = json::List<Text<1, 50>, 20>;

struct Upload {
    std::optional<DocumentId> id;  ///< a new one without; `unique_violation` (409) if it is there
    http::Part file;               ///< spooled
    std::optional<Text<1, 300>> title;
    Tags tags;
    std::optional<RoomId> room_id;
    bool is_public = false;
    bool allow_duplicate = false;  ///< store it though its owner has this content already
};

struct DocumentChange {
    std::optional<Text<1, 300>> title;
    std::optional<Tags> tags;
    std::optional<bool> is_public;
};
BOOST_DESCRIBE_STRUCT(DocumentChange, (), (title, tags, is_public))

/// With a room or with a person, never both.
struct Share {
    DocumentId document_id;
    std::optional<RoomId> room_id;
    std::optional<UserId> user_id;
    Permission permission_type = Permission::read;
    std::optional<Time> expires_at;
};
BOOST_DESCRIBE_STRUCT(Share, (), (document_id, room_id, user_id, permission_type, expires_at))

struct PermissionRow {
    RowId id;
    DocumentId document_id;
    std::optional<UserId> user_id;
    std::optional<RoomId> room_id;
    Permission permission_type = Permission::read;
    std::optional<UserId> granted_by;
    Time granted_at;
    std::optional<Time> expires_at;
};
BOOST_DESCRIBE_STRUCT(PermissionRow, (),
                      (id, document_id, user_id, room_id, permission_type, granted_by, granted_at,
                       expires_at))

/// A permission with who has it, through which room, and from whom.
struct PermissionView : PermissionRow {
    bool is_expired = false;
    std::optional<json::Raw> person;   ///< {id, name, username}
    std::optional<json::Raw> room;     ///< {id, name, is_active, participant_count}
    std::optional<json::Raw> granter;  ///< {id, name, username}
};
BOOST_DESCRIBE_STRUCT(PermissionView, (PermissionRow), (is_expired, person, room, granter))

struct Owner {
    UserId id;
    std::optional<std::string> name;
    std::optional<std::string> username;
};
BOOST_DESCRIBE_STRUCT(Owner, (), (id, name, username))

/// All who may read a document: its owner, anyone if it is public, and whom it is granted to.
struct PermissionList {
    Owner owner;
    bool is_public = false;
    std::vector<PermissionView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(PermissionList, (), (owner, is_public, items, next_cursor))

struct PageView {
    DocumentId document_id;
    int page = 0;
    std::string label;
    double width = 0;
    double height = 0;
    std::string text;
    json::Raw words;  ///< [[begin, end, x0, y0, x1, y1], …]: byte ranges of `text` and their boxes
};
BOOST_DESCRIBE_STRUCT(PageView, (), (document_id, page, label, width, height, text, words))

/// Which version something was made from.
struct UsedVersion {
    DocumentId document;
    int version = 1;
};

/// The bytes [begin, end) of a page's text.
struct TextPlace {
    DocumentId document;
    int page = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
};

using Boxes = std::vector<extraction::Box>;

/// What `access_pages` grants: to read what stands in the document.
struct PagesAccess {
    UserId owner;
    std::optional<std::chrono::milliseconds> ends_in{};  ///< none: until somebody changes it
};

/// What `access_document` grants.
struct Granted {
    Document document;
    Permission permission = Permission::read;
    Original original;
};

struct LibraryFilter {
    LibraryScope scope = LibraryScope::mine;
    /// A part of the title or of a tag, or words of the text as search engines take them (all of
    /// them, "a phrase", or, -without).
    std::optional<std::string> text;
    std::optional<std::string> tag;
    std::int64_t limit = 50;
    std::optional<std::string> cursor;
};

/// `document_not_found` (404), for whoever may not know of a document, too.
tl::unexpected<Error> document_not_found();

class Documents {
  public:
    Documents(postgres::Database& database, jobs::Queue& queue, rooms::Rooms& rooms,
              accounts::SubjectKeys& keys, const std::filesystem::path& data_dir,
              StorageLimits limits = {});

    /// The only way to a document: the asker owns it, holds an unexpired permission, is a present
    /// and unbanned participant of a room that holds one, or (reading) it is public.
    /// `document_not_found` (404) otherwise; `permission_too_low` (403) for who may read but not
    /// `least`.
    Result<Granted> access_document(const UserId& user, const DocumentId& document,
                                    Permission least = Permission::read);
    /// As `access_document` for `read`, for those who turn page after page: without the row, and
    /// believed for `redis::fact_age_max`, until a change of the document or of a room is
    /// announced, and never past the time at which a permission expires.
    Result<PagesAccess> access_pages(const UserId& user, const DocumentId& document);
    /// From now on `access_pages` remembers. Before the first request.
    void remember_access(redis::Invalidations& invalidations, Metrics& metrics);

    /// Takes the spooled file over and queues its ingestion. Durable when this returns a value.
    /// `file_empty`, `not_a_pdf`, `unsupported_file` by its content; `duplicate_document` and
    /// `quota_exceeded` as `Admission` has them; with `room_id` also `access_room`'s errors;
    /// `storage_unavailable` (503) when the disk refuses.
    Result<Document> upload(const UserId& user, const Upload& upload);
    /// What the asker may read at this moment, newest first.
    Result<http::Listing<FoundDocument>> list(const UserId& user, const LibraryFilter& filter);
    Result<http::Listing<Document>> list_room(const UserId& user, const RoomId& room,
                                              std::int64_t limit,
                                              const std::optional<std::string>& cursor);
    /// `quota_exceeded` (403) if a file of so many bytes would find no room now. Not exact.
    [[nodiscard]] Result<void> check_quota(const UserId& user, std::int64_t bytes) const {
        return admission_.check({user, user, "", bytes, true});
    }
    [[nodiscard]] Result<StorageUsage> usage(const UserId& user) const {
        return admission_.usage(user);
    }
    /// Needs `write`; `is_public` needs `admin`.
    Result<Document> change(const UserId& user, const DocumentId& document,
                            const DocumentChange& change);
    /// Needs `admin`. The row, its pages, chunks and permissions go at once, then its files.
    Result<void> remove(const UserId& user, const DocumentId& document);
    /// Puts another file in the place of the document's, whose pages, chunks and profile are gone
    /// when this returns a value: nothing of them answers any more. Id, title, permissions and
    /// highlights stay. The old file is kept until the new one has been read, so that a broken one
    /// takes nothing away. Needs `write`; otherwise the errors of `upload`.
    Result<Document> replace(const UserId& user, const DocumentId& document,
                             const http::Part& file);
    /// As `access_document`, with the file of this version: the one that stands, or, for who may
    /// write, the one before it while that is kept. `version_not_found`.
    Result<Granted> access_version(const UserId& user, const DocumentId& document, int version);
    /// `page_not_found` for a page that is not there, or not yet.
    Result<PageView> page(const UserId& user, const DocumentId& document, int page);
    /// The file as it was uploaded. `file_unreadable` (503).
    Result<std::shared_ptr<http::ByteSource>> open_original(const Granted& granted) const {
        return originals_.open(granted.original);
    }
    /// One more download of the whole file. A failure costs the count, not the download.
    void count_download(const DocumentId& document);
    /// The same for a program that wants a descriptor.
    Result<extraction::InputFile> unseal_original(const Granted& granted) const {
        return originals_.unseal(granted.original);
    }

    /// Needs `admin`, and being in the room it is shared with, which is told of it. Sharing again
    /// replaces the permission.
    Result<PermissionRow> share(const UserId& user, const Share& share);
    /// Needs `admin`.
    Result<PermissionList> permissions(const UserId& user, const DocumentId& document);
    /// Needs `admin`, or the permission is the asker's own. `permission_not_found`.
    Result<void> unshare(const UserId& user, const DocumentId& document,
                         const std::optional<RoomId>& room, const std::optional<UserId>& person);

    /// Those that the user may read, as `access_document` has it, in one round trip.
    Result<std::set<DocumentId>> list_readable(const UserId& user,
                                               const std::set<DocumentId>& documents);
    /// `document_not_found` unless the user may read them all.
    Result<void> check_readable(const UserId& user, const std::set<DocumentId>& documents);
    /// The boxes of each place, all in versions used, in one round trip. `document_not_found`
    /// unless the user may read all of these, `document_replaced` (409) if one stands no more.
    Result<std::vector<Boxes>> locate(const UserId& user, const std::vector<TextPlace>& places,
                                      const std::vector<UsedVersion>& used);

    /// Removes files older than an hour that no row knows: uploads that died between the file and
    /// the row, or deletions that died between the row and the file. The number removed.
    Result<std::size_t> sweep_orphans();

  private:
    Result<PagesAccess> find_pages_access(const UserId& user, const DocumentId& document);
    /// After a commit that changed who may do what with it: every node asks anew.
    void announce_change(const DocumentId& document);

    postgres::Database& database_;
    jobs::Queue& queue_;
    rooms::Rooms& rooms_;
    accounts::SubjectKeys& keys_;
    const Originals originals_;
    const Admission admission_;
    redis::Invalidations* invalidations_ = nullptr;
    std::unique_ptr<redis::FactCache<PagesAccess>> pages_access_;
};

}  // namespace stoa::documents
