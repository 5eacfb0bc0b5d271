// SPDX-License-Identifier: Apache-2.0
// The order in which columns and tables are read, whatever the order in which they are drawn.
#include "extraction/extractor_fixture.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace stoa::extraction {
namespace {

using test::ExtractorTest;

constexpr std::array<std::string_view, 8> rivers{
    "Rivers carry sand and gravel to the sea", "and build wide deltas there. The tides",
    "follow the moon with a delay that de-",   "pends on the coast. Bread rises because",
    "yeast gives off carbon dioxide in the",   "dough, and concrete hardens by taking up",
    "water, not by drying. A sail works like", "a wing that stands upright in the wind."};
constexpr std::array<std::string_view, 8> scribes{
    "Medieval scribes prepared parchment from",  "the skins of calves and sheep, which they",
    "scraped and stretched on wooden frames.",   "The bow of a violin is strung with the",
    "hair of horses, rubbed with resin so that", "it takes hold of the string. Lichens are",
    "fungi that live together with algae, and",  "they grow a few millimetres in a year."};

std::string at(int x, int y, std::string_view text) {
    return "BT /F1 10 Tf " + std::to_string(x) + " " + std::to_string(y) + " Td (" +
           std::string(text) + ") Tj ET\n";
}

template <class Lines>
std::string join(const Lines& lines) {
    std::string text;
    for (const auto line : lines) {
        if (!text.empty()) text += '\n';
        text += line;
    }
    const auto hyphen = text.find("de-\npends");
    if (hyphen != std::string::npos) text.replace(hyphen, 9, "depends");
    return text;
}

/// Line 1 of the left column, line 1 of the right one, line 2 of the left one …
std::string draw_across(int top, int right_shift) {
    std::string content;
    for (std::size_t i = 0; i < rivers.size(); ++i) {
        const int y = top - 14 * static_cast<int>(i);
        content += at(50, y, rivers.at(i)) + at(310, y - right_shift, scribes.at(i));
    }
    return content;
}

TEST_F(ExtractorTest, ReadsColumnsThatAreDrawnLineByLine) {
    const std::string columns = join(rivers) + "\n\n" + join(scribes);
    EXPECT_EQ(text_of(draw_across(700, 0)), columns);
    EXPECT_EQ(text_of(draw_across(700, 5)), columns) << "baselines of their own";
}

TEST_F(ExtractorTest, ReadsWhatCrossesTheColumnsWhereItStands) {
    const std::string title =
        "What crosses both columns is a title, which is read first, or a note";
    const std::string text = text_of(at(50, 740, title) + draw_across(700, 0) + at(50, 540, title) +
                                     draw_across(500, 0) + at(295, 40, "7"));
    const std::string columns = join(rivers) + "\n\n" + join(scribes);
    EXPECT_EQ(text, title + "\n\n" + columns + "\n\n" + title + "\n\n" + columns + "\n\n7");
}

TEST_F(ExtractorTest, ReadsThreeColumnsThatAreDrawnLineByLine) {
    std::string content;
    for (std::size_t i = 0; i < rivers.size(); ++i) {
        const int y = 700 - 14 * static_cast<int>(i);
        content += "BT /F1 8 Tf 30 " + std::to_string(y) + " Td (" + std::string(rivers.at(i)) +
                   ") Tj ET BT /F1 8 Tf 220 " + std::to_string(y) + " Td (" +
                   std::string(scribes.at(i)) + ") Tj ET BT /F1 8 Tf 410 " + std::to_string(y) +
                   " Td (" + std::string(rivers.at(i)) + ") Tj ET\n";
    }
    EXPECT_EQ(text_of(content), join(rivers) + "\n\n" + join(scribes) + "\n\n" + join(rivers));
}

TEST_F(ExtractorTest, KeepsTheRowsOfTables) {
    constexpr std::array<std::array<std::string_view, 2>, 6> prices{{{"Apples", "12.50"},
                                                                     {"Pears", "9.10"},
                                                                     {"Quinces", "31.00"},
                                                                     {"Plums", "7.25"},
                                                                     {"Medlars", "40.00"},
                                                                     {"Cherries", "18.75"}}};
    constexpr std::array<std::array<std::string_view, 2>, 6> options{
        {{"--verbose", "Says what is done while it is done"},
         {"--quiet", "Says nothing"},
         {"--output FILE", "Writes the result into a file"},
         {"--jobs N", "Does so many things at once"},
         {"--help", "Shows this text and ends"},
         {"--version", "Tells which version this is"}}};
    constexpr std::array<std::array<std::string_view, 2>, 6> phrases{
        {{"Good morning, how are you today?", "Guten Morgen, wie geht es Ihnen heute?"},
         {"Where is the railway station?", "Wo ist der Bahnhof?"},
         {"I would like a room for two nights.", "Ich haette gern ein Zimmer fuer zwei Naechte."},
         {"How much is this?", "Wie viel kostet das?"},
         {"Thank you, that is all I need.", "Danke, das ist alles."},
         {"The weather is fine, let us go out.", "Das Wetter ist schoen, gehen wir hinaus."}}};
    for (const auto& table : {prices, options, phrases}) {
        std::string content;
        std::string rows;
        int y = 700;
        for (const auto& [left, right] : table) {
            content += at(50, y, left) + at(310, y, right);
            // MuPDF takes each row for a paragraph.
            rows += (rows.empty() ? "" : "\n\n") + std::string(left) + " " + std::string(right);
            y -= 12;
        }
        EXPECT_EQ(text_of(content), rows);
    }
}

TEST_F(ExtractorTest, KeepsTheBoxesOfWordsInColumns) {
    test::PdfWriter pdf;
    pdf.add_page(draw_across(700, 0));
    const auto done = extract(pdf.build());
    ASSERT_EQ(done.code(), "");
    const Page& page = done.pages.at(0);
    const auto begin = page.text.find("parchment from\nthe skins");
    ASSERT_NE(begin, std::string::npos);
    const auto boxes = boxes_of(page, begin, begin + 24);
    ASSERT_EQ(boxes.size(), 2U);
    EXPECT_GT(boxes[0].x0, 310);
    EXPECT_NEAR(boxes[1].x0, 310, 1);
    EXPECT_NEAR(boxes[1].y0 - boxes[0].y0, 14, 0.1);
}

}  // namespace
}  // namespace stoa::extraction
