// SPDX-License-Identifier: Apache-2.0
#include "documents/admission.hpp"

#include "documents/sql.hpp"

#include <utility>

namespace stoa::documents {
namespace {

struct Stored {
    std::int64_t documents = 0;
    std::int64_t bytes = 0;
    std::optional<DocumentId> same_id;
    std::optional<std::string> same_title;
    std::optional<std::string> same_status;
};
BOOST_DESCRIBE_STRUCT(Stored, (), (documents, bytes, same_id, same_title, same_status))

/// The member `document` of a problem.
struct Existing {
    DocumentId id;
    std::string title;
    std::string status;
};
BOOST_DESCRIBE_STRUCT(Existing, (), (id, title, status))
struct Duplicate {
    Existing document;
};
BOOST_DESCRIBE_STRUCT(Duplicate, (), (document))
struct Exceeded {
    StorageUsage usage;
};
BOOST_DESCRIBE_STRUCT(Exceeded, (), (usage))

std::optional<std::int64_t> limit_of(std::int64_t max) {
    return max > 0 ? std::optional(max) : std::nullopt;
}

StorageUsage usage_of(const Stored& stored, const StorageLimits& limits) {
    return {stored.documents, limit_of(limits.documents_max), stored.bytes,
            limit_of(limits.bytes_max)};
}

tl::unexpected<Error> quota_exceeded(const StorageUsage& usage, std::string message) {
    return tl::unexpected<Error>(Error{ErrorKind::forbidden,
                                       "quota_exceeded",
                                       std::move(message) + " Delete what you no longer need.",
                                       {},
                                       {},
                                       json::to_text(Exceeded{usage})});
}

tl::unexpected<Error> owner_has_no_room() {
    return fail(ErrorKind::forbidden, "quota_exceeded",
                "The document's owner may not store a file as large as this one.");
}

Result<void> check_stored(const Stored& stored, const StorageLimits& limits, const NewFile& file) {
    if (stored.same_id && !file.allow_duplicate) {
        const Existing same{*stored.same_id, *stored.same_title, *stored.same_status};
        return tl::unexpected<Error>(
            Error{ErrorKind::conflict,
                  "duplicate_document",
                  "You have this file already, as \"" + same.title +
                      "\"; use that document, or send allow_duplicate=true to store it once more.",
                  {},
                  {},
                  json::to_text(Duplicate{same})});
    }
    const auto usage = usage_of(stored, limits);
    if (usage.documents_max && usage.documents >= *usage.documents_max) {
        return quota_exceeded(
            usage, "You have stored " + std::to_string(usage.documents) + " documents of the " +
                       std::to_string(*usage.documents_max) + " that you may store.");
    }
    if (usage.bytes_max && file.bytes > *usage.bytes_max - usage.bytes) {
        if (file.by != file.owner) return owner_has_no_room();
        return quota_exceeded(usage, "This file has " + std::to_string(file.bytes) +
                                         " bytes; you have stored " + std::to_string(usage.bytes) +
                                         " of the " + std::to_string(*usage.bytes_max) +
                                         " that you may store.");
    }
    return {};
}

}  // namespace

Result<StorageUsage> Admission::usage(const UserId& owner) const {
    const auto stored =
        database_.one<Stored>(sql::find_stored, owner, "", std::optional<DocumentId>());
    if (!stored) return fail(stored);
    return usage_of(*stored, limits_);
}

Result<void> Admission::check(const NewFile& file) const {
    const auto stored =
        database_.one<Stored>(sql::find_stored, file.owner, file.sha256, file.replaces);
    if (!stored) return fail(stored);
    return check_stored(*stored, limits_, file);
}

Result<void> Admission::admit(postgres::Session& session, const NewFile& file) const {
    // A statement of its own: the one that counts must see what the last holder committed.
    session.defer(sql::lock_owner, file.owner);
    const auto stored =
        session.one<Stored>(sql::find_stored, file.owner, file.sha256, file.replaces);
    if (!stored) return fail(stored);
    return check_stored(*stored, limits_, file);
}

}  // namespace stoa::documents
