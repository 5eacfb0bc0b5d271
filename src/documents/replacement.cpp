// SPDX-License-Identifier: Apache-2.0
// A document's file in versions: one stands, and the one before it is kept until that can be read.
#include "accounts/audit.hpp"
#include "documents/documents.hpp"
#include "documents/events.hpp"
#include "documents/file_name.hpp"
#include "documents/ingestion.hpp"
#include "documents/sql.hpp"
#include "extraction/extractor.hpp"

#include <optional>
#include <utility>

namespace stoa::documents {

namespace {

struct ReplacedFile {
    RowId file;
    std::string file_name;
    std::string mime_type;
};
BOOST_DESCRIBE_STRUCT(ReplacedFile, (), (file, file_name, mime_type))

/// The file that a replacement leaves without use; nothing where the old one stays at hand.
using Needless = std::optional<RowId>;

/// What of the old version goes, in the transaction that brings the new one.
Result<Needless> retire(postgres::Session& session, const DocumentId& document) {
    const auto standing = session.find<RowId>(sql::lock_document, document);
    if (!standing) return fail(standing);
    if (!*standing) return document_not_found();
    const auto kept = session.run(sql::keep_replaced_file, document);
    if (!kept) return fail(kept);
    for (const auto& query : {sql::delete_chunks, sql::delete_pages}) {
        if (auto deleted = session.run(query, document); !deleted) return fail(deleted);
    }
    return kept->affected() == 0 ? *standing : Needless();
}

}  // namespace

Result<Document> Documents::replace(const UserId& user, const DocumentId& document,
                                    const http::Part& file) {
    const auto granted = access_document(user, document, Permission::write);
    if (!granted) return fail(granted);
    const auto spooled = extraction::InputFile::adopt(file.file->duplicate());
    if (!spooled) return fail(spooled);
    const auto format = extraction::detect_format(*spooled, file.file_name);
    if (!format) return fail(format);
    const Original original{RowId::make(), granted->original.owner};
    const NewFile stored{
        original.owner, user,    file.file_sha256_hex, static_cast<std::int64_t>(file.file_bytes),
        true,           document};
    if (auto admitted = admission_.check(stored); !admitted) return fail(admitted);
    if (auto kept = originals_.keep(original, *file.file); !kept) return fail(kept);

    Needless needless;
    std::vector<rooms::Event> events;
    jobs::NewJob job;
    std::optional<JobId> job_id;
    auto replaced = database_.transact([&](postgres::Session& session) -> Result<Document> {
        if (auto admitted = admission_.admit(session, stored); !admitted) return fail(admitted);
        auto retired = retire(session, document);
        if (!retired) return fail(retired);
        needless = *retired;
        auto updated = session.run(sql::replace_file, document, original.file.str(),
                                   shown_name(file.file_name), file.file_sha256_hex,
                                   extraction::info_of(*format).mime_type,
                                   static_cast<std::int64_t>(file.file_bytes));
        if (!updated) return fail(updated);
        auto row = session.one<Document>(sql::get_document, document);
        if (!row) return fail(row);
        job = ingestion_job(document, row->version);
        auto queued = queue_.enqueue(session, job);
        if (!queued) return fail(queued);
        job_id = *queued;
        auto appended = append_status(session, document);
        if (!appended) return fail(appended);
        events = std::move(*appended);
        auto recorded =
            accounts::record(session, {.action = accounts::AuditAction::document_replaced,
                                       .actor = user,
                                       .subject = document.str()});
        if (!recorded) return fail(recorded);
        return row;
    });
    if (!replaced) {
        // After a commit of unknown outcome both files must stay: either may be the document's.
        if (replaced.error().code != "commit_unknown") originals_.remove(original.file);
        return replaced;
    }
    if (needless) originals_.remove(*needless);
    queue_.announce(*job_id, job);
    for (const auto& event : events) rooms_.events().publish(event);
    return replaced;
}

Result<Granted> Documents::access_version(const UserId& user, const DocumentId& document,
                                          int version) {
    auto granted = access_document(user, document);
    if (!granted || granted->document.version == version) return granted;
    granted = access_document(user, document, Permission::write);
    if (!granted) return granted;
    auto found = database_.find<ReplacedFile>(sql::find_replaced_file, document, version);
    if (!found) return fail(found);
    if (!*found) {
        return fail(ErrorKind::not_found, "version_not_found",
                    "There is no such version of the document, or its file is kept no more.");
    }
    granted->document.version = version;
    granted->document.file_name = std::move((*found)->file_name);
    granted->document.mime_type = std::move((*found)->mime_type);
    granted->original.file = (*found)->file;
    return granted;
}

}  // namespace stoa::documents
