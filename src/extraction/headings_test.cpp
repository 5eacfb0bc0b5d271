// SPDX-License-Identifier: Apache-2.0
// Headings of PDFs that have no outline, told by how their lines are set.
#include "extraction/extractor_fixture.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace stoa::extraction {
namespace {

using test::ExtractorTest;
using test::PdfWriter;

using Headings = std::vector<std::string>;

std::string set_in(std::string_view font, int size, int x, int y, std::string_view text) {
    return "BT /" + std::string(font) + " " + std::to_string(size) + " Tf " + std::to_string(x) +
           " " + std::to_string(y) + " Td (" + std::string(text) + ") Tj ET\n";
}

/// Twelve lines of running text of 10 points, downwards from `y`.
std::string running_text(int y) {
    std::string content;
    for (int i = 0; i < 12; ++i) {
        content += set_in("F1", 10, 50, y - 12 * i,
                          "and the river carries sand down to the sea, where the tides leave it;");
    }
    return content;
}

/// "level text" of each, lines joined by "/".
Headings headings_of(const std::vector<Page>& pages) {
    Headings headings;
    for (const Page& page : pages) {
        for (const Heading& each : page.headings) {
            std::string text = page.text.substr(each.begin, each.end - each.begin);
            for (char& c : text) {
                if (c == '\n') c = '/';
            }
            headings.push_back(std::to_string(each.level) + " " + text);
        }
    }
    return headings;
}

class HeadingsTest : public ExtractorTest {
  protected:
    Headings headings_in(PdfWriter pdf) {
        const auto done = extract(pdf.build());
        EXPECT_EQ(done.code(), "");
        return headings_of(done.pages);
    }
};

TEST_F(HeadingsTest, AreLinesThatAreLargerOrBoldAndStandAlone) {
    PdfWriter pdf;
    pdf.add_page(set_in("F1", 18, 50, 740, "Rivers") + running_text(710) +
                 set_in("F2", 14, 50, 540, "1.1 Deltas and what they are") +
                 set_in("F2", 14, 50, 523, "made of") + running_text(500) +
                 set_in("F2", 10, 50, 335, "Sand") + running_text(320));
    pdf.add_page(set_in("F1", 18, 50, 740, "Tides") + running_text(710));
    EXPECT_EQ(headings_in(pdf), (Headings{"1 Rivers", "2 1.1 Deltas and what they are/made of",
                                          "3 Sand", "1 Tides"}));
}

TEST_F(HeadingsTest, AreNotEmphasisTermsCodeOrLinesOfTables) {
    PdfWriter pdf;
    const std::string bold_word = set_in("F2", 10, 50, 400, "Sand") +
                                  set_in("F1", 10, 80, 400, "is made of quartz, and so on it goes");
    const std::string sentence = set_in("F2", 10, 50, 360, "This must never be done.");
    const std::string term = set_in("F2", 10, 50, 320, "Silt") +
                             set_in("F1", 10, 70, 308, "is finer than sand and coarser than") +
                             set_in("F1", 10, 70, 296, "clay, and the wind carries it away");
    const std::string table =
        set_in("F2", 10, 50, 260, "Grain") + set_in("F2", 10, 250, 260, "Diameter") +
        set_in("F1", 10, 50, 248, "sand") + set_in("F1", 10, 250, 248, "2 mm");
    pdf.add_page(set_in("F1", 18, 50, 740, "Rivers") + running_text(710) + running_text(560) +
                 bold_word + sentence + term + table + running_text(200));
    EXPECT_EQ(headings_in(pdf), (Headings{"1 Rivers"}));
}

TEST_F(HeadingsTest, AreNotRunningHeadsAndFeet) {
    PdfWriter pdf;
    for (int i = 1; i <= 5; ++i) {
        const std::string number = std::to_string(i);
        pdf.add_page(set_in("F2", 12, 50, 770, "All about rivers") +
                     set_in("F2", 16, 50, 740, "Chapter of river " + number) + running_text(710) +
                     set_in("F2", 12, 50, 30, "Page " + number));
    }
    EXPECT_EQ(headings_in(pdf),
              (Headings{"1 Chapter of river 1", "1 Chapter of river 2", "1 Chapter of river 3",
                        "1 Chapter of river 4", "1 Chapter of river 5"}));
}

TEST_F(HeadingsTest, AreNotTheEntriesOfContentsNorTheLettersOfAnIndex) {
    PdfWriter pdf;
    pdf.add_page(set_in("F2", 16, 50, 740, "Contents") +
                 set_in("F2", 12, 50, 700, "1 Rivers . . . . . . . . . 1") +
                 set_in("F2", 12, 50, 680, "2 Tides and what the moon") +
                 set_in("F2", 12, 62, 665, "has to do with them . . . . . 7") + running_text(640));
    pdf.add_page(set_in("F2", 16, 50, 740, "R") + running_text(710) +
                 set_in("F2", 16, 50, 560, "S") + running_text(530));
    EXPECT_EQ(headings_in(pdf), (Headings{"1 Contents"}));
}

TEST_F(HeadingsTest, OfACoverAreItsTitleAlone) {
    PdfWriter pdf;
    pdf.add_page(set_in("F2", 30, 50, 600, "The Book of Rivers") +
                 set_in("F2", 20, 50, 500, "by a friend of sand") +
                 set_in("F2", 14, 50, 300, "Cologne, in May"));
    pdf.add_page(set_in("F1", 12, 50, 760, "Chapter 1") + set_in("F2", 20, 50, 740, "Rivers") +
                 running_text(710));
    EXPECT_EQ(headings_in(pdf), (Headings{"1 The Book of Rivers", "2 Rivers"}));
}

TEST_F(HeadingsTest, MayEndInAHyphenThatIsNoPartOfTheText) {
    PdfWriter pdf;
    // U+2010 takes three bytes, and what follows it one.
    pdf.use_characters("3 beginbfchar <0041> <0041> <002D> <2010> <0061> <0061> endbfchar");
    pdf.add_page(
        "BT /F1 10 Tf 50 500 Td <00610061> Tj 0 12 Td <00610061> Tj ET "
        "BT /F1 30 Tf 50 700 Td <004100610061002D> Tj ET "
        "BT /F1 10 Tf 50 670 Td <0061> Tj ET");
    const auto done = extract(pdf.build());
    EXPECT_EQ(done.code(), "");
}

}  // namespace
}  // namespace stoa::extraction
