// SPDX-License-Identifier: Apache-2.0
#include "documents/documents.hpp"

#include "documents/library_fixture.hpp"

#include <fstream>

namespace stoa::documents {
namespace {

using DocumentsTest = LibraryTest;

TEST_F(DocumentsTest, Only_who_was_granted_a_document_gets_it) {
    const auto owner = new_user(), member = new_user(), stranger = new_user(), guest = new_user();
    const auto room = new_room(owner);
    ASSERT_TRUE(rooms.join(member, room, std::nullopt));
    const auto id = upload(owner, "Some text that is short.", room);
    const auto code = [&](const UserId& user, Permission least = Permission::read) {
        const auto granted = documents.access_document(user, id, least);
        return granted ? std::string("ok") : std::string(granted.error().code);
    };
    EXPECT_EQ(code(owner, Permission::admin), "ok");
    EXPECT_EQ(code(member), "ok");
    EXPECT_EQ(code(member, Permission::write), "permission_too_low");
    EXPECT_EQ(code(stranger), "document_not_found");
    EXPECT_EQ(documents.access_document(owner, DocumentId::make()).error().code,
              "document_not_found");

    ASSERT_TRUE(documents.share(owner, {id, std::nullopt, guest, Permission::write, {}}));
    EXPECT_EQ(code(guest, Permission::write), "ok");
    EXPECT_EQ(code(guest, Permission::admin), "permission_too_low");
    ASSERT_TRUE(documents.unshare(guest, id, std::nullopt, guest));
    EXPECT_EQ(code(guest), "document_not_found");

    ASSERT_TRUE(rooms.leave(member, room));
    EXPECT_EQ(code(member), "document_not_found");
    ASSERT_TRUE(rooms.join(member, room, std::nullopt));
    ASSERT_TRUE(rooms.update_participant(owner, room, member, {std::nullopt, true}));
    EXPECT_EQ(code(member), "document_not_found");

    DocumentChange publish;
    publish.is_public = true;
    ASSERT_TRUE(documents.change(owner, id, publish));
    EXPECT_EQ(code(stranger), "ok");
    EXPECT_EQ(code(stranger, Permission::write), "permission_too_low");
}

TEST_F(DocumentsTest, A_share_ends_when_it_expires) {
    const auto owner = new_user(), reader = new_user();
    const auto id = upload_and_ingest(owner, "The moon is far away from here.");
    const auto past = now() - std::chrono::seconds(1);
    EXPECT_EQ(
        documents.share(owner, {id, std::nullopt, reader, Permission::read, past}).error().code,
        "validation_failed");
    ASSERT_TRUE(documents.share(
        owner, {id, std::nullopt, reader, Permission::read, now() + std::chrono::hours(1)}));
    EXPECT_TRUE(documents.access_document(reader, id));
    const Scope scope{reader, id, std::nullopt};
    EXPECT_FALSE(retrieval.search(scope, "moon", 3)->empty());
    const postgres::Query expire{"test.expire",
                                 "UPDATE document_permissions SET expires_at = $2 "
                                 "WHERE document_id = $1"};
    ASSERT_TRUE(database.run(expire, id, past));
    EXPECT_EQ(documents.access_document(reader, id).error().code, "document_not_found");
    EXPECT_TRUE(retrieval.search(scope, "moon", 3)->empty());
}

TEST_F(DocumentsTest, Sharing_needs_the_right_and_a_receiver) {
    const auto owner = new_user(), reader = new_user();
    const auto id = upload(owner, "Some text that is short.");
    const auto code = [&](const UserId& by, const Share& share) {
        return std::string(documents.share(by, share).error().code);
    };
    EXPECT_EQ(code(owner, {id, {}, {}, Permission::read, {}}), "validation_failed");
    EXPECT_EQ(code(owner, {id, RoomId::make(), reader, Permission::read, {}}), "validation_failed");
    EXPECT_EQ(code(owner, {id, {}, UserId::make(), Permission::read, {}}), "user_not_found");
    EXPECT_EQ(code(owner, {id, RoomId::make(), {}, Permission::read, {}}), "room_not_found");
    EXPECT_EQ(code(owner, {id, new_room(reader), {}, Permission::read, {}}), "not_a_participant");
    EXPECT_EQ(code(reader, {id, {}, reader, Permission::admin, {}}), "document_not_found");
    ASSERT_TRUE(documents.share(owner, {id, {}, reader, Permission::read, {}}));
    EXPECT_EQ(code(reader, {id, {}, reader, Permission::admin, {}}), "permission_too_low");
    ASSERT_TRUE(documents.share(owner, {id, {}, reader, Permission::write, {}}));
    const auto permissions = documents.permissions(owner, id);
    ASSERT_EQ(permissions->items.size(), 1U);
    EXPECT_EQ(permissions->items[0].permission_type, Permission::write);
    EXPECT_EQ(documents.permissions(reader, id).error().code, "permission_too_low");
    EXPECT_EQ(documents.unshare(owner, id, std::nullopt, owner).error().code,
              "permission_not_found");
}

TEST_F(DocumentsTest, The_library_lists_pages_and_filters) {
    const auto owner = new_user(), reader = new_user();
    std::vector<DocumentId> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(upload(owner, "Some text that is short."));
    DocumentChange change;
    change.title = Text<1, 300>{"100% Cell_Biology"};
    change.tags = Tags{{{"biology"}, {"cells"}}};
    ASSERT_TRUE(documents.change(owner, ids[2], change));

    LibraryFilter filter;
    filter.limit = 2;
    std::vector<DocumentId> seen;
    do {
        const auto page = documents.list(owner, filter);
        ASSERT_TRUE(page);
        for (const auto& item : page->items) seen.push_back(item.id);
        filter.cursor = page->next_cursor;
    } while (filter.cursor);
    std::reverse(seen.begin(), seen.end());
    EXPECT_EQ(seen, ids);

    const auto count = [&](const UserId& user, LibraryScope scope, std::optional<std::string> text,
                           std::optional<std::string> tag) {
        LibraryFilter wanted;
        wanted.scope = scope;
        wanted.text = std::move(text);
        wanted.tag = std::move(tag);
        return documents.list(user, wanted)->items.size();
    };
    EXPECT_EQ(count(owner, LibraryScope::mine, "0% cell_", {}), 1U);
    EXPECT_EQ(count(owner, LibraryScope::mine, "0%cell", {}), 0U);
    EXPECT_EQ(count(owner, LibraryScope::mine, {}, "cells"), 1U);
    EXPECT_EQ(count(owner, LibraryScope::mine, {}, "cell"), 0U);
    EXPECT_EQ(count(reader, LibraryScope::shared, {}, {}), 0U);
    ASSERT_TRUE(documents.share(owner, {ids[0], {}, reader, Permission::read, {}}));
    EXPECT_EQ(count(reader, LibraryScope::shared, {}, {}), 1U);
    EXPECT_EQ(count(owner, LibraryScope::shared, {}, {}), 0U);
    EXPECT_EQ(count(reader, LibraryScope::public_, {}, {}), 0U);
    filter.cursor = "nonsense";
    EXPECT_EQ(documents.list(owner, filter).error().code, "validation_failed");
}

TEST_F(DocumentsTest, What_is_no_document_is_refused_before_anything_is_kept) {
    const auto owner = new_user();
    EXPECT_EQ(documents.upload(owner, spool("")).error().code, "file_empty");
    EXPECT_EQ(documents.upload(owner, spool("GIF89a\x01\x02\xff", "a.gif")).error().code,
              "unsupported_file");
    EXPECT_EQ(documents.upload(owner, spool("GIF89a\x01\x02\xff", "a.pdf")).error().code,
              "not_a_pdf");
    auto elsewhere = spool("text");
    elsewhere.room_id = RoomId::make();
    EXPECT_EQ(documents.upload(owner, elsewhere).error().code, "room_not_found");
    EXPECT_TRUE(documents.list(owner, {})->items.empty());
    EXPECT_FALSE(std::filesystem::exists(directory.path() + "/documents"));
}

TEST_F(DocumentsTest, A_deleted_document_leaves_nothing_and_orphans_are_swept) {
    const auto owner = new_user();
    const auto id = upload_and_ingest(owner, "Some text that is short.");
    const auto kept = upload(owner, "Other text.");
    const auto gone = file_of(id);
    ASSERT_TRUE(std::filesystem::exists(gone));
    ASSERT_TRUE(documents.remove(owner, id));
    EXPECT_FALSE(std::filesystem::exists(gone));
    EXPECT_TRUE(chunks_of(id).empty());

    const auto old = file_of(RowId::make());
    const auto fresh = file_of(RowId::make());
    std::ofstream(old) << "old";
    std::ofstream(fresh) << "fresh";
    const auto two_hours_ago =
        std::filesystem::file_time_type::clock::now() - std::chrono::hours(2);
    std::filesystem::last_write_time(old, two_hours_ago);
    std::filesystem::last_write_time(file_of(kept), two_hours_ago);
    EXPECT_EQ(documents.sweep_orphans(), 1U);
    EXPECT_FALSE(std::filesystem::exists(old));
    EXPECT_TRUE(std::filesystem::exists(fresh));
    EXPECT_TRUE(std::filesystem::exists(file_of(kept)));
}

}  // namespace
}  // namespace stoa::documents
