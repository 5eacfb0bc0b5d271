// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"
#include "base/text.hpp"
#include "documents/documents.hpp"
#include "documents/events.hpp"
#include "documents/ingestion.hpp"
#include "documents/sql.hpp"
#include "extraction/extractor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace stoa::documents {

namespace {

namespace fs = std::filesystem;

/// fsync of a file or a directory.
bool sync_to_disk(const fs::path& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
    if (fd < 0) return false;
    const bool synced = ::fsync(fd) == 0;
    ::close(fd);
    return synced;
}

/// What the file is called, for people: the last part of the name that was sent, without control
/// characters.
std::string shown_name(std::string_view sent) {
    sent.remove_prefix(sent.find_last_of("/\\") + 1);
    std::string name;
    for (const char c : cut_utf8(sent, 255)) {
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) name.push_back(c);
    }
    return name.empty() || !is_utf8(name) ? "document" : name;
}

std::string title_of(const std::string& file_name) {
    const auto stem = fs::path(file_name).stem().string();
    return stem.empty() ? file_name : stem;
}

}  // namespace

Result<void> Documents::keep_file(const http::Part& part, const DocumentId& document) const {
    std::error_code error;
    fs::create_directories(directory_, error);
    if (!error && sync_to_disk(part.file, O_RDONLY)) {
        fs::rename(part.file, file_of(document), error);
        if (!error && sync_to_disk(directory_, O_RDONLY | O_DIRECTORY)) return {};
    }
    const auto reason = error ? error : std::error_code(errno, std::generic_category());
    log::error("an uploaded file cannot be kept", {{"error.message", reason.message()}});
    return unavailable("storage_unavailable",
                       "The file could not be stored; the server's disk may be full.",
                       std::chrono::seconds(30));
}

Result<Document> Documents::upload(const UserId& user, const Upload& upload) {
    auto format = extraction::detect_format(upload.file.file, upload.file.file_name);
    if (!format) return fail(format);
    if (upload.room_id) {
        if (auto member = rooms_.access_room(user, *upload.room_id); !member) return fail(member);
    }
    const auto id = DocumentId::make();
    const auto file_name = shown_name(upload.file.file_name);
    const auto title = upload.title ? upload.title->value : title_of(file_name);
    if (auto kept = keep_file(upload.file, id); !kept) return fail(kept);

    const auto job = ingestion_job(id);
    std::optional<JobId> job_id;
    std::optional<rooms::Event> event;
    auto document = database_.transact([&](postgres::Session& session) -> Result<Document> {
        event.reset();
        auto inserted =
            session.run(sql::insert_document, id, user, title, file_name,
                        upload.file.file_sha256_hex, extraction::info_of(*format).mime_type,
                        static_cast<std::int64_t>(upload.file.file_bytes), id.str(), upload.room_id,
                        upload.is_public, json::Raw{json::to_text(upload.tags)});
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
        std::error_code ignored;
        if (document.error().code != "commit_unknown") fs::remove(file_of(id), ignored);
        return document;
    }
    queue_.announce(*job_id, job);
    if (event) rooms_.events().publish(*event);
    return document;
}

Result<std::size_t> Documents::sweep_orphans() {
    constexpr std::size_t batch_max = 500;
    const auto oldest = fs::file_time_type::clock::now() - std::chrono::hours(1);
    std::vector<DocumentId> candidates;
    std::size_t removed = 0;
    const auto sweep = [&]() -> Result<void> {
        auto known = database_.list<DocumentId>(sql::list_known, candidates);
        if (!known) return fail(known);
        for (const auto& id : candidates) {
            if (std::find(known->begin(), known->end(), id) != known->end()) continue;
            std::error_code error;
            if (fs::remove(file_of(id), error)) ++removed;
        }
        candidates.clear();
        return {};
    };
    std::error_code error;
    for (fs::directory_iterator entry(directory_, error), end; !error && entry != end;
         entry.increment(error)) {
        const auto id = DocumentId::parse(entry->path().filename().string());
        std::error_code unreadable;
        const auto written = entry->last_write_time(unreadable);
        if (!id || unreadable || written > oldest) continue;
        candidates.push_back(*id);
        if (candidates.size() < batch_max) continue;
        if (auto swept = sweep(); !swept) return fail(swept);
    }
    if (auto swept = sweep(); !swept) return fail(swept);
    return removed;
}

}  // namespace stoa::documents
