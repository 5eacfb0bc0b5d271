// SPDX-License-Identifier: Apache-2.0
#include "http/multipart.hpp"

#include "base/text.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace stoa::http {
namespace {

struct Seen : PartSink {
    std::vector<std::pair<PartHead, std::string>> parts;
    bool open = false;

    Result<void> begin_part(PartHead head) override {
        EXPECT_FALSE(std::exchange(open, true));
        parts.emplace_back(std::move(head), "");
        return {};
    }
    Result<void> write_part(std::string_view bytes) override {
        EXPECT_TRUE(open);
        parts.back().second += bytes;
        return {};
    }
    Result<void> end_part() override {
        EXPECT_TRUE(std::exchange(open, false));
        return {};
    }
};

const std::string body =
    "a preamble\r\n--b0undary\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n"
    "A \r\n--b0undar title\r\n--b0undary  \r\n"
    "content-type: application/pdf\r\nContent-Disposition: form-data; name=file; "
    "filename=\"a b.pdf\"\r\n\r\n\r\n--b0undary\r\n"
    "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--b0undary--\r\nan epilogue";

void expect_parts(const Seen& seen) {
    ASSERT_EQ(seen.parts.size(), 3U);
    EXPECT_EQ(seen.parts[0].first.name, "title");
    EXPECT_FALSE(seen.parts[0].first.is_file);
    EXPECT_EQ(seen.parts[0].second, "A \r\n--b0undar title");
    EXPECT_EQ(seen.parts[1].first.name, "file");
    EXPECT_EQ(seen.parts[1].first.file_name, "a b.pdf");
    EXPECT_EQ(seen.parts[1].first.content_type, "application/pdf");
    EXPECT_EQ(seen.parts[1].second, "");
    EXPECT_FALSE(seen.open);
}

TEST(Multipart, GivesTheSamePartsAtEverySplit) {
    for (std::size_t first = 0; first <= body.size(); ++first) {
        for (const std::size_t middle : {0UL, 1UL, 2UL, 17UL}) {
            Seen seen;
            MultipartParser parser("b0undary", seen);
            const auto second = std::min(body.size(), first + middle);
            ASSERT_TRUE(parser.feed(std::string_view(body).substr(0, first)));
            ASSERT_TRUE(parser.feed(std::string_view(body).substr(first, second - first)));
            ASSERT_TRUE(parser.feed(std::string_view(body).substr(second)));
            ASSERT_TRUE(parser.finish());
            expect_parts(seen);
        }
    }
    Seen seen;
    MultipartParser parser("b0undary", seen);
    for (const char c : body) ASSERT_TRUE(parser.feed({&c, 1}));
    expect_parts(seen);
}

TEST(Multipart, RefusesABodyWithoutItsEnd) {
    const auto end = body.find("--b0undary--");
    for (std::size_t size = 0; size < end + 12; ++size) {
        Seen seen;
        MultipartParser parser("b0undary", seen);
        ASSERT_TRUE(parser.feed(std::string_view(body).substr(0, size)));
        EXPECT_EQ(parser.finish().error().code, "malformed_multipart");
    }
}

std::string_view code_of(std::string_view bytes) {
    Seen seen;
    MultipartParser parser("b", seen);
    const auto fed = parser.feed(bytes);
    return fed ? "none" : fed.error().code;
}

TEST(Multipart, RefusesMalformedParts) {
    const std::string disposition = "Content-Disposition: form-data; name=a\r\n";
    EXPECT_EQ(code_of("--b\r\n" + disposition + "\r\n"), "none");
    EXPECT_EQ(code_of("--bx\r\n"), "malformed_multipart");
    EXPECT_EQ(code_of("--b\n" + disposition + "\r\n"), "malformed_multipart");
    EXPECT_EQ(code_of("--b\r\n\r\nno head"), "malformed_multipart");
    EXPECT_EQ(code_of("--b\r\nContent-Type: text/plain\r\n\r\n"), "malformed_multipart");
    EXPECT_EQ(code_of("--b\r\nnonsense\r\n" + disposition + "\r\n"), "malformed_multipart");
    EXPECT_EQ(code_of("--b\r\nContent-Disposition: attachment; name=a\r\n\r\n"),
              "malformed_multipart");
    EXPECT_EQ(code_of("--b\r\nContent-Disposition: form-data\r\n\r\n"), "malformed_multipart");
    EXPECT_EQ(code_of("--b\r\nX: " + std::string(9000, 'x')), "malformed_multipart");
    EXPECT_EQ(code_of("--b" + std::string(200, ' ')), "malformed_multipart");
    std::string many;
    for (int i = 0; i < 33; ++i) many += "--b\r\n" + disposition + "\r\nx\r\n";
    EXPECT_EQ(code_of(many), "too_many_parts");
}

TEST(Multipart, FindsTheBoundary) {
    EXPECT_EQ(find_boundary("multipart/form-data; boundary=abc"), "abc");
    EXPECT_EQ(find_boundary("Multipart/Form-Data; charset=x; Boundary=\"a b:c\""), "a b:c");
    EXPECT_EQ(find_boundary("application/json").error().code, "unsupported_media_type");
    for (const std::string bad : {"", "; boundary=", "; boundary=\"\"", "; boundary=a\xff",
                                  "; boundary=\"a \"", "; boundary=\"open"}) {
        EXPECT_EQ(find_boundary("multipart/form-data" + bad).error().code, "malformed_multipart");
    }
    EXPECT_TRUE(find_boundary("multipart/form-data; boundary=" + std::string(70, 'a')));
    EXPECT_FALSE(find_boundary("multipart/form-data; boundary=" + std::string(71, 'a')));
}

std::string file_name(std::string_view parameter) {
    const auto head = parse_disposition("form-data; name=a; " + std::string(parameter));
    EXPECT_TRUE(head) << parameter;
    return head ? head->file_name : "failed";
}

TEST(Multipart, MakesFileNamesSafeToShow) {
    EXPECT_EQ(file_name(R"(filename="C:\dir\a.pdf")"), "a.pdf");
    EXPECT_EQ(file_name(R"(filename="../../etc/passwd")"), "passwd");
    EXPECT_EQ(file_name(R"(filename="..")"), "");
    EXPECT_EQ(file_name(R"(filename="say \"hi\".txt")"), "say \"hi\".txt");
    EXPECT_EQ(file_name("filename=\"a%22b%0D%0A 100%25.pdf\""), "a\"b 100%25.pdf");
    EXPECT_EQ(file_name("filename=plain.txt"), "plain.txt");
    EXPECT_EQ(file_name("filename=\"a\tb\x01"
                        "c\u0085.pdf\""),
              "abc.pdf");
    EXPECT_EQ(file_name("filename=\"\xe4.pdf\""), "\u00e4.pdf");
    EXPECT_EQ(file_name("filename=\"x\"; filename*=UTF-8''%e2%82%ac%20a.pdf"), "\u20ac a.pdf");
    EXPECT_EQ(file_name("filename=\"x\"; filename*=iso-8859-1'en'%e4"), "\u00e4");
    EXPECT_EQ(file_name("filename=\"x\"; filename*=UTF-8''%ff"), "x");
    std::string name;
    for (int i = 0; i < 200; ++i) name += "\u00e4";
    const auto cut = file_name("filename=\"a" + name + "\"");
    EXPECT_EQ(cut.size(), 255U);
    EXPECT_TRUE(is_utf8(cut));
}

}  // namespace
}  // namespace stoa::http
