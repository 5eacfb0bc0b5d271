// SPDX-License-Identifier: Apache-2.0
#include "documents/library_fixture.hpp"

#include <map>

namespace stoa::documents {
namespace {

class LibrarySearchTest : public LibraryTest {
  protected:
    using Hits = std::map<DocumentId, std::string>;

    Hits search(const UserId& user, const std::string& text,
                LibraryScope scope = LibraryScope::mine) {
        LibraryFilter filter;
        filter.scope = scope;
        filter.text = text;
        const auto found = documents.list(user, filter);
        EXPECT_TRUE(found) << found.error().message;
        Hits hits;
        for (const auto& item : found->items) hits[item.id] = item.matches.text;
        return hits;
    }
    std::int64_t words_of(const DocumentId& document) {
        const postgres::Query count{"test.words",
                                    "SELECT coalesce(sum(length(lexemes)), 0) FROM document_words "
                                    "WHERE document_id = $1"};
        return *database.one<std::int64_t>(count, document);
    }
};

TEST_F(LibrarySearchTest, A_word_is_found_wherever_it_stands_in_a_document) {
    const auto owner = new_user(), stranger = new_user();
    const auto both = upload_and_ingest(
        owner, "Gravel begins it.\n\n" + long_text(80) + "In the end there is silt.");
    const auto one = upload_and_ingest(owner, "Silt alone, and a river's delta.");
    ASSERT_GT(chunks_of(both).size(), 2U);
    EXPECT_EQ(search(owner, "gravel silt"), (Hits{{both, R"(["text"])"}}));
    EXPECT_EQ(search(owner, "silt"), (Hits{{both, R"(["text"])"}, {one, R"(["text"])"}}));
    EXPECT_EQ(search(owner, "silt -gravel"), (Hits{{one, R"(["text"])"}}));
    EXPECT_EQ(search(owner, "\"river's delta\""), (Hits{{one, R"(["text"])"}}));
    EXPECT_TRUE(search(owner, "\"delta river\"").empty());
    EXPECT_TRUE(search(stranger, "silt").empty());
    EXPECT_TRUE(search(owner, "the").empty());
}

TEST_F(LibrarySearchTest, What_cannot_be_read_yet_or_any_more_is_not_found) {
    const auto owner = new_user();
    const auto id = upload(owner, "Silt lies here.");
    EXPECT_TRUE(search(owner, "silt").empty());
    EXPECT_TRUE(search(owner, "-gravel").empty()) << "nobody knows what is in it";
    ASSERT_TRUE(ingest(id));
    EXPECT_EQ(words_of(id), 2);
    EXPECT_EQ(search(owner, "-gravel").size(), 1U);
    ASSERT_TRUE(documents.remove(owner, id));
    EXPECT_EQ(words_of(id), 0);
}

TEST_F(LibrarySearchTest, More_words_than_one_row_may_hold_are_all_found) {
    const auto owner = new_user();
    std::string text;
    for (int i = 0; i < 60'000; ++i) {
        text += "w" + std::to_string(i * 7919 % 1'000'003) + (i % 12 == 11 ? ".\n\n" : " ");
    }
    const auto id = upload_and_ingest(owner, text);
    EXPECT_NEAR(static_cast<double>(words_of(id)), 60'000, 5) << "two may share their letters";
    EXPECT_EQ(search(owner, "w7919 w15838 w" + std::to_string(59'999LL * 7919 % 1'000'003)).size(),
              1U);
    EXPECT_TRUE(search(owner, "w7919 w1").empty());
}

}  // namespace
}  // namespace stoa::documents
