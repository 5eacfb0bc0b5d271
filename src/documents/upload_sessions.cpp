// SPDX-License-Identifier: Apache-2.0
#include "documents/upload_sessions.hpp"

#include "crypto/hash.hpp"
#include "documents/file_name.hpp"
#include "documents/sql.hpp"
#include "documents/upload_form.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace stoa::documents {

namespace {

constexpr double lifetime_seconds = 24 * 3600;
constexpr double lifetime_seconds_max = 7 * 24 * 3600;

tl::unexpected<Error> upload_not_found() {
    return fail(ErrorKind::not_found, "upload_not_found",
                "There is no such upload, or it has expired.");
}

std::string offset_message(std::int64_t offset_bytes) {
    return "The upload goes on at offset " + std::to_string(offset_bytes) + ".";
}

/// The parts of the same upload as a form.
std::vector<http::Part> parts_of(const std::vector<MetadataField>& metadata, http::Part file) {
    std::vector<http::Part> parts;
    for (const auto& [name, value] : metadata) {
        if (name == "filename" || name == "filetype") continue;
        auto& part = parts.emplace_back();
        part.name = name;
        part.value = value;
    }
    file.name = "file";
    parts.push_back(std::move(file));
    return parts;
}

/// `validation_failed` unless there is one.
Result<std::string> find_file_name(const std::vector<MetadataField>& metadata) {
    const auto is_file_name = [](const MetadataField& field) { return field.name == "filename"; };
    if (std::ranges::count_if(metadata, is_file_name) == 1) {
        return std::ranges::find_if(metadata, is_file_name)->value;
    }
    return tl::unexpected<Error>(
        Error{ErrorKind::invalid,
              "validation_failed",
              "The header Upload-Metadata has wrong values.",
              {{{"header", "upload-metadata", "filename"}, "Give it once", "metadata"}},
              {}});
}

}  // namespace

struct UploadSessions::Row {
    UploadId id;
    std::int64_t length_bytes = 0;
    std::int64_t offset_bytes = 0;
    std::int32_t piece_count = 0;
    std::string file_name;
    json::Raw fields;
    DocumentId document_id;
    bool is_finished = false;
    Time created_at;
    Time expires_at;
    BOOST_DESCRIBE_CLASS(Row, (),
                         (id, length_bytes, offset_bytes, piece_count, file_name, fields,
                          document_id, is_finished, created_at, expires_at),
                         (), ())

    [[nodiscard]] UploadSession session() const {
        return {id,
                file_name,
                length_bytes,
                offset_bytes,
                is_finished ? std::optional(document_id) : std::nullopt,
                created_at,
                expires_at};
    }
};

UploadSessions::UploadSessions(postgres::Database& database, Documents& documents,
                               accounts::SubjectKeys& keys, const std::filesystem::path& data_dir,
                               std::uint64_t upload_bytes_max)
    : database_(database),
      documents_(documents),
      directory_(data_dir / "uploads"),
      upload_bytes_max_(upload_bytes_max),
      pieces_(data_dir, keys, "uploads") {}

Result<UploadSession> UploadSessions::create(const UserId& user, std::int64_t length_bytes,
                                             const std::vector<MetadataField>& metadata) {
    const auto sent_name = find_file_name(metadata);
    if (!sent_name) return fail(sent_name);
    if (length_bytes == 0) return fail(ErrorKind::invalid, "file_empty", "The file is empty.");
    if (static_cast<std::uint64_t>(length_bytes) > upload_bytes_max_) {
        return fail(ErrorKind::too_large, "file_too_large",
                    "A file should have at most " + std::to_string(upload_bytes_max_) + " bytes.");
    }
    // Told now, and not once all of it has come.
    if (auto room = documents_.check_quota(user, length_bytes); !room) return fail(room);
    auto nothing = UnnamedFile::make(directory_);
    if (!nothing) return fail(nothing);
    http::Part file;
    file.file = std::make_shared<UnnamedFile>(std::move(*nothing));
    if (auto form = read_upload_form(parts_of(metadata, std::move(file))); !form) return fail(form);

    const auto id = UploadId::make();
    auto made = database_.transact([&](postgres::Session& session) -> Result<void> {
        if (auto locked = session.run(sql::lock_uploader, user); !locked) return fail(locked);
        const auto open = session.one<std::int64_t>(sql::count_open_uploads, user);
        if (!open) return fail(open);
        if (*open >= open_max) {
            return fail(ErrorKind::conflict, "too_many_uploads",
                        "You have " + std::to_string(*open) +
                            " unfinished uploads; finish one of them or delete it.");
        }
        auto inserted =
            session.run(sql::insert_upload, id, user, length_bytes, shown_name(*sent_name),
                        json::Raw{json::to_text(metadata)}, DocumentId::make(), lifetime_seconds);
        if (!inserted) return fail(inserted);
        return {};
    });
    if (!made) return fail(made);
    return find(user, id);
}

Result<UploadSessions::Row> UploadSessions::find_row(const UserId& user, const UploadId& upload) {
    auto found = database_.find<Row>(sql::find_upload, upload, user);
    if (!found) return fail(found);
    if (!*found) return upload_not_found();
    return std::move(**found);
}

Result<UploadSession> UploadSessions::find(const UserId& user, const UploadId& upload) {
    const auto row = find_row(user, upload);
    if (!row) return fail(row);
    return row->session();
}

Result<http::Listing<UploadSession>> UploadSessions::list(const UserId& user) {
    const auto rows = database_.list<Row>(sql::list_uploads, user);
    if (!rows) return fail(rows);
    http::Listing<UploadSession> listing;
    for (const auto& row : *rows) listing.items.push_back(row.session());
    return listing;
}

Result<UploadSession> UploadSessions::append(const UserId& user, const UploadId& upload,
                                             std::int64_t offset_bytes, const UnnamedFile& piece) {
    const Original original{RowId::make(), user};
    if (auto kept = pieces_.keep(original, piece); !kept) return fail(kept);
    const auto piece_bytes = static_cast<std::int64_t>(piece.size());
    const auto appended =
        database_.run(sql::append_piece, upload, offset_bytes, original.file, piece_bytes,
                      lifetime_seconds, lifetime_seconds_max, pieces_max, user);
    if (appended && appended->affected() == 1) return find(user, upload);
    // After a commit of unknown outcome the file must stay: the row may be there.
    if (!appended && appended.error().code == "commit_unknown") return fail(appended);
    pieces_.remove(original.file);
    if (!appended) return fail(appended);
    return refuse(user, upload, offset_bytes, piece_bytes);
}

/// Why a piece was not taken.
Result<UploadSession> UploadSessions::refuse(const UserId& user, const UploadId& upload,
                                             std::int64_t offset_bytes, std::int64_t piece_bytes) {
    const auto row = find_row(user, upload);
    if (!row) return fail(row);
    if (row->offset_bytes != offset_bytes || row->is_finished) {
        return fail(ErrorKind::conflict, "upload_offset_mismatch",
                    offset_message(row->offset_bytes));
    }
    if (offset_bytes + piece_bytes > row->length_bytes) {
        return fail(ErrorKind::too_large, "upload_too_long",
                    "The upload was announced with " + std::to_string(row->length_bytes) +
                        " bytes; these are more.");
    }
    return fail(ErrorKind::too_large, "too_many_pieces",
                "The upload came in " + std::to_string(row->piece_count) +
                    " pieces already; begin anew and send larger ones.");
}

/// The upload as a form would have brought it.
Result<Upload> UploadSessions::assemble(const UserId& user, const Row& row) {
    const auto pieces = database_.list<RowId>(sql::list_pieces, row.id);
    if (!pieces) return fail(pieces);
    auto whole = UnnamedFile::make(directory_);
    if (!whole) return fail(whole);
    crypto::Sha256 hash;
    for (const auto& piece : *pieces) {
        const auto source = pieces_.open({piece, user});
        if (!source) return fail(source);
        for (std::uint64_t offset = 0; offset < (*source)->size();) {
            const auto bytes = (*source)->read(offset);
            if (!bytes) return fail(bytes);
            hash.update(*bytes);
            offset += bytes->size();
            if (auto appended = whole->append(*bytes); !appended) return fail(appended);
        }
    }
    const auto fields = json::read<std::vector<MetadataField>>(row.fields.text);
    if (!fields) return fail(fields);
    http::Part file;
    file.file_name = row.file_name;
    file.file_bytes = whole->size();
    file.file_sha256_hex = crypto::to_hex(crypto::view(hash.finish()));
    file.file = std::make_shared<UnnamedFile>(std::move(*whole));
    auto upload = read_upload_form(parts_of(*fields, std::move(file)));
    if (upload) upload->id = row.document_id;
    return upload;
}

/// Lets the pieces go; the upload itself is remembered if it was finished.
Result<void> UploadSessions::end(const UserId& user, const UploadId& upload, bool is_finished) {
    std::vector<RowId> files;
    auto ended = database_.transact([&](postgres::Session& session) -> Result<void> {
        const auto locked = session.find<UploadId>(sql::lock_upload, upload, user);
        if (!locked) return fail(locked);
        if (!*locked) return upload_not_found();
        auto taken = session.list<RowId>(sql::take_pieces, upload);
        if (!taken) return fail(taken);
        files = std::move(*taken);
        const auto& query = is_finished ? sql::finish_upload : sql::delete_upload;
        if (auto done = session.run(query, upload); !done) return fail(done);
        return {};
    });
    if (!ended) return ended;
    for (const auto& file : files) pieces_.remove(file);
    return {};
}

Result<Document> UploadSessions::finish(const UserId& user, const UploadId& upload) {
    const auto row = find_row(user, upload);
    if (!row) return fail(row);
    if (row->offset_bytes < row->length_bytes) {
        return fail(ErrorKind::conflict, "upload_incomplete", offset_message(row->offset_bytes));
    }
    auto document = find_document(user, row->document_id);
    if (row->is_finished || (!document && document.error().kind != ErrorKind::not_found)) {
        return document;
    }
    if (!document) {
        auto form = assemble(user, *row);
        document = form ? documents_.upload(user, *form) : Result<Document>(fail(form));
        // Another request may have finished it meanwhile, and have let the pieces go.
        if (!document) {
            if (auto made = find_document(user, row->document_id)) document = std::move(made);
        }
        if (!document) return document;
    }
    // If this fails, the next who asks comes here again.
    if (auto ended = end(user, upload, true); !ended) return fail(ended);
    return document;
}

Result<Document> UploadSessions::find_document(const UserId& user, const DocumentId& document) {
    auto granted = documents_.access_document(user, document);
    if (!granted) return fail(granted);
    return std::move(granted->document);
}

Result<void> UploadSessions::remove(const UserId& user, const UploadId& upload) {
    return end(user, upload, false);
}

Result<std::uint64_t> UploadSessions::remove_expired() {
    const auto deleted = database_.run(sql::delete_expired_uploads);
    if (!deleted) return fail(deleted);
    auto swept = pieces_.for_each_old([&](const std::vector<RowId>& files) -> Result<void> {
        const auto known = database_.list<RowId>(sql::list_known_pieces, files);
        if (!known) return fail(known);
        for (const auto& file : files) {
            if (std::ranges::find(*known, file) == known->end()) pieces_.remove(file);
        }
        return {};
    });
    if (!swept) return fail(swept);
    return deleted->affected();
}

}  // namespace stoa::documents
