// SPDX-License-Identifier: Apache-2.0
#include "extraction/extractor.hpp"

#include "base/json.hpp"
#include "extraction/extractor_fixture.hpp"
#include "extraction/sandboxed_process.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

namespace stoa::extraction {
namespace {

using test::Extraction;
using test::ExtractorTest;
using test::PdfWriter;
using test::show;

bool write_all(int to, long number) {
    return write(to, &number, sizeof number) == static_cast<ssize_t>(sizeof number);
}

std::string deflated(std::string_view bytes) {
    std::string packed(compressBound(bytes.size()), '\0');
    uLongf size = packed.size();
    compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
              reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 9);
    packed.resize(size);
    return packed;
}

TEST_F(ExtractorTest, ReadsPagesInOrderWithLabelsAndTitle) {
    PdfWriter pdf;
    pdf.set(1, "<</Type/Catalog/Pages 2 0 R/PageLabels<</Nums[0<</S/r/St 4>>1<</S/D/P(A-)>>]>>>>");
    pdf.add_page(show(50, 700, "First page"));
    pdf.add_page(show(50, 700, "Second page"));
    pdf.add_page(show(50, 700, "Third page"));
    const auto info = pdf.add("<</Title(On  pages)>>");
    const Extraction done = extract(pdf.build("/Info " + PdfWriter::reference(info)));
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.announced, 3);
    EXPECT_EQ(done.summary->page_count, 3);
    EXPECT_EQ(done.summary->broken_pages, 0);
    EXPECT_EQ(done.summary->title, "On pages");
    ASSERT_EQ(done.pages.size(), 3U);
    EXPECT_EQ(done.pages[1].number, 2);
    EXPECT_EQ(done.pages[1].text, "Second page");
    EXPECT_EQ(done.pages[0].label, "iv");
    EXPECT_EQ(done.pages[1].label, "A-1");
    EXPECT_EQ(done.pages[2].label, "A-2");
    EXPECT_EQ(done.pages[0].width, 600);
    EXPECT_EQ(done.pages[0].height, 800);
}

TEST_F(ExtractorTest, FindsTheHeadingsThatTheOutlineNames) {
    PdfWriter pdf;
    pdf.set(1, "<</Type/Catalog/Pages 2 0 R/Outlines 4 0 R>>");
    pdf.set(4, "<</Type/Outlines/First 5 0 R/Last 5 0 R/Count 2>>");
    pdf.set(5, "<</Title(Wide rivers)/Parent 4 0 R/First 6 0 R/Last 6 0 R/Dest[8 0 R/Fit]>>");
    pdf.set(6, "<</Title(Deltas)/Parent 5 0 R/Dest[8 0 R/Fit]>>");
    pdf.add_page(show(50, 700, "1. Wide") + show(50, 678, "rivers") +
                 show(50, 600, "Of Deltas and more") + show(50, 550, "Deltas"));
    const Extraction done = extract(pdf.build());
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.pages.at(0).text, "1. Wide\nrivers\n\nOf Deltas and more\n\nDeltas");
    EXPECT_EQ(done.pages.at(0).headings, (std::vector<Heading>{{0, 14, 1}, {36, 42, 2}}));
}

TEST_F(ExtractorTest, NeedsNoMoreMemoryForMorePages) {
    const auto peak_bytes = [&](int pages) {
        PdfWriter pdf;
        for (int i = 0; i < pages; ++i) pdf.add_page(show(50, 700, "Page " + std::to_string(i)));
        const auto file = write("pages", pdf.build());
        // A process of its own, so that no other test's child is counted.
        std::array<int, 2> ends{};
        EXPECT_EQ(pipe(ends.data()), 0);
        const pid_t child = fork();
        if (child == 0) {
            const Extraction done = extract_file(file);
            rusage used{};
            getrusage(RUSAGE_CHILDREN, &used);
            const long peak = done.announced == pages ? used.ru_maxrss * 1024 : -1;
            _exit(write_all(ends[1], peak) ? 0 : 1);
        }
        long peak = 0;
        EXPECT_EQ(read(ends[0], &peak, sizeof peak), static_cast<ssize_t>(sizeof peak));
        waitpid(child, nullptr, 0);
        close(ends[0]);
        close(ends[1]);
        return peak - static_cast<long>(std::filesystem::file_size(file));
    };
    const long few = peak_bytes(500);
    ASSERT_GT(few, 0);
    // What is left is the table of where each object stands: a kilobyte a page.
    EXPECT_LT(peak_bytes(5000), 2 * few);
}

TEST_F(ExtractorTest, LeavesACycleOfLabels) {
    PdfWriter pdf;
    pdf.set(1, "<</Type/Catalog/Pages 2 0 R/PageLabels 4 0 R>>");
    std::string kids;
    for (int i = 0; i < 50; ++i) kids += "4 0 R ";
    pdf.set(4, "<</Kids[" + kids + "]>>");
    pdf.add_page(show(50, 700, "Page"));
    const Extraction done = extract(pdf.build());
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.pages.at(0).label, "");
}

TEST_F(ExtractorTest, GivesEachWordItsBox) {
    PdfWriter pdf;
    pdf.add_page(show(50, 700, "Hello wide world"));
    const Extraction done = extract(pdf.build());
    ASSERT_EQ(done.code(), "");
    const Page& page = done.pages.at(0);
    ASSERT_EQ(page.words.size(), 3U);
    EXPECT_EQ(page.text.substr(page.words[1].begin, page.words[1].end - page.words[1].begin),
              "wide");
    // Helvetica's advance widths in thousandths: H 722, e 556, l 222, o 556, space 278.
    EXPECT_NEAR(page.words[0].box.x0, 50, 0.1);
    EXPECT_NEAR(page.words[0].box.x1, 50 + 20 * 2.278, 0.1);
    EXPECT_NEAR(page.words[1].box.x0, 50 + 20 * 2.556, 0.1);
    // The baseline is 100 points below the top.
    EXPECT_LT(page.words[0].box.y0, 90);
    EXPECT_GT(page.words[0].box.y0, 70);
    EXPECT_GT(page.words[0].box.y1, 99);
    EXPECT_LT(page.words[0].box.y1, 110);
    EXPECT_EQ(boxes_of(page, 0, page.text.size()).size(), 1U);
}

TEST_F(ExtractorTest, TurnsBoxesWithThePage) {
    PdfWriter pdf;
    pdf.add_page(show(50, 700, "Turned"), "/Rotate 90");
    const Extraction done = extract(pdf.build());
    ASSERT_EQ(done.code(), "");
    const Page& page = done.pages.at(0);
    EXPECT_EQ(page.width, 800);
    EXPECT_EQ(page.height, 600);
    ASSERT_EQ(page.words.size(), 1U);
    // What was 50 from the left is 50 from the top; what was 700 up is 700 from the left.
    EXPECT_NEAR(page.words[0].box.y0, 50, 0.1);
    EXPECT_GT(page.words[0].box.x0, 690);
    EXPECT_LT(page.words[0].box.x1, 730);
}

TEST_F(ExtractorTest, JoinsLinesParagraphsAndHyphens) {
    EXPECT_EQ(text_of(show(50, 700, "One line") + show(50, 678, "and the next")),
              "One line\nand the next");
    EXPECT_EQ(text_of(show(50, 700, "One paragraph") + show(50, 500, "Another")),
              "One paragraph\n\nAnother");
    EXPECT_EQ(text_of(show(50, 700, "a learn-") + show(50, 678, "ing one")), "a learning one");
    EXPECT_EQ(text_of(show(50, 700, "pages 3-") + show(50, 678, "4 of it")), "pages 3-\n4 of it");
    EXPECT_EQ(text_of(show(50, 700, "many    spaces  ")), "many spaces");
}

TEST_F(ExtractorTest, KeepsABoxOnEitherLineOfAHyphenatedWord) {
    PdfWriter pdf;
    pdf.add_page(show(50, 700, "learn-") + show(50, 678, "ing"));
    const Extraction done = extract(pdf.build());
    ASSERT_EQ(done.code(), "");
    const Page& page = done.pages.at(0);
    EXPECT_EQ(page.text, "learning");
    ASSERT_EQ(page.words.size(), 2U);
    EXPECT_EQ(page.words[0].end, 5U);
    EXPECT_EQ(page.words[1].begin, 5U);
    EXPECT_EQ(boxes_of(page, 0, 8).size(), 2U);
}

TEST_F(ExtractorTest, ReadsColumnsOneAfterTheOther) {
    std::string content;
    for (const char* side : {"left", "right"}) {
        for (int line = 0; line < 12; ++line) {
            content += show(side[0] == 'l' ? 50 : 330, 700 - 22 * line,
                            std::string(side) + " text of line " + std::to_string(line));
        }
    }
    const std::string text = text_of(content);
    EXPECT_LT(text.find("left text of line 11"), text.find("right text of line 0")) << text;
}

TEST_F(ExtractorTest, ReadsChineseCharacterByCharacter) {
    PdfWriter pdf;
    pdf.use_characters("2 beginbfchar <0001> <5B66> <0002> <4E60> endbfchar");
    pdf.add_page("BT /F1 20 Tf 50 700 Td <00010002> Tj ET");
    const Extraction done = extract(pdf.build());
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.pages.at(0).text, "学习");
    EXPECT_EQ(done.pages.at(0).words.size(), 2U);
}

TEST_F(ExtractorTest, ReadsHebrewFromTheRightHoweverItIsDrawn) {
    PdfWriter pdf;
    // "שלום" as it is drawn, from the left: its last letter first.
    pdf.use_characters(
        "7 beginbfchar <0001> <05DD> <0002> <05D5> <0003> <05DC> <0004> <05E9> <0005> <0020> "
        "<0006> "
        "<0031> <0007> <0032> "
        "endbfchar");
    pdf.add_page("BT /F1 20 Tf 50 700 Td <0001000200030004> Tj ET");
    pdf.add_page("BT /F1 20 Tf 50 700 Td <00070006000500010002000300040005000500040001> Tj ET");
    pdf.add_page(
        "BT /F1 20 Tf 86 700 Td <0004> Tj -12 0 Td <0003> Tj -12 0 Td <0002> Tj -12 0 Td <0001> Tj "
        "ET");
    const Extraction done = extract(pdf.build());
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.pages.at(0).text, "שלום");
    EXPECT_EQ(done.pages.at(0).words.size(), 1U);
    EXPECT_EQ(done.pages.at(1).text, "םש שלום 21");
    EXPECT_EQ(done.pages.at(2).text.substr(0, 2), "ש");
}

TEST_F(ExtractorTest, SpellsLigaturesOut) {
    PdfWriter pdf;
    pdf.set(3, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[1/fi]>>>>");
    pdf.add_page(show(50, 700, "\\001nd"));
    const Extraction done = extract(pdf.build());
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.pages.at(0).text, "find");
}

TEST_F(ExtractorTest, StopsWhereACallbackSaysSo) {
    PdfWriter pdf;
    for (int i = 0; i < 5; ++i) pdf.add_page(show(50, 700, "Page"));
    const auto file = InputFile::hold({pdf.build()});
    ASSERT_TRUE(file);
    const auto stop = [] { return fail(ErrorKind::conflict, "stopped", "Stopped."); };
    int pages = 0;
    const auto summary = Extractor(program(), {})
                             .extract(
                                 *file, [](int) -> Result<void> { return {}; },
                                 [&](Page&&) -> Result<void> {
                                     if (++pages == 2) return stop();
                                     return {};
                                 });
    EXPECT_EQ(summary.error().code, "stopped");
    EXPECT_EQ(pages, 2);
    EXPECT_EQ(Extractor(program(), {})
                  .extract(
                      *file, [&](int) -> Result<void> { return stop(); },
                      [](Page&&) -> Result<void> { return {}; })
                  .error()
                  .code,
              "stopped");
}

TEST_F(ExtractorTest, RefusesWhatIsNoDocument) {
    EXPECT_EQ(extract("").code(), "file_empty");
    EXPECT_EQ(extract(std::string("\x89PNG\r\n\x1a\n\0\0", 10)).code(), "unsupported_file");
    EXPECT_EQ(extract("PK\x03\x04 but no document").code(), "unsupported_file");
    EXPECT_EQ(extract_file(directory_ / "absent").code(), "file_unreadable");
    EXPECT_EQ(extract_file(directory_).code(), "file_unreadable");
    EXPECT_EQ(extract_file("/dev/zero").code(), "file_unreadable");
}

TEST_F(ExtractorTest, RefusesEncryptedUnlessAnyoneMayRead) {
    EXPECT_EQ(extract_file(EXTRACTION_FILES "/encrypted.pdf").code(), "pdf_encrypted");
    const Extraction open = extract_file(EXTRACTION_FILES "/owner_only.pdf");
    ASSERT_EQ(open.code(), "");
    EXPECT_EQ(open.pages.at(0).text, "Secret words");
}

TEST_F(ExtractorTest, ReadsWhatCanBeRepairedAndRefusesTheRest) {
    PdfWriter pdf;
    pdf.add_page(show(50, 700, "First"));
    pdf.add_page(show(50, 700, "Second"));
    const std::string whole = pdf.build();
    const std::string without_table = whole.substr(0, whole.find("xref"));
    const Extraction repaired = extract(without_table);
    ASSERT_EQ(repaired.code(), "");
    EXPECT_EQ(repaired.pages.at(1).text, "Second");
    EXPECT_EQ(extract("%PDF-1.7\n").code(), "pdf_damaged");
    EXPECT_EQ(extract("%PDF-1.7\n" + std::string(5000, 'x')).code(), "pdf_damaged");
    // Cut off within the first page's content.
    EXPECT_EQ(extract(whole.substr(0, whole.find("Td"))).code(), "pdf_damaged");
}

TEST_F(ExtractorTest, GivesABrokenPageOutEmpty) {
    PdfWriter pdf;
    pdf.add_page(show(50, 700, "Good"));
    pdf.set(2, "<</Type/Pages/Count 2/Kids[5 0 R 99 0 R]>>");
    const Extraction done = extract(pdf.build());
    ASSERT_EQ(done.code(), "");
    EXPECT_EQ(done.pages.at(0).text, "Good");
    EXPECT_EQ(done.pages.size(), static_cast<std::size_t>(done.summary->page_count));
}

TEST_F(ExtractorTest, RefusesPageBombs) {
    PdfWriter claim;
    claim.add_page(show(50, 700, "One"));
    claim.set(2, "<</Type/Pages/Count 2000000000/Kids[5 0 R]>>");
    EXPECT_NE(extract(claim.build()).code(), "");
    PdfWriter cycle;
    cycle.add_page(show(50, 700, "One"));
    cycle.set(2, "<</Type/Pages/Count 5/Kids[2 0 R 2 0 R]>>");
    EXPECT_EQ(extract(cycle.build()).code(), "pdf_damaged");
    PdfWriter real;
    real.add_page(show(50, 700, "One"));
    std::string kids;
    for (int i = 0; i < 100'000; ++i) kids += "5 0 R ";
    real.set(2, "<</Type/Pages/Count 100000/Kids[" + kids + "]>>");
    EXPECT_EQ(extract(real.build()).code(), "too_many_pages");
}

TEST_F(ExtractorTest, RefusesInflateBombs) {
    PdfWriter pdf;
    const std::string packed = deflated(std::string(240'000'000, ' '));
    ASSERT_LT(packed.size(), 300'000U);
    pdf.add_page_of(pdf.add_stream(packed, "/Filter/FlateDecode"));
    EXPECT_EQ(extract(pdf.build()).code(), "pdf_too_complex");
}

TEST_F(ExtractorTest, RefusesFloodsOfText) {
    PdfWriter pdf;
    for (int i = 0; i < 3; ++i) pdf.add_page(show(50, 700, std::string(60, 'x')));
    Limits limits;
    limits.page_bytes_max = 50;
    EXPECT_EQ(extract(pdf.build(), limits).code(), "pdf_too_complex");
    limits.page_bytes_max = 100;
    limits.output_bytes_max = 150;
    EXPECT_EQ(extract(pdf.build(), limits).code(), "pdf_too_complex");
}

TEST_F(ExtractorTest, RefusesWhatNeedsTooMuchMemory) {
    PdfWriter pdf;
    std::string shows;
    for (int i = 0; i < 400'000; ++i) shows += "(xxxxxxxxxxxxxxxxxxxx) Tj ";
    pdf.add_page("BT /F1 1 Tf " + shows + "ET");
    Limits limits;
    limits.memory_bytes_max = 100u << 20;
    EXPECT_EQ(extract(pdf.build(), limits).code(), "pdf_too_complex");
}

TEST_F(ExtractorTest, KillsAProgramThatHangs) {
    const auto note = directory_ / "pid";
    const auto hanging = write_program("echo $$ >" + note.string() + "\nexec /bin/sleep 1000\n");
    Limits limits;
    limits.wall = std::chrono::seconds(1);
    const Extraction done = extract_file(write("file", "%PDF-1.7"), limits, hanging);
    EXPECT_EQ(done.code(), "extraction_timeout");
    EXPECT_EQ(done.summary.error().kind, ErrorKind::unavailable);
    int process = 0;
    std::ifstream(note) >> process;
    ASSERT_GT(process, 0);
    EXPECT_EQ(kill(process, 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

TEST_F(ExtractorTest, HandsTheFileOverAndNothingElse) {
    const auto note = directory_ / "note";
    const int kept_open = dup(STDIN_FILENO);
    setenv("EXTRACTION_TEST_SECRET", "told", 1);
    const auto curious = write_program("exec >" + note.string() +
                                       "\necho \"<$EXTRACTION_TEST_SECRET>\"\n"
                                       "/bin/ls /proc/$$/fd\n/bin/cat\n");
    EXPECT_EQ(extract_file(write("file", "%PDF-1.7 the file"), {}, curious).code(),
              "extraction_crashed");
    unsetenv("EXTRACTION_TEST_SECRET");
    close(kept_open);
    std::ifstream file(note);
    const std::string seen{std::istreambuf_iterator<char>(file), {}};
    // The script itself is open as 10.
    EXPECT_EQ(seen, "<>\n0\n1\n10\n2\n%PDF-1.7 the file");
}

TEST_F(ExtractorTest, HandsAPlanOverWhereNobodyElseSeesIt) {
    const auto note = directory_ / "note";
    const auto curious = write_program("exec >" + note.string() + "\necho \"$*\"\n/bin/cat <&3\n");
    tables::Plan plan;
    plan.filters = {{"name", tables::Comparison::equal, "private words"}};
    const auto file = InputFile::hold({"name\n", "x\n"});
    ASSERT_TRUE(file);
    EXPECT_EQ(Extractor(curious, {}).query(*file, plan).error().code, "extraction_crashed");
    std::ifstream said(note);
    std::string arguments;
    std::string request;
    std::getline(said, arguments);
    std::getline(said, request);
    EXPECT_EQ(arguments.find("private"), std::string::npos) << arguments;
    EXPECT_EQ(json::read<tables::Plan>(request).value(), plan);
}

TEST_F(ExtractorTest, TellsHowAProgramEnded) {
    const auto ending = [&](const std::string& script) {
        return extract_file(write("file", "%PDF-1.7"), {}, write_program(script)).code();
    };
    EXPECT_EQ(ending("kill -SEGV $$"), "extraction_crashed");
    EXPECT_EQ(ending("kill -KILL $$"), "extraction_crashed");
    EXPECT_EQ(ending("kill -XCPU $$"), "extraction_timeout");
    EXPECT_EQ(ending("exit 0"), "extraction_crashed");
    EXPECT_EQ(ending("echo garbage"), "extraction_crashed");
    EXPECT_EQ(extract_file(write("file", "%PDF-1.7"), {}, directory_ / "absent").code(),
              "extraction_unavailable");
}

TEST_F(ExtractorTest, EndsWhenTheComputingTimeIsUsedUp) {
    PdfWriter pdf;
    std::string content;
    for (int i = 0; i < 64; ++i) content += show(50, 700, "slow");
    // Forms that call one another twice: 2^40 times the content.
    const std::size_t first = 100;
    pdf.set(first, "<</Type/XObject/Subtype/Form/BBox[0 0 1 1]/Length 0>>\nstream\n\nendstream");
    for (std::size_t i = 1; i <= 40; ++i) {
        const std::string below = PdfWriter::reference(first + i - 1);
        pdf.add_stream("/X Do /X Do",
                       "/Type/XObject/Subtype/Form/BBox[0 0 600 800]"
                       "/Resources<</XObject<</X " +
                           below + ">>>>");
    }
    pdf.add_page("/X Do", "/Resources<</XObject<</X " + PdfWriter::reference(first + 40) + ">>>>");
    Limits limits;
    limits.cpu = std::chrono::seconds(1);
    const Extraction done = extract(pdf.build(), limits);
    EXPECT_EQ(done.code(), "extraction_timeout");
    EXPECT_EQ(done.summary.error().kind, ErrorKind::invalid);
}

TEST_F(ExtractorTest, TheSandboxHolds) {
    const auto file = write("file", "%PDF-1.7");
    const int input = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    const auto try_to = [&](const std::string& how) {
        auto process = SandboxedProcess::start(program(), {"--self-test", how}, {input},
                                               std::chrono::seconds(30));
        return process.value().wait().value();
    };
    EXPECT_EQ(try_to("do nothing"), SandboxedProcess::Ending::exited);
    for (const char* how : {"open", "socket", "execve", "fork", "kill", "map-code"}) {
        EXPECT_EQ(try_to(how), SandboxedProcess::Ending::crashed) << how;
    }
    close(input);
}

}  // namespace
}  // namespace stoa::extraction
