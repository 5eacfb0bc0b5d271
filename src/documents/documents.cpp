// SPDX-License-Identifier: Apache-2.0
#include "documents/documents.hpp"

#include "accounts/audit.hpp"
#include "base/log.hpp"
#include "documents/library_pages.hpp"
#include "documents/sealed_places.hpp"
#include "documents/sql.hpp"

#include <utility>

namespace stoa::documents {

namespace {

struct RankedDocument : Document {
    RowId file;
    std::int64_t rank = 0;
};
BOOST_DESCRIBE_STRUCT(RankedDocument, (Document), (file, rank))

struct PagesAccessRow {
    UserId owner;
    std::optional<std::int64_t> milliseconds_left;
};
BOOST_DESCRIBE_STRUCT(PagesAccessRow, (), (owner, milliseconds_left))

struct PageRow {
    DocumentId document_id;
    int page = 0;
    std::string label;
    double width = 0;
    double height = 0;
    postgres::Bytes sealed_text;
    postgres::Bytes sealed_words;
};
BOOST_DESCRIBE_STRUCT(PageRow, (),
                      (document_id, page, label, width, height, sealed_text, sealed_words))

}  // namespace

tl::unexpected<Error> document_not_found() {
    return fail(ErrorKind::not_found, "document_not_found", "There is no such document.");
}

Documents::Documents(postgres::Database& database, jobs::Queue& queue, rooms::Rooms& rooms,
                     accounts::SubjectKeys& keys, const std::filesystem::path& data_dir,
                     StorageLimits limits)
    : database_(database),
      queue_(queue),
      rooms_(rooms),
      keys_(keys),
      originals_(data_dir, keys),
      admission_(database, limits) {}

Result<Granted> Documents::access_document(const UserId& user, const DocumentId& document,
                                           Permission least) {
    auto found = database_.find<RankedDocument>(sql::access_document, user, document);
    if (!found) return fail(found);
    if (!*found || (*found)->rank < 1) return document_not_found();
    const auto permission = static_cast<Permission>((*found)->rank - 1);
    if (permission < least) {
        return fail(ErrorKind::forbidden, "permission_too_low",
                    "This needs the permission \"" + std::string(json::enum_name(least)) +
                        "\" on the document; you have \"" +
                        std::string(json::enum_name(permission)) + "\".");
    }
    const Original original{(*found)->file, (*found)->owner_id};
    return Granted{std::move(**found), permission, original};
}

void Documents::remember_access(redis::Invalidations& invalidations, Metrics& metrics) {
    constexpr std::size_t facts_max = 50'000;  // of some 200 bytes
    invalidations_ = &invalidations;
    pages_access_ = std::make_unique<redis::FactCache<PagesAccess>>(
        "document_access", facts_max, invalidations, metrics, std::chrono::steady_clock::now,
        "room:");
}

void Documents::announce_change(const DocumentId& document) {
    if (invalidations_ != nullptr) invalidations_->announce("document:" + document.str());
}

Result<PagesAccess> Documents::access_pages(const UserId& user, const DocumentId& document) {
    const auto find = [&] { return find_pages_access(user, document); };
    if (!pages_access_) return find();
    return pages_access_->get("document:" + document.str(), user.str(), find);
}

Result<PagesAccess> Documents::find_pages_access(const UserId& user, const DocumentId& document) {
    const auto found = database_.find<PagesAccessRow>(sql::access_pages, user, document);
    if (!found) return fail(found);
    if (!*found) return document_not_found();
    PagesAccess access{(*found)->owner};
    if (const auto left = (*found)->milliseconds_left) {
        access.ends_in = std::chrono::milliseconds(*left);
    }
    return access;
}

Result<http::Listing<Document>> Documents::list_room(const UserId& user, const RoomId& room,
                                                     std::int64_t limit,
                                                     const std::optional<std::string>& cursor) {
    if (auto member = rooms_.access_room(user, room); !member) return fail(member);
    const auto before = read_cursor(cursor);
    if (!before) return fail(before);
    auto rows = database_.list<Document>(sql::list_room, room, *before, limit + 1);
    if (!rows) return fail(rows);
    return page_of(std::move(*rows), limit);
}

Result<Document> Documents::change(const UserId& user, const DocumentId& document,
                                   const DocumentChange& change) {
    const auto least = change.is_public ? Permission::admin : Permission::write;
    if (auto granted = access_document(user, document, least); !granted) return fail(granted);
    std::optional<json::Raw> tags;
    if (change.tags) tags = json::Raw{json::to_text(*change.tags)};
    auto changed = database_.transact([&](postgres::Session& session) -> Result<Document> {
        auto updated =
            session.run(sql::update_document, document, change.title, tags, change.is_public);
        if (!updated) return fail(updated);
        if (change.is_public) {
            auto recorded = accounts::record(
                session, {.action = *change.is_public ? accounts::AuditAction::document_published
                                                      : accounts::AuditAction::document_unpublished,
                          .actor = user,
                          .subject = document.str()});
            if (!recorded) return fail(recorded);
        }
        auto now = session.find<Document>(sql::get_document, document);
        if (!now) return fail(now);
        if (!*now) return document_not_found();
        return std::move(**now);
    });
    if (changed && change.is_public) announce_change(document);
    return changed;
}

Result<void> Documents::remove(const UserId& user, const DocumentId& document) {
    const auto granted = access_document(user, document, Permission::admin);
    if (!granted) return fail(granted);
    std::vector<RowId> files;
    auto deleted = database_.transact([&](postgres::Session& session) -> Result<void> {
        if (auto locked = session.run(sql::lock_document, document); !locked) return fail(locked);
        auto listed = session.list<RowId>(sql::list_files, document);
        if (!listed) return fail(listed);
        files = std::move(*listed);
        if (auto gone = session.run(sql::delete_document, document); !gone) return fail(gone);
        return accounts::record(session, {.action = accounts::AuditAction::document_deleted,
                                          .actor = user,
                                          .subject = document.str()});
    });
    if (!deleted) return deleted;
    announce_change(document);
    for (const auto& file : files) originals_.remove(file);
    return {};
}

void Documents::count_download(const DocumentId& document) {
    const auto counted = database_.run(sql::count_download, document);
    if (counted) return;
    log::warning("a download was not counted", {{"stoa.document.id", document.str()},
                                                {"error.code", std::string(counted.error().code)}});
}

Result<PageView> Documents::page(const UserId& user, const DocumentId& document, int page) {
    const auto access = access_pages(user, document);
    if (!access) return fail(access);
    auto found = database_.find<PageRow>(sql::find_page, document, page);
    if (!found) return fail(found);
    if (!*found) {
        return fail(ErrorKind::not_found, "page_not_found",
                    "The document has no such page, or it has not been read yet.");
    }
    auto& row = **found;
    const auto key = keys_.key_of(access->owner);
    if (!key) return fail(key);
    auto text = key->open(row.sealed_text, page_text_place(document, page));
    if (!text) return fail(text);
    auto words = key->open(row.sealed_words, page_words_place(document, page));
    if (!words) return fail(words);
    return PageView{document,
                    page,
                    std::move(row.label),
                    row.width,
                    row.height,
                    std::move(*text),
                    json::Raw{std::move(*words)}};
}

}  // namespace stoa::documents
