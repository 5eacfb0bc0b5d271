// SPDX-License-Identifier: Apache-2.0
#include "base/folded_text.hpp"

#include <gtest/gtest.h>

namespace stoa {
namespace {

std::string reads(std::string_view text) { return fold(text, Folding::typography); }

TEST(FoldedText, White_space_is_one_space_and_none_at_the_ends) {
    EXPECT_EQ(fold("  a \t\r\n b\f", Folding::white_space), "a b");
    EXPECT_EQ(fold(" \n ", Folding::white_space), "");
    EXPECT_EQ(fold("ﬁ – “x”", Folding::white_space), "ﬁ – “x”") << "and nothing else is folded";
    EXPECT_EQ(reads("a\u00A0b\u3000c\u2028d"), "a b c d");
}

TEST(FoldedText, Hyphens_between_letters_go_wherever_the_line_breaks) {
    for (const auto* word : {"hyphenation", "hyphen-ation", "hyphen-\nation", "hyphen- ation",
                             "hyphen\u00ADation", "hyphen\u00AD\nation", "hyphen\u2010ation"}) {
        EXPECT_EQ(reads(word), "hyphenation") << word;
    }
    EXPECT_EQ(reads("pages 3-4, x -1"), "pages 3-4, x -1") << "numbers keep theirs";
    EXPECT_EQ(reads("this - or that"), "this - or that");
    EXPECT_EQ(reads("well- 2"), "well- 2");
    EXPECT_EQ(reads("a soft one\u00AD, \u00ADunseen"), "a soft one, unseen");
    EXPECT_EQ(reads("cut off-"), "cut off") << "what is joined further on begins the same";
}

TEST(FoldedText, Shapes_of_letters_do_not_matter) {
    EXPECT_EQ(reads("eﬃcient ﬂow"), "efficient flow");
    EXPECT_EQ(reads("Ｆｕｌｌ"), "Full");
    EXPECT_EQ(reads("“quoted” ‘one’"), "\"quoted\" 'one'");
    EXPECT_EQ(reads("1914–1918"), "1914-1918");
    EXPECT_EQ(reads("caf\u00E9"), reads("cafe\u0301"));
    EXPECT_EQ(reads("a\u0323\u0307"), reads("a\u0307\u0323")) << "accents in any order";
    EXPECT_EQ(reads("zero\u200Bwidth\uFEFF"), "zerowidth");
    // Arabic as a font shapes it, and marks of direction.
    EXPECT_EQ(reads("\u200F\uFEE3\uFEAE\uFEA3\uFE92\uFE8E"),
              reads("\u0645\u0631\u062D\u0628\u0627"));
}

TEST(FoldedText, Lines_of_Chinese_and_Japanese_join_without_a_space) {
    EXPECT_EQ(reads("光合作\n用"), reads("光合作用"));
    EXPECT_EQ(reads("ひら\nがな"), reads("ひらがな"));
    EXPECT_EQ(reads("使用 PDF 文件"), reads("使用PDF文件"));
    EXPECT_EQ(reads("두 단어"), reads("두\n단어"));
    EXPECT_NE(reads("두 단어"), reads("두단어")) << "Korean has spaces";
}

std::string source(std::string_view text, std::string_view quote) {
    const FoldedText folded(text, Folding::typography);
    const auto wanted = reads(quote);
    const auto at = find_folded(folded.text(), wanted);
    if (at == std::string_view::npos) return "(none)";
    const auto range = folded.source_of({at, at + wanted.size()});
    return std::string(text.substr(range.begin, range.end - range.begin));
}

TEST(FoldedText, Knows_where_each_byte_stood) {
    EXPECT_EQ(source("An  eﬃ-\ncient   way.", "efficient way"), "eﬃ-\ncient   way");
    EXPECT_EQ(source("Grüße aus Köln", "aus Ko\u0308ln"), "aus Köln");
    EXPECT_EQ(source("植物的光合作\n用很重要", "光合作用"), "光合作\n用");
    EXPECT_EQ(source("oﬃce", "off"), "oﬃ") << "a ligature is not parted";
    EXPECT_EQ(source("a cafe\u0301", "cafe"), "(none)") << "nor a letter from its accent";
    EXPECT_EQ(source("caf\u00E9, then a cafe", "cafe"), "cafe");
}

TEST(FoldedText, Pieces_and_marks_make_no_difference) {
    TextFolder folder(Folding::typography, TextFolder::Origins::kept);
    for (const auto* page : {"One exam-", "ple, and", "", " more "}) {
        folder.add("\n");
        folder.mark();
        folder.add(page);
    }
    folder.finish();
    EXPECT_EQ(folder.text(), "One example, and more");
    EXPECT_EQ(folder.marks(), (std::vector<std::size_t>{0, 8, 17, 17}));
    EXPECT_EQ(folder.text().size(), folder.origins().size());
}

TEST(FoldedText, Any_bytes_are_taken) {
    std::string bytes;
    for (int i = 0; i < 2'000; ++i) bytes.push_back(static_cast<char>(i * 7919 >> 3));
    const FoldedText folded(bytes, Folding::typography);
    ASSERT_FALSE(folded.text().empty());
    const auto range = folded.source_of({0, folded.text().size()});
    EXPECT_LE(range.end, bytes.size());
}

TEST(CodePoints, Are_counted_from_both_ends) {
    EXPECT_EQ(first_code_points("äöü", 2), "äö");
    EXPECT_EQ(last_code_points("äöü", 2), "öü");
    EXPECT_EQ(last_code_points("ä", 5), "ä");
    EXPECT_EQ(to_code_points("aä漢😀"), U"aä漢😀");
    EXPECT_TRUE(is_word_character(U'é') && is_word_character(U'7'));
    EXPECT_FALSE(is_word_character(U'漢') || is_word_character(U' ') || is_word_character(U'-'));
}

}  // namespace
}  // namespace stoa
