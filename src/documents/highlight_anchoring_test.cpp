// SPDX-License-Identifier: Apache-2.0
#include "documents/highlight_anchoring.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace stoa::documents {
namespace {

using Pages = std::vector<std::string>;

FoldedPages folded(const Pages& pages) {
    FoldedPages out(1);
    for (const auto& page : pages) out.add(page);
    out.finish();
    return out;
}

/// As the extractor gives them: each word with a box, ten points for a letter, lines as they are.
std::vector<extraction::Page> extracted(const Pages& texts) {
    std::vector<extraction::Page> pages;
    for (const auto& text : texts) {
        extraction::Page page;
        page.number = static_cast<int>(pages.size()) + 1;
        page.text = text;
        float x = 0;
        float y = 0;
        for (std::size_t i = 0; i < text.size();) {
            if (text[i] == '\n' || text[i] == ' ') {
                x = text[i] == ' ' ? x + 10 : 0;
                y += text[i] == ' ' ? 0.F : 20.F;
                ++i;
                continue;
            }
            const auto end = std::min(text.find_first_of(" \n", i), text.size());
            const float width = 10.F * static_cast<float>(end - i);
            page.words.push_back({static_cast<std::uint32_t>(i),
                                  static_cast<std::uint32_t>(end),
                                  {x, y, x + width, y + 15}});
            x += width;
            i = end;
        }
        pages.push_back(std::move(page));
    }
    return pages;
}

/// As a person who selects gets it.
std::optional<Anchor> anchored(const Pages& pages, const TextQuoteSelector& wanted,
                               std::optional<int> page = {}) {
    const auto text = folded(pages);
    const FoldedSelector selector(wanted);
    std::vector<Candidate> found;
    find_exact(text, {1, text.last_page()}, selector, found);
    std::optional<Candidate> best;
    for (const auto& candidate : found) {
        if (!best || is_better(candidate, *best, page)) best = candidate;
    }
    return best ? anchor_at(*best, extracted(pages)) : std::nullopt;
}

/// As a highlight of `before` fares when the document becomes `after`: "page: quote", or nothing.
std::string moved(const Pages& before, const std::string& quote, const Pages& after,
                  std::optional<int> page = {}) {
    const auto old = anchored(before, {quote, "", ""}, page);
    if (!old) return "(was not there)";
    const auto text = folded(after);
    const FoldedSelector selector(old->selector);
    std::vector<Candidate> found;
    const PageRange all{1, text.last_page()};
    find_exact(text, all, selector, found);
    PlaceChoice choice;
    choice.consider_exact(found, selector, old->page);
    if (!choice.is_sure()) {
        found.clear();
        find_similar(text, all, selector, found);
        choice.consider_similar(found, selector, old->page);
    }
    if (!choice.best()) return "";
    const auto anchor = anchor_at(*choice.best(), extracted(after));
    return std::to_string(anchor->page) + ": " + anchor->selector.quote;
}

const std::string sail = "A sail works like a wing that stands upright in the wind.";
const std::string lichen = "Lichens are fungi that live together with algae.";
const std::string bread = "Bread rises because yeast gives off carbon dioxide in the dough.";
const std::string tides = "The tides follow the moon with a delay that depends on the coast.";

TEST(HighlightAnchoring, A_quote_is_found_whatever_breaks_its_lines) {
    const Pages pages{"A sail works like\na wing that stands\nup-\nright in the wind.", "More."};
    const auto anchor = anchored(pages, {sail, "", ""});
    ASSERT_TRUE(anchor);
    EXPECT_EQ(anchor->page, 1);
    EXPECT_EQ(anchor->selector.quote,
              "A sail works like a wing that stands up- right in the wind.");
    ASSERT_EQ(anchor->boxes.size(), 4U) << "one for each line";
    EXPECT_EQ(anchor->boxes[0].x0, 0);
    EXPECT_EQ(anchor->boxes[0].x1, 170);
    EXPECT_FALSE(anchored(pages, {"A sail works like a kite", "", ""}));
    EXPECT_FALSE(anchored(pages, {"", "", ""}));
    EXPECT_FALSE(anchored(pages, {" \n\u00AD", "", ""}));
}

TEST(HighlightAnchoring, A_quote_may_go_over_the_ends_of_pages) {
    const Pages pages{"First. " + bread + " A sail works", "like a wing that", "",
                      "stands upright in the wind. Last."};
    const auto anchor = anchored(pages, {sail, "", ""});
    ASSERT_TRUE(anchor);
    EXPECT_EQ(anchor->page, 1);
    EXPECT_EQ(anchor->page_end, 4);
    EXPECT_EQ(anchor->selector.quote, sail);
    std::vector<int> boxed;
    for (const auto& box : anchor->boxes) boxed.push_back(box.page);
    EXPECT_EQ(boxed, (std::vector<int>{1, 2, 4}));
    EXPECT_EQ(anchor->selector.suffix, "Last.");
    EXPECT_TRUE(anchor->selector.prefix.ends_with("in the dough."));
    const auto joined = anchored({"It is an exam-", "ple of a word."}, {"an example of", "", ""});
    ASSERT_TRUE(joined);
    EXPECT_EQ(joined->page_end, 2);
}

TEST(HighlightAnchoring, What_stands_around_tells_repeated_words_apart) {
    const Pages pages{"The cell divides. The cell grows. The cell rests.", "The cell dies."};
    EXPECT_EQ(anchored(pages, {"The cell", "", ""})->text_begin, 0U);
    EXPECT_EQ(anchored(pages, {"The cell", "", " grows"})->text_begin, 18U);
    EXPECT_EQ(anchored(pages, {"The cell", "grows. ", ""})->text_begin, 34U);
    EXPECT_EQ(anchored(pages, {"The cell", "", ""}, 2)->page, 2);
    EXPECT_EQ(anchored(pages, {"The cell", "", "divides"}, 2)->page, 1) << "words before pages";
}

TEST(HighlightAnchoring, Scripts_of_all_kinds) {
    const auto found = [](const std::string& text, const std::string& quote) {
        const auto anchor = anchored({text}, {quote, "", ""});
        return anchor ? anchor->selector.quote : "(none)";
    };
    EXPECT_EQ(found("an eﬃcient ﬂow", "efficient flow"), "eﬃcient ﬂow");
    EXPECT_EQ(found("an efficient flow", "eﬃcient ﬂow"), "efficient flow");
    EXPECT_EQ(found("植物的光合\n作用很重要", "光合作用"), "光合 作用");
    EXPECT_EQ(found("אור הוא גל\nוחלקיק", "גל וחלקיק"), "גל וחלקיק");
    EXPECT_EQ(found("قال مرحبا بكم", "\uFEE3\uFEAE\uFEA3\uFE92\uFE8E"), "مرحبا");
    EXPECT_EQ(found("“Why?” she asked", "\"Why?\" she"), "“Why?” she");
}

TEST(HighlightAnchoring, Words_that_moved_are_found_again) {
    EXPECT_EQ(moved({lichen, sail, bread}, sail, {tides, lichen, bread, sail}), "4: " + sail);
    EXPECT_EQ(moved({sail}, sail, {"New first page. " + sail}), "1: " + sail);
    EXPECT_EQ(moved({bread, sail}, sail,
                    {bread + " A sail works like",
                     "a wing that stands "
                     "upright in the wind."}),
              "1: " + sail)
        << "now over the end of a page";
    EXPECT_EQ(moved({"up-\nright wings stand in the strong wind"},
                    "upright wings stand in the strong wind",
                    {lichen, "upright wings stand in the strong wind"}),
              "2: upright wings stand in the strong wind");
}

TEST(HighlightAnchoring, A_phrase_that_stands_in_one_place_alone_needs_no_neighbours) {
    const std::string phrase = "sing under the polar ice";
    const Pages before{
        "The configuration of the whale.\n\nWhales sing under the polar ice for hours, "
        "and other whales answer from afar."};
    const std::string after =
        "A new first line stands here.\n\nWhales sing under the polar ice, for many hours.\n";
    EXPECT_EQ(moved(before, phrase, {after}), "1: " + phrase);
    EXPECT_EQ(moved(before, phrase, {"Seals " + phrase + ". Terns do not " + phrase + '.'}), "")
        << "which of the two is meant";
}

TEST(HighlightAnchoring, Words_that_were_edited_are_found_where_they_stood) {
    const Pages before{lichen + ' ' + sail + ' ' + bread, tides};
    EXPECT_EQ(moved(before, sail,
                    {lichen +
                     " A sail acts like a wing that stands upright in a "
                     "breeze. " +
                     bread}),
              "1: A sail acts like a wing that stands upright in a breeze.");
    EXPECT_EQ(moved(before, sail,
                    {lichen +
                     " A sail acts like a wing that stands upright in the "
                     "breeze. " +
                     bread}),
              "1: A sail acts like a wing that stands upright in the breeze.")
        << "with its full stop";
    EXPECT_EQ(moved(before, "sail",
                    {lichen +
                     " A Sail works like a wing that stands upright in "
                     "the wind. " +
                     bread}),
              "1: Sail")
        << "few words, but among the same";
    EXPECT_EQ(moved({"植物通过光合作用把阳光变成糖分，这个过程非常重要。动物吃植物。"},
                    "光合作用把阳光变成糖分",
                    {"植物通过光合作用将阳光变成糖类，这个过程非常重要。动物吃植物。"}),
              "1: 光合作用将阳光变成糖类");
    EXPECT_EQ(moved({"האור הוא גל וגם חלקיק והוא נע מהר מאוד בריק. כך כתוב בספר."},
                    "האור הוא גל וגם חלקיק והוא נע מהר מאוד",
                    {"האור הינו גל וגם חלקיק והוא נע מהר "
                     "מאד בריק. כך כתוב בספר."}),
              "1: האור הינו גל וגם חלקיק והוא נע מהר מאד");
}

TEST(HighlightAnchoring, Repeated_words_stay_with_their_neighbours) {
    const Pages before{"Alpha begins. " + tides + " Alpha ends here and now.",
                       "Beta begins. " + tides + " Beta ends here and now.",
                       "Gamma begins. " + tides + " Gamma ends here and now."};
    const Pages after{"Gamma begins. " + tides + " Gamma ends here and now.",
                      "Alpha begins. " + tides + " Alpha ends here and now.",
                      "Beta begins. " + tides + " Beta ends here and now."};
    EXPECT_EQ(moved(before, tides, after, 1), "2: " + tides);
    EXPECT_EQ(moved(before, tides, after, 2), "3: " + tides);
    EXPECT_EQ(moved(before, tides, after, 3), "1: " + tides);
}

TEST(HighlightAnchoring, What_is_gone_is_an_orphan) {
    EXPECT_EQ(moved({lichen + ' ' + sail + ' ' + bread}, sail, {lichen + ' ' + bread}), "");
    EXPECT_EQ(moved({lichen + ' ' + sail}, sail, {""}), "");
    EXPECT_EQ(moved({lichen + ' ' + sail}, sail, {tides, bread}), "");
    EXPECT_EQ(moved({"We speak of the word wing here and of birds. " + tides}, "wing",
                    {bread + ' ' + sail}),
              "")
        << "the same word elsewhere is another";
}

TEST(HighlightAnchoring, A_hyphen_alone_at_the_end_of_a_page_has_a_place) {
    const auto anchor = anchored({"Word -", "\"Other.\""}, {"-", "", ""});
    ASSERT_TRUE(anchor);
    EXPECT_EQ(anchor->text_begin, 5U);
    EXPECT_TRUE(anchored({"Word-", "\"Other.\""}, {"-", "", ""}));
}

TEST(HighlightAnchoring, Pages_that_are_others_by_now_are_told) {
    const auto text = folded({lichen + ' ' + sail});
    const FoldedSelector selector({sail, "", ""});
    std::vector<Candidate> found;
    find_exact(text, {1, 1}, selector, found);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_FALSE(anchor_at(found[0], extracted({"Short."})));
}

TEST(HighlightAnchoring, Work_is_bounded_for_words_that_stand_everywhere) {
    std::string page;
    for (int i = 0; i < 5'000; ++i) page += "the ";
    const auto text = folded({page});
    const FoldedSelector selector({"the", "the the", "the the"});
    std::vector<Candidate> found;
    find_exact(text, {1, 1}, selector, found);
    EXPECT_EQ(found.size(), 1'000U);
    found.clear();
    find_similar(text, {1, 1}, selector, found);
    EXPECT_LE(found.size(), 6U);
}

}  // namespace
}  // namespace stoa::documents
