// SPDX-License-Identifier: Apache-2.0
// Highlights over a real database: who sees which, where they stand, and what becomes of them when
// the document has another version.
#include "documents/highlights.hpp"

#include "documents/highlight_reanchoring.hpp"
#include "documents/library_fixture.hpp"
#include "documents/opened_pages.hpp"
#include "documents/sealed_places.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace stoa::documents {
namespace {

class HighlightsTest : public LibraryTest {
  protected:
    /// Puts these pages in the place of the document's, as another version that can be read.
    void set_pages(const DocumentId& document, const std::vector<std::string>& pages) {
        const postgres::Query begin{"test.begin_version",
                                    "UPDATE pdf_uploads SET version = version + 1, status = 'ready'"
                                    ", page_count = $2 WHERE id = $1 RETURNING user_id"};
        const auto owner = *database.one<UserId>(begin, document, static_cast<int>(pages.size()));
        const postgres::Query clear{"test.clear",
                                    "DELETE FROM document_pages WHERE document_id = $1"};
        ASSERT_TRUE(database.run(clear, document));
        const postgres::Query insert{
            "test.page",
            "INSERT INTO document_pages (document_id, page, width, height, sealed_text, "
            "sealed_words) VALUES ($1, $2, 0, 0, $3, $4)"};
        const auto key = keys.key_of(owner);
        for (int page = 1; page <= static_cast<int>(pages.size()); ++page) {
            const auto& text = pages[static_cast<std::size_t>(page) - 1];
            ASSERT_TRUE(database.run(insert, document, page,
                                     key->seal(text, page_text_place(document, page)),
                                     key->seal("[]", page_words_place(document, page))));
        }
    }
    DocumentId with_pages(const UserId& owner, const std::vector<std::string>& pages,
                          std::optional<RoomId> room = {}) {
        const auto document = upload_and_ingest(owner, "Something to begin with.", room);
        set_pages(document, pages);
        return document;
    }
    int version_of(const DocumentId& document) {
        const postgres::Query find{"test.version", "SELECT version FROM pdf_uploads WHERE id = $1"};
        return *database.one<int>(find, document);
    }
    Result<CreatedHighlight> mark(const UserId& user, const DocumentId& document,
                                  const std::string& quote, std::optional<int> page = {}) {
        NewHighlight wanted;
        wanted.quote.value = quote;
        if (page) wanted.page = Int<1, 20'000>{*page};
        return highlights.create(user, document, wanted);
    }
    /// "page-page_end quote" of each.
    std::vector<std::string> listed(const UserId& user, const DocumentId& document,
                                    const HighlightFilter& filter = {}) {
        std::vector<std::string> lines;
        const auto listing = highlights.list(user, document, filter);
        EXPECT_TRUE(listing) << listing.error().message;
        if (!listing) return lines;
        for (const auto& item : listing->items) {
            lines.push_back(std::to_string(item.page) + '-' + std::to_string(item.page_end) + ' ' +
                            item.quote);
        }
        return lines;
    }
    std::vector<std::string> orphans(const UserId& user, const DocumentId& document) {
        HighlightFilter filter;
        filter.orphans = true;
        return listed(user, document, filter);
    }
    Result<void> reanchor(const DocumentId& document) {
        FakeRun run(reanchoring_job(document, version_of(document)));
        return reanchoring.run(run);
    }

    Highlights highlights{database, rooms, documents, keys};
    HighlightReanchoring reanchoring{database, room_events, keys};
};

using Lines = std::vector<std::string>;

TEST_F(HighlightsTest, Are_listed_in_reading_order_page_by_page) {
    const auto ada = new_user();
    const auto document = with_pages(ada, {"One two three four.", "Five six seven eight."});
    for (const auto* quote : {"seven", "four", "Five six", "One two", "four. Five"}) {
        ASSERT_TRUE(mark(ada, document, quote)) << quote;
    }
    const Lines all{"1-1 One two", "1-1 four", "1-2 four. Five", "2-2 Five six", "2-2 seven"};
    EXPECT_EQ(listed(ada, document), all);
    HighlightFilter filter;
    filter.limit = 2;
    Lines paged;
    do {
        const auto listing = highlights.list(ada, document, filter);
        ASSERT_TRUE(listing);
        for (const auto& line : listed(ada, document, filter)) paged.push_back(line);
        filter.cursor = listing->next_cursor;
    } while (filter.cursor);
    EXPECT_EQ(paged, all);
    filter = {};
    filter.page = 2;
    EXPECT_EQ(listed(ada, document, filter), Lines(all.begin() + 2, all.end()));
}

TEST_F(HighlightsTest, The_page_that_is_named_is_looked_at_before_all_others) {
    const auto ada = new_user();
    std::vector<std::string> pages(60, "The same words stand here.");
    pages[39] = "Something of its own stands here.";
    const auto document = with_pages(ada, pages);
    EXPECT_EQ(mark(ada, document, "same words", 31)->highlight.page, 31);
    EXPECT_EQ(mark(ada, document, "same words", 40)->highlight.page, 39) << "its neighbour";
    EXPECT_EQ(mark(ada, document, "of its own", 2)->highlight.page, 40);
    // A page far away that cannot be opened does no harm while it need not be.
    const postgres::Query spoil{"test.spoil",
                                "UPDATE document_pages SET sealed_text = '\\x00' "
                                "WHERE document_id = $1 AND page = 1"};
    ASSERT_TRUE(database.run(spoil, document));
    EXPECT_TRUE(mark(ada, document, "same words", 50));
    EXPECT_EQ(mark(ada, document, "nowhere at all", 50).error().code, "sealed_unreadable");
    EXPECT_EQ(mark(ada, document, "same words", 61).error().code, "validation_failed");
}

TEST_F(HighlightsTest, A_long_quote_over_many_pages_and_runs_is_found) {
    const auto ada = new_user();
    std::vector<std::string> pages;
    std::string quote;
    for (int i = 1; i <= 300; ++i) {
        pages.push_back("Slide " + std::to_string(i) + " says little.");
        if (i >= 120 && i < 220) quote += (quote.empty() ? "" : " ") + pages.back();
    }
    const auto document = with_pages(ada, pages);
    const auto marked = mark(ada, document, quote);
    ASSERT_TRUE(marked) << marked.error().message;
    EXPECT_EQ(marked->highlight.page, 120);
    EXPECT_EQ(marked->highlight.page_end, 219);
    EXPECT_EQ(marked->highlight.quote, quote);
}

TEST_F(HighlightsTest, Runs_of_pages_own_each_page_once_and_overlap) {
    const auto ada = new_user();
    std::vector<std::string> pages;
    for (int i = 1; i <= 70; ++i) {
        pages.push_back(i % 7 == 0 ? "" : std::string(static_cast<std::size_t>(i) * 1'000, 'x'));
    }
    const auto document = with_pages(ada, pages);
    OpenedPages opened(database, *keys.key_of(ada), document);
    int next = 1;
    int runs = 0;
    constexpr std::size_t overlap = 30'000;
    const auto visited = opened.visit_runs(
        {1, 70}, overlap, [&](const FoldedPages& run, const PageRange& own) -> Result<void> {
            ++runs;
            EXPECT_EQ(own.first, next);
            EXPECT_GE(own.last, own.first);
            EXPECT_GE(run.last_page(), own.last);
            EXPECT_TRUE(own.first == 1 || run.first_page() < own.first);
            if (own.last < 70) {
                EXPECT_GE(run.text().size() - run.begin_of(own.last + 1), overlap);
            }
            next = own.last + 1;
            return {};
        });
    EXPECT_TRUE(visited);
    EXPECT_EQ(next, 71);
    EXPECT_GT(runs, 1);
}

TEST_F(HighlightsTest, Those_for_a_room_are_seen_there_while_the_document_is) {
    const auto ada = new_user();
    const auto bob = new_user();
    const auto room = new_room(ada);
    const auto document = with_pages(ada, {"One two three four."}, room);
    ASSERT_TRUE(rooms.join(bob, room, {}));
    NewHighlight wanted;
    wanted.quote.value = "two three";
    wanted.room_id = room;
    const auto marked = highlights.create(ada, document, wanted);
    ASSERT_TRUE(marked) << marked.error().message;
    EXPECT_EQ(marked->highlight.visibility, Visibility::room);
    EXPECT_TRUE(marked->seq);
    ASSERT_TRUE(mark(ada, document, "four"));
    EXPECT_EQ(listed(bob, document), Lines{"1-1 two three"}) << "and nothing private";
    ASSERT_TRUE(documents.share(ada, {document, std::nullopt, bob, Permission::read, {}}));
    ASSERT_TRUE(documents.unshare(ada, document, room, std::nullopt));
    EXPECT_EQ(listed(bob, document), Lines{}) << "not by the permission of his own";
    wanted.room_id = room;
    EXPECT_EQ(highlights.create(ada, document, wanted).error().code, "document_not_in_room");
    const auto id = marked->highlight.id;
    EXPECT_EQ(highlights.remove(bob, document, id).error().code, "highlight_not_found");
    ASSERT_TRUE(highlights.remove(ada, document, id));
    const auto log = room_events.list_after(room, 0, 100);
    ASSERT_TRUE(log);
    for (const auto& event : *log) {
        EXPECT_EQ(event.json.find("two three"), std::string::npos) << event.json;
    }
    EXPECT_EQ(log->back().type, "highlight_deleted");
}

TEST_F(HighlightsTest, So_many_and_no_more) {
    const auto ada = new_user();
    const auto document = with_pages(ada, {"One two three four."});
    ASSERT_TRUE(mark(ada, document, "two"));
    const postgres::Query fill{
        "test.fill",
        "INSERT INTO highlights (id, document_id, user_id, page, page_end, text_begin, "
        "document_version, sealed_target) SELECT gen_random_uuid(), document_id, user_id, page, "
        "page_end, text_begin, document_version, sealed_target FROM highlights, "
        "generate_series(2, $2::integer) WHERE document_id = $1"};
    ASSERT_TRUE(database.run(fill, document, static_cast<int>(highlights_max)));
    EXPECT_EQ(mark(ada, document, "three").error().code, "too_many_highlights");
}

TEST_F(HighlightsTest, Another_version_takes_them_over) {
    const auto ada = new_user();
    const std::string sail = "A sail works like a wing that stands upright in the wind.";
    const std::string lichen = "Lichens are fungi that live together with algae.";
    const auto document = with_pages(ada, {"Begin. " + sail + " Then more.", lichen + " End."});
    ASSERT_TRUE(mark(ada, document, sail));
    ASSERT_TRUE(mark(ada, document, lichen));
    const std::string reworded = "A sail acts like a wing which stands upright in the wind.";
    set_pages(document, {"A new first page.", "Begin. " + reworded + " Then more."});
    ASSERT_TRUE(reanchor(document));
    EXPECT_EQ(listed(ada, document), Lines{"2-2 " + reworded});
    EXPECT_EQ(highlights.list(ada, document, {})->items[0].original_quote, sail);
    EXPECT_EQ(orphans(ada, document), Lines{"2-2 " + lichen}) << "as it last stood";
    set_pages(document, {"Begin. " + sail + " Then more.", "A page.", lichen + " End."});
    ASSERT_TRUE(reanchor(document));
    EXPECT_EQ(listed(ada, document), (Lines{"1-1 " + sail, "3-3 " + lichen}));
    EXPECT_EQ(orphans(ada, document), Lines{});
    EXPECT_FALSE(highlights.list(ada, document, {})->items[0].original_quote) << "as it was again";
}

TEST_F(HighlightsTest, A_run_that_dies_is_continued_behind_its_last_batch) {
    const auto ada = new_user();
    std::vector<std::string> pages;
    for (int i = 1; i <= 150; ++i) {
        pages.push_back("Sentence number " + std::to_string(i) + " tells of one thing alone.");
    }
    const auto document = with_pages(ada, pages);
    for (int i = 1; i <= 150; ++i)
        ASSERT_TRUE(mark(ada, document, pages[static_cast<std::size_t>(i) - 1], i));
    std::ranges::reverse(pages);
    set_pages(document, pages);
    const auto version = version_of(document);
    const postgres::Query count{"test.done",
                                "SELECT count(*) FROM highlights WHERE document_id = "
                                "$1 AND document_version = $2"};
    FakeRun dies(reanchoring_job(document, version));
    dies.ours_for = 130;
    EXPECT_FALSE(reanchoring.run(dies));
    EXPECT_EQ(*database.one<std::int64_t>(count, document, version), 100);
    EXPECT_EQ(dies.acknowledged, 0);
    FakeRun again(reanchoring_job(document, version));
    ASSERT_TRUE(reanchoring.run(again));
    EXPECT_EQ(again.acknowledged, 1);
    EXPECT_EQ(*database.one<std::int64_t>(count, document, version), 150);
    HighlightFilter filter;
    filter.limit = 100;
    const auto lines = listed(ada, document, filter);
    EXPECT_EQ(lines.front(), "1-1 Sentence number 150 tells of one thing alone.");
    FakeRun third(reanchoring_job(document, version));
    ASSERT_TRUE(reanchoring.run(third)) << "once more does nothing";
    EXPECT_EQ(listed(ada, document, filter), lines);
}

TEST_F(HighlightsTest, The_job_of_a_version_that_is_past_does_nothing) {
    const auto ada = new_user();
    const auto document = with_pages(ada, {"One two three four, and what else there is to say."});
    ASSERT_TRUE(mark(ada, document, "One two three four, and what else there is to say."));
    set_pages(document, {"Nothing of it."});
    const auto past = reanchoring_job(document, version_of(document));
    set_pages(document, {"Zero. One two three four, and what else there is to say."});
    FakeRun run(past);
    ASSERT_TRUE(reanchoring.run(run));
    EXPECT_EQ(run.acknowledged, 1);
    EXPECT_EQ(orphans(ada, document), Lines{});
    ASSERT_TRUE(reanchor(document));
    EXPECT_EQ(highlights.list(ada, document, {})->items[0].document_version, version_of(document));
    ASSERT_TRUE(documents.remove(ada, document));
    FakeRun gone(past);
    EXPECT_TRUE(reanchoring.run(gone));
    EXPECT_EQ(gone.acknowledged, 1);
}

TEST_F(HighlightsTest, A_version_that_can_be_read_queues_the_search_for_them) {
    const auto ada = new_user();
    const auto document = upload_and_ingest(ada, "One two three.");
    const postgres::Query count{"test.jobs", "SELECT count(*) FROM jobs WHERE task = $1"};
    EXPECT_EQ(*database.one<std::int64_t>(count, reanchoring_task), 0);
    ASSERT_TRUE(documents.replace(ada, document, spool("Four five six.").file));
    ASSERT_TRUE(ingest(document, 2));
    EXPECT_EQ(*database.one<std::int64_t>(count, reanchoring_task), 1);
}

}  // namespace
}  // namespace stoa::documents
