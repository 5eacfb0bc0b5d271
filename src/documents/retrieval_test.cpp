// SPDX-License-Identifier: Apache-2.0
#include "documents/retrieval.hpp"

#include "documents/keyed_lexemes.hpp"
#include "documents/library_fixture.hpp"
#include "documents/sealed_places.hpp"
#include "documents/sql.hpp"

namespace stoa::documents {
namespace {

class RetrievalTest : public LibraryTest {
  protected:
    std::vector<std::string> texts(const Scope& scope, std::string_view question) {
        const auto found = retrieval.search(scope, question, 5);
        EXPECT_TRUE(found) << found.error().message;
        std::vector<std::string> texts;
        for (const auto& passage : *found) texts.push_back(passage.text);
        return texts;
    }
};

TEST_F(RetrievalTest, Searches_what_the_asker_may_read_there_and_nothing_else) {
    const auto owner = new_user(), member = new_user(), stranger = new_user();
    const auto room = new_room(owner);
    ASSERT_TRUE(rooms.join(member, room, std::nullopt));
    const auto shared = upload_and_ingest(owner, "The shared whale sings.", room);
    const auto secret = upload_and_ingest(owner, "The secret whale is silent.");
    (void)upload(owner, "A queued whale is not ready.", room);
    using List = std::vector<std::string>;
    const List in_room{"The shared whale sings."};
    EXPECT_EQ(texts({member, std::nullopt, room}, "whale"), in_room);
    EXPECT_EQ(texts({owner, std::nullopt, room}, "whale"), in_room);
    EXPECT_EQ(texts({member, shared, std::nullopt}, "whale"), in_room);
    EXPECT_EQ(texts({member, shared, room}, "whale"), in_room);
    EXPECT_EQ(texts({owner, secret, std::nullopt}, "whale"), List{"The secret whale is silent."});
    EXPECT_EQ(texts({owner, secret, room}, "whale"), List{});
    EXPECT_EQ(texts({member, secret, std::nullopt}, "whale"), List{});
    EXPECT_EQ(texts({stranger, std::nullopt, room}, "whale"), List{});
    EXPECT_EQ(texts({stranger, shared, std::nullopt}, "whale"), List{});
    EXPECT_EQ(texts({owner, std::nullopt, std::nullopt}, "whale"), List{});
}

TEST_F(RetrievalTest, Finds_by_some_of_the_words_and_survives_any_question) {
    const auto owner = new_user();
    auto text = long_text(200);
    text += "The axolotl regrows its limbs within weeks.\n\n" + long_text(200);
    const auto id = upload_and_ingest(owner, text);
    const Scope scope{owner, id, std::nullopt};
    const auto found = texts(scope, "How does an axolotl of Mexico get new limbs?");
    ASSERT_FALSE(found.empty());
    EXPECT_NE(found[0].find("axolotl"), std::string::npos);
    for (const auto* question : {"", "the of and", "\"", "a & b | !c <-> (", "'; DROP TABLE x",
                                 "🦎", "-- -x OR OR", "http://x/?a=1&b=2 e@f.de"}) {
        EXPECT_EQ(texts(scope, question).size(), 5U) << question;
    }
}

TEST_F(RetrievalTest, More_of_the_questions_words_count_for_more_than_one_of_them_often) {
    std::string often;
    for (int i = 0; i < 140; ++i) often += "whale, ";
    const std::string once = "Of the whale, the axolotl and their limbs. " + long_text(40);
    const auto owner = new_user();
    const auto id = upload_and_ingest(owner, often + "\n\n" + once);
    const KeyedLexemes lexemes(keys.key_of_installation().value().derive(lexemes_purpose));
    const postgres::Query find_ordinal{"test.ordinal",
                                       "SELECT ordinal FROM document_chunks WHERE id = $1"};
    for (const auto& statement : {sql::search_text_exact, sql::search_text}) {
        const auto found = database.list<ChunkId>(
            statement, owner, id, std::optional<RoomId>(),
            lexemes.of_query("'whale' & 'axolotl' & 'limb' & 'mexico'"),
            lexemes.of_query("'whale' | 'axolotl' | 'limb' | 'mexico'"), std::int64_t{40});
        ASSERT_TRUE(found) << found.error().message;
        ASSERT_EQ(found->size(), 2U) << "none without any of the words";
        EXPECT_EQ(*database.one<int>(find_ordinal, found->front()), 1);
    }
}

TEST_F(RetrievalTest, The_index_scan_of_large_scopes_finds_the_same) {
    const auto owner = new_user();
    const auto id = upload_and_ingest(
        owner, long_text(100) + "The axolotl regrows its limbs.\n\n" + long_text(100));
    const std::array<std::string_view, 1> question{"axolotl limbs"};
    const auto vector = (*encoder.encode(question))[0];
    const std::span<const float> wanted(vector);
    const std::optional<RoomId> no_room;
    postgres::Batch batch;
    batch.add(sql::set_iterative_scan);
    batch.add({"test.setting", "SELECT current_setting('hnsw.ef_search')"});
    batch.add(sql::search_exact, owner, id, no_room, wanted, std::int64_t{3});
    batch.add(sql::search_nearest, owner, id, no_room, wanted, std::int64_t{3});
    const auto found = database.run(batch);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(*postgres::first_as<std::string>((*found)[1]), "100") << "set for the batch";
    const auto exact = (*found)[2].all<ChunkId>();
    const auto nearest = (*found)[3].all<ChunkId>();
    ASSERT_EQ(exact.size(), 3U);
    EXPECT_EQ(exact.front(), nearest.front());
}

}  // namespace
}  // namespace stoa::documents
