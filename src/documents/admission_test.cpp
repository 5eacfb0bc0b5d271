// SPDX-License-Identifier: Apache-2.0
#include "documents/library_fixture.hpp"

#include <thread>

namespace stoa::documents {
namespace {

class AdmissionTest : public LibraryTest {
  protected:
    std::string code(const UserId& owner, const std::string& text, bool allow_duplicate = false) {
        auto form = spool(text);
        form.allow_duplicate = allow_duplicate;
        const auto document = limited.upload(owner, form);
        return document ? "stored" : std::string(document.error().code);
    }
    std::size_t files() {
        std::error_code none;
        std::filesystem::directory_iterator folder(
            std::filesystem::path(directory.path()) / "documents", none);
        return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
    }

    Documents limited{database, queue, rooms, keys, directory.path(), {3, 100}};
};

TEST_F(AdmissionTest, Documents_and_bytes_of_a_person_are_limited) {
    const auto owner = new_user(), other = new_user();
    EXPECT_EQ(code(owner, std::string(60, 'a')), "stored");
    EXPECT_EQ(code(owner, std::string(41, 'b')), "quota_exceeded");
    EXPECT_EQ(code(owner, std::string(39, 'b')), "stored");
    EXPECT_EQ(code(owner, "c"), "stored");
    EXPECT_EQ(code(owner, ""), "file_empty");
    EXPECT_EQ(code(owner, "d"), "quota_exceeded");
    EXPECT_EQ(code(other, "d"), "stored");
    EXPECT_EQ(files(), 4U);
    const auto usage = limited.usage(owner);
    ASSERT_TRUE(usage);
    EXPECT_EQ(json::to_text(*usage),
              R"({"documents":3,"documents_max":3,"bytes":100,"bytes_max":100})");
    EXPECT_EQ(json::to_text(*documents.usage(other)),
              R"({"documents":1,"documents_max":null,"bytes":1,"bytes_max":null})");
}

TEST_F(AdmissionTest, The_same_content_is_offered_to_its_owner_alone) {
    const auto owner = new_user(), other = new_user();
    EXPECT_EQ(code(owner, "same"), "stored");
    const auto refused = limited.upload(owner, spool("same", "other name.txt"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "duplicate_document");
    const auto id = limited.list(owner, {})->items.at(0).id;
    EXPECT_EQ(refused.error().extensions_json,
              R"({"document":{"id":")" + id.str() + R"(","title":"notes","status":"queued"}})");
    EXPECT_EQ(code(other, "same"), "stored");
    EXPECT_EQ(code(owner, "same", true), "stored");
    const postgres::Query fail_all{"test.fail", "UPDATE pdf_uploads SET status = 'failed'"};
    ASSERT_TRUE(database.run(fail_all));
    EXPECT_EQ(code(owner, "same"), "stored");
}

TEST_F(AdmissionTest, What_comes_at_once_is_counted_one_by_one) {
    const auto owner = new_user();
    std::atomic<int> stored = 0;
    {
        std::vector<std::jthread> uploads;
        for (int i = 0; i < 8; ++i) {
            uploads.emplace_back([&, i] {
                if (code(owner, i < 4 ? "same" : "text " + std::to_string(i)) == "stored") ++stored;
            });
        }
    }
    EXPECT_EQ(stored, 3);
    EXPECT_EQ(limited.usage(owner)->documents, 3);
    EXPECT_EQ(files(), 3U);
}

}  // namespace
}  // namespace stoa::documents
