// SPDX-License-Identifier: Apache-2.0
#include "documents/documents.hpp"
#include "documents/events.hpp"
#include "documents/file_name.hpp"
#include "documents/ingestion.hpp"
#include "documents/sql.hpp"
#include "extraction/extractor.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

namespace stoa::documents {

namespace {

std::string title_of(const std::string& file_name) {
    const auto stem = std::filesystem::path(file_name).stem().string();
    return stem.empty() ? file_name : stem;
}

}  // namespace

Result<Document> Documents::upload(const UserId& user, const Upload& upload) {
    const auto spooled = extraction::InputFile::adopt(upload.file.file->duplicate());
    if (!spooled) return fail(spooled);
    auto format = extraction::detect_format(*spooled, upload.file.file_name);
    if (!format) return fail(format);
    if (upload.room_id) {
        if (auto member = rooms_.access_room(user, *upload.room_id); !member) return fail(member);
    }
    const auto id = upload.id.value_or(DocumentId::make());
    const auto file_name = shown_name(upload.file.file_name);
    const auto title = upload.title ? upload.title->value : title_of(file_name);
    const Original original{RowId::make(), user};
    const NewFile file{user, user, upload.file.file_sha256_hex,
                       static_cast<std::int64_t>(upload.file.file_bytes), upload.allow_duplicate};
    if (auto admitted = admission_.check(file); !admitted) return fail(admitted);
    if (auto kept = originals_.keep(original, *upload.file.file); !kept) return fail(kept);

    const auto job = ingestion_job(id, 1);
    std::optional<JobId> job_id;
    std::optional<rooms::Event> event;
    auto document = database_.transact([&](postgres::Session& session) -> Result<Document> {
        event.reset();
        if (auto admitted = admission_.admit(session, file); !admitted) return fail(admitted);
        auto inserted =
            session.run(sql::insert_document, id, user, title, file_name,
                        upload.file.file_sha256_hex, extraction::info_of(*format).mime_type,
                        static_cast<std::int64_t>(upload.file.file_bytes), original.file.str(),
                        upload.room_id, upload.is_public, json::Raw{json::to_text(upload.tags)});
        if (!inserted) return fail(inserted);
        auto row = session.one<Document>(sql::get_document, id);
        if (!row) return fail(row);
        if (upload.room_id) {
            auto granted = session.run(sql::grant_to_room, RowId::make(), id, *upload.room_id,
                                       Permission::read, user, std::optional<Time>());
            if (!granted) return fail(granted);
            auto appended = append_shared(session, *upload.room_id, *row, user, Permission::read);
            if (!appended) return fail(appended);
            event = std::move(*appended);
        }
        auto queued = queue_.enqueue(session, job);
        if (!queued) return fail(queued);
        job_id = *queued;
        return row;
    });
    if (!document) {
        // After a commit of unknown outcome the file must stay: the row may be there.
        if (document.error().code != "commit_unknown") originals_.remove(original.file);
        return document;
    }
    queue_.announce(*job_id, job);
    if (event) rooms_.events().publish(*event);
    return document;
}

Result<std::size_t> Documents::sweep_orphans() {
    std::size_t removed = 0;
    auto swept = originals_.for_each_old([&](const std::vector<RowId>& files) -> Result<void> {
        const auto known = database_.list<RowId>(sql::list_known, files);
        if (!known) return fail(known);
        for (const auto& file : files) {
            if (std::find(known->begin(), known->end(), file) != known->end()) continue;
            if (originals_.remove(file)) ++removed;
        }
        return {};
    });
    if (!swept) return fail(swept);
    return removed;
}

}  // namespace stoa::documents
