// SPDX-License-Identifier: Apache-2.0
// Every format through the sandboxed program, and scanned pages.
#include "extraction/extractor_fixture.hpp"
#include "extraction/ocr.hpp"

#include <fstream>
#include <iterator>

namespace stoa::extraction {
namespace {

using test::Extraction;
using test::ExtractorTest;
using test::PdfWriter;

TEST_F(ExtractorTest, DetectsFormatsByContent) {
    const auto format = [&](std::string_view bytes) {
        return detect_format(InputFile::hold({bytes}).value()).value();
    };
    EXPECT_EQ(format("rubbish first %PDF-1.4"), Format::pdf);
    EXPECT_EQ(format("Plain é text"), Format::text);
    EXPECT_EQ(format("Plain \xE9 text"), Format::text);
    EXPECT_EQ(format(std::string("\xFF\xFEn\0o\0", 6)), Format::text);
    EXPECT_EQ(format("# Title\n\nSome *text*.\n"), Format::markdown);
    EXPECT_EQ(format("#!/bin/sh\n# a comment\ntrue\n"), Format::text);
    EXPECT_EQ(format("\n<!-- x -->\n<!DOCTYPE html><p>Hi"), Format::html);
    EXPECT_EQ(format("a,b\n1,2\n"), Format::csv);
    const auto docx = InputFile::open(EXTRACTION_FILES "/document.docx").value();
    EXPECT_EQ(detect_format(docx).value(), Format::docx);
    const auto text = InputFile::hold({"Plain text"}).value();
    EXPECT_EQ(detect_format(text, "x.pdf").error().code, "not_a_pdf");
    EXPECT_EQ(InputFile::open(write("e", "")).error().code, "file_empty");
}

TEST_F(ExtractorTest, ReadsHtml) {
    const Extraction done = extract(
        "<!doctype html><meta charset=shift_jis><title>A title</title><h1>Caf\xC3\xA9</h1>"
        "<p>One\n  two</p><script>no()</script><table><tr><td>a</td><td>b</td></tr></table>");
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.summary->format, Format::html);
    EXPECT_EQ(done.summary->title, "A title");
    EXPECT_EQ(done.pages.at(0).text, "Café\n\nOne two\n\na | b");
    EXPECT_EQ(done.pages.at(0).headings, (std::vector<Heading>{{0, 5, 1}}));
}

TEST_F(ExtractorTest, ReadsMarkdownWithItsHeadings) {
    const Extraction done = extract("# One\n\n- a\n- b\n\n```\n# no\n```\n\nTwo\n---\n");
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.summary->format, Format::markdown);
    EXPECT_EQ(done.pages.at(0).headings, (std::vector<Heading>{{2, 5, 1}, {30, 33, 2}}));
}

TEST_F(ExtractorTest, ReadsDocxAndRefusesBadOnes) {
    const Extraction done = extract_file(EXTRACTION_FILES "/document.docx");
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.summary->title, "On rivers");
    EXPECT_EQ(done.pages.at(0).text.substr(0, 27), "Rivers\n\nThey carry gravel &");
    EXPECT_EQ(done.pages.at(0).headings, (std::vector<Heading>{{0, 6, 1}, {52, 58, 2}}));
    EXPECT_EQ(extract_file(EXTRACTION_FILES "/bomb.docx").code(), "file_too_complex");
    EXPECT_EQ(extract_file(EXTRACTION_FILES "/entities.docx").code(), "file_damaged");
    std::ifstream file(EXTRACTION_FILES "/document.docx", std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(extract(whole.substr(0, whole.size() / 2)).code(), "file_damaged");
}

TEST_F(ExtractorTest, ReadsATableAndAnswersOverAllOfItsRows) {
    std::string csv = "city,size\n";
    for (int i = 0; i < 1000; ++i)
        csv += (i % 4 == 0 ? "Rome," : "Oslo,") + std::to_string(i) + "\n";
    Limits limits;
    limits.table_pages_max = 2;
    const Extraction done = extract(csv, limits);
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.summary->format, Format::csv);
    ASSERT_EQ(done.pages.size(), 3U);
    EXPECT_EQ(done.pages[0].label, "summary");
    EXPECT_TRUE(done.pages[0].text.starts_with("Table of 1000 rows and 2 columns."));
    EXPECT_TRUE(done.pages[2].text.starts_with("city | size\n"));
    EXPECT_GT(done.summary->rows_left_out, 0);
    EXPECT_EQ(warnings_of(*done.summary).size(), 1U);

    const Extractor extractor(program(), {});
    const auto file = InputFile::hold({csv});
    ASSERT_TRUE(file);
    ASSERT_TRUE(done.summary->table);
    EXPECT_EQ(done.summary->table->columns.at(1).mean, 499.5);
    EXPECT_EQ(extractor.profile(*file)->columns.at(1).mean, 499.5);
    tables::Plan plan;
    plan.group_by = {"city"};
    plan.aggregates = {{tables::Function::count, {}}};
    const auto result = extractor.query(*file, plan);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->rows_scanned, 1000);
    ASSERT_EQ(result->rows.size(), 2U);
    EXPECT_EQ(result->rows[1][1], "250");
    plan.group_by = {"country"};
    EXPECT_EQ(extractor.query(*file, plan).error().code, "plan_invalid");
    EXPECT_EQ(extract("a,b\n1,2\n3,4\n5,\"" + std::string(2u << 20, 'x')).code(),
              "table_row_too_long");
}

TEST_F(ExtractorTest, MarksScannedPages) {
    PdfWriter pdf;
    const auto image = pdf.add_stream("\xFF",
                                      "/Type/XObject/Subtype/Image/Width 1/Height 1"
                                      "/ColorSpace/DeviceGray/BitsPerComponent 8");
    pdf.add_page("600 0 0 800 0 0 cm /I Do",
                 "/Resources<</XObject<</I " + PdfWriter::reference(image) + ">>>>");
    const Extraction done = extract(pdf.build());
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.summary->unread_scans, 1);
    EXPECT_TRUE(done.pages.at(0).needs_ocr);
}

TEST_F(ExtractorTest, PagesPlainText) {
    const Extraction done = extract("\xEF\xBB\xBFOne\r\ntwo\fThree\r");
    ASSERT_EQ(done.code(), "");
    ASSERT_EQ(done.pages.size(), 2U);
    EXPECT_EQ(done.announced, 2);
    EXPECT_EQ(done.pages[0].text, "One\ntwo");
    EXPECT_EQ(done.pages[1].text, "Three");
    EXPECT_EQ(extract(" \n ").code(), "no_text");

    std::string prose;
    for (int i = 0; i < 20'000; ++i) prose += i % 50 == 49 ? "ending.\n\n" : "wörd ";
    const Extraction longer = extract(prose);
    ASSERT_EQ(longer.code(), "");
    std::string joined;
    for (const Page& page : longer.pages) {
        EXPECT_LE(page.text.size(), 4000U);
        joined += page.text + "\n\n";
    }
    EXPECT_EQ(joined, prose);
    Limits limits;
    limits.pages_max = 3;
    EXPECT_EQ(extract(prose, limits).code(), "too_many_pages");
}

TEST_F(ExtractorTest, ReadsAScannedPageWithTesseract) {
    ASSERT_FALSE(find_tesseract().empty()) << "apt install tesseract-ocr";
    const auto read = [](const OcrOptions& options) {
        Extraction done;
        done.summary = Extractor(program(), {}, options)
                           .extract(
                               InputFile::open(EXTRACTION_FILES "/scan.pdf").value(),
                               [](int) -> Result<void> { return {}; },
                               [&](Page&& page) -> Result<void> {
                                   done.pages.push_back(std::move(page));
                                   return {};
                               });
        return done;
    };
    const Extraction done = read({find_tesseract(), "eng"});
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.summary->unread_scans, 0);
    const Page& page = done.pages.at(0);
    EXPECT_EQ(page.text, "Lichens are fungi\nliving with algae.");
    ASSERT_EQ(page.words.size(), 6U);
    // The text was drawn with its baseline at (30, 80) of a page of 300 by 200 points.
    EXPECT_NEAR(page.words[0].box.x0, 30, 4);
    EXPECT_NEAR(page.words[0].box.y1, 80, 4);
    EXPECT_TRUE(read({find_tesseract(), "no-such-language"}).pages.at(0).needs_ocr);
    EXPECT_TRUE(read({std::filesystem::path("/nowhere/tesseract"), "eng"}).pages.at(0).needs_ocr);
}

TEST(RecognisedWords, KeepWithinThePage) {
    Page page;
    page.width = 100;
    page.height = 50;
    const std::string tsv =
        "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\t"
        "conf\ttext\n4\t1\t1\t1\t1\t0\t0\t0\t9\t9\t-1\t\n"
        "5\t1\t1\t1\t1\t1\t20\t10\t20\t10\t96.1\tone\n5\t1\t1\t1\t1\t2\t-5\t0\t9999\t99\t90\ttwo\n"
        "5\t1\t1\t1\t2\t1\t0\t0\t1\t1\t90\tthree\n5\t1\t2\t1\t1\t1\t0\t0\t1\t1\t90\tfour\n"
        "5\t1\t2\t1\t1\t2\t0\t0\t1\t1\t90\t\xFF\nrubbish\n5\t1\t2\n";
    ASSERT_TRUE(take_recognised_words(tsv, 200, 100, page));
    EXPECT_EQ(page.text, "one two\nthree\n\nfour");
    EXPECT_EQ(page.words[0].box, (Box{10, 5, 20, 10}));
    EXPECT_EQ(page.words[1].box, (Box{0, 0, 100, 49.5F}));
    EXPECT_FALSE(take_recognised_words("", 200, 100, page));
}

}  // namespace
}  // namespace stoa::extraction
