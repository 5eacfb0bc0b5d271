// SPDX-License-Identifier: Apache-2.0
#include "markup/docx_reader.hpp"
#include "markup/flow_pages.hpp"
#include "markup/html_reader.hpp"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace stoa::markup {
namespace {

std::string read_file(const std::string& name) {
    std::ifstream file(STOA_VECTORS "/../files/extraction/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string html(std::string_view bytes) { return read_html(bytes, 1000)->text; }

TEST(Html, IsReadAsItIsSeen) {
    EXPECT_EQ(html("<p>One<br>two</p><ul><li>a</li><li>b</li></ul>"), "One\ntwo\n\na\nb");
    EXPECT_EQ(html("<pre>a\n  b</pre><style>p{}</style>c"), "a\n  b\n\nc");
    EXPECT_EQ(html("a&amp;b &eacute; &#233; &nbsp;<b>c</b>d"), "a&b é é \u00a0cd");
    EXPECT_EQ(html("<td>1<td>2"), "1 | 2");
    EXPECT_EQ(html("<p>never closed <b>bold"), "never closed bold");
}

TEST(Html, BelievesItsCharsetOnlyWhereItCan) {
    EXPECT_EQ(html("<meta charset=\"iso-8859-1\"><p>caf\xE9"), "café");
    EXPECT_EQ(html("<meta charset=x-user-defined><p>caf\xC3\xA9"), "café");
    EXPECT_EQ(html(std::string("\xFF\xFE<\0p\0>\0\xE9\0", 10)), "é");
    const auto mixed = read_html("<p>caf\xC3\xA9 caf\xC3\xA9 na\xEFve", 1000);
    EXPECT_EQ(mixed->replaced, 1U);
    EXPECT_EQ(mixed->text, "café café naïve");
}

TEST(Html, RefusesTooMuchText) {
    EXPECT_EQ(read_html("<p>" + std::string(2000, 'x'), 1000).error(), ReadFailure::too_large);
}

TEST(Docx, IsReadWithHeadingsTablesPagesAndNotes) {
    const std::string bytes = read_file("document.docx");
    const auto flow = read_docx(bytes, {});
    ASSERT_TRUE(flow);
    EXPECT_EQ(flow->title, "On rivers");
    EXPECT_EQ(flow->text,
              "Rivers\n\nThey carry gravel & sand.\n\nRhine | 1233 km\n\nDeltas\n\n"
              "before\fafter\n\nA note.");
    ASSERT_EQ(flow->headings.size(), 2U);
    EXPECT_EQ(flow->headings[1].level, 2);
    EXPECT_EQ(cut_pages(flow->text).size(), 2U);
}

TEST(Docx, RefusesBombsEntitiesAndWhatIsCutOff) {
    EXPECT_EQ(read_docx(read_file("bomb.docx"), {}).error(), ReadFailure::too_large);
    EXPECT_EQ(read_docx(read_file("entities.docx"), {}).error(), ReadFailure::damaged);
    const std::string bytes = read_file("document.docx");
    EXPECT_EQ(read_docx(bytes, {10, 1u << 20}).error(), ReadFailure::too_large);
    EXPECT_EQ(read_docx(bytes, {1u << 20, 100}).error(), ReadFailure::too_large);
    for (std::size_t cut = 0; cut < bytes.size(); cut += 37) {
        EXPECT_FALSE(read_docx(std::string_view(bytes).substr(0, cut), {})) << cut;
    }
}

TEST(Pages, AreCutWhereTheTextParts) {
    std::string prose;
    for (int i = 0; i < 20'000; ++i) prose += i % 50 == 49 ? "ending.\n\n" : "wörd ";
    std::string joined;
    for (const FlowPage& page : cut_pages(prose)) {
        EXPECT_LE(page.end - page.begin, flow_page_bytes_max);
        joined += prose.substr(page.begin, page.end - page.begin) + "\n\n";
    }
    EXPECT_EQ(joined, prose);
    EXPECT_TRUE(cut_pages(" \n\f ").empty());
}

TEST(Pages, KeepTheirPartOfAHeading) {
    const FlowText flow{"abc def", {{1, 6, 2}}, {}, 0};
    EXPECT_EQ(headings_of(flow, {0, 3}), (std::vector<FlowHeading>{{1, 3, 2}}));
    EXPECT_EQ(headings_of(flow, {4, 7}), (std::vector<FlowHeading>{{0, 2, 2}}));
}

TEST(Text, HasOneKindOfLineEnd) { EXPECT_EQ(read_text("a\r\nb\rc\n").text, "a\nb\nc\n"); }

TEST(Markdown, HasHeadingsOutsideCode) {
    const std::string text = "# A #\n\ntext\n\n```\n# no\n```\nB\n===\n- x\n---\n####### no\n";
    EXPECT_EQ(markdown_headings(text), (std::vector<FlowHeading>{{2, 3, 1}, {26, 27, 1}}));
}

}  // namespace
}  // namespace stoa::markup
