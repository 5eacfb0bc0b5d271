// SPDX-License-Identifier: Apache-2.0
#include "documents/upload_form.hpp"

#include <gtest/gtest.h>

namespace stoa::documents {
namespace {

http::Part value(std::string name, std::string text) {
    http::Part part;
    part.name = std::move(name);
    part.value = std::move(text);
    return part;
}

http::Part file(std::string name = "file") {
    http::Part part;
    part.name = std::move(name);
    part.file_name = "a.pdf";
    part.file = std::make_shared<UnnamedFile>(UnnamedFile::make("/tmp").value());
    return part;
}

TEST(UploadForm, A_replacement_has_its_file_alone) {
    const std::vector<http::Part> parts{file()};
    EXPECT_EQ(read_file_form(parts)->file, parts[0].file);
    const std::vector<http::Part> more{file(), value("title", "Zellen")};
    const auto refused = read_file_form(more);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fields.at(0).loc, (std::vector<std::string>{"body", "title"}));
    EXPECT_EQ(read_file_form({}).error().fields.at(0).type, "missing");
}

TEST(UploadForm, Is_read_field_by_field) {
    const auto room = RoomId::make();
    const std::vector<http::Part> parts{file(),
                                        value("title", "Zellen"),
                                        value("tags", R"(["biology","Zelle"])"),
                                        value("room_id", room.str()),
                                        value("is_public", "true"),
                                        value("allow_duplicate", "true"),
                                        value("permanent", "false")};
    const auto form = read_upload_form(parts);
    ASSERT_TRUE(form);
    EXPECT_EQ(form->file.file, parts[0].file);
    EXPECT_EQ(form->title->value, "Zellen");
    ASSERT_EQ(form->tags.items.size(), 2U);
    EXPECT_EQ(form->tags.items[1].value, "Zelle");
    EXPECT_EQ(form->room_id, room);
    EXPECT_TRUE(form->is_public);
    EXPECT_TRUE(form->allow_duplicate);
}

TEST(UploadForm, Names_what_is_wrong) {
    struct Case {
        std::vector<http::Part> parts;
        std::vector<std::string> loc;
        std::string type;
    };
    const std::vector<Case> cases{
        {{}, {"body", "file"}, "missing"},
        {{value("file", "x")}, {"body", "file"}, "file_type"},
        {{file(), file()}, {"body", "file"}, "duplicate"},
        {{file(), file("second")}, {"body", "second"}, "extra_forbidden"},
        {{file(), value("colour", "red")}, {"body", "colour"}, "extra_forbidden"},
        {{file(), value("title", "")}, {"body", "title"}, "string_too_short"},
        {{file(), value("title", "\xff")}, {"body", "title"}, "string_unicode"},
        {{file(), value("tags", "biology")}, {"body", "tags"}, "list_type"},
        {{file(), value("tags", R"(["a",7])")}, {"body", "tags", "1"}, "string_type"},
        {{file(), value("room_id", "7")}, {"body", "room_id"}, "uuid_parsing"},
        {{file(), value("is_public", "yes")}, {"body", "is_public"}, "bool_parsing"},
        {{file(), value("allow_duplicate", "1")}, {"body", "allow_duplicate"}, "bool_parsing"},
    };
    for (const auto& item : cases) {
        const auto form = read_upload_form(item.parts);
        ASSERT_FALSE(form) << item.type;
        EXPECT_EQ(form.error().kind, ErrorKind::invalid);
        ASSERT_EQ(form.error().fields.size(), 1U) << item.type;
        EXPECT_EQ(form.error().fields[0].loc, item.loc);
        EXPECT_EQ(form.error().fields[0].type, item.type);
    }
    const std::vector<http::Part> permanent{file(), value("permanent", "true")};
    EXPECT_EQ(read_upload_form(permanent).error().code, "permanent_storage_unavailable");
}

}  // namespace
}  // namespace stoa::documents
