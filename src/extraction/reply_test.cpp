// SPDX-License-Identifier: Apache-2.0
#include "extraction/reply.hpp"

#include <bit>

#include <gtest/gtest.h>

namespace stoa::extraction {
namespace {

std::string integer(std::uint32_t value, std::size_t width) {
    std::string bytes;
    for (std::size_t i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
}
std::string coordinate(float value) { return integer(std::bit_cast<std::uint32_t>(value), 4); }
std::string frame(char type, const std::string& payload) {
    return type + integer(static_cast<std::uint32_t>(payload.size()), 4) + payload;
}
std::string start(std::uint32_t pages, const std::string& title = "T", std::uint32_t format = 1) {
    return frame('S', integer(format, 1) + integer(pages, 4) +
                          integer(static_cast<std::uint32_t>(title.size()), 2) + title);
}
std::string word(std::uint32_t begin, std::uint32_t end, float x1 = 9) {
    return integer(begin, 4) + integer(end, 4) + coordinate(1) + coordinate(2) + coordinate(x1) +
           coordinate(8);
}
std::string heading(std::uint32_t begin, std::uint32_t end, std::uint32_t level) {
    return integer(begin, 4) + integer(end, 4) + integer(level, 1);
}
struct PageParts {
    float width = 600;
    std::uint32_t flags = 0;
    std::vector<std::string> headings{};
};
std::string page(std::uint32_t number, const std::string& text,
                 const std::vector<std::string>& words = {}, const PageParts& parts = {}) {
    std::string payload = integer(number, 4) + integer(parts.flags, 1) + coordinate(parts.width) +
                          coordinate(800) + integer(2, 2) + "iv" +
                          integer(static_cast<std::uint32_t>(text.size()), 4) + text +
                          integer(static_cast<std::uint32_t>(parts.headings.size()), 4);
    for (const std::string& each : parts.headings) payload += each;
    payload += integer(static_cast<std::uint32_t>(words.size()), 4);
    for (const std::string& each : words) payload += each;
    return frame('P', payload);
}
std::string image(std::uint32_t width, std::uint32_t height, std::size_t pixels) {
    return frame('I', integer(width, 4) + integer(height, 4) + std::string(pixels, 'g'));
}
std::string end(std::uint32_t broken = 0) {
    return frame('E', integer(broken, 4) + integer(5, 4) + integer(6, 4));
}

struct Outcome {
    std::vector<ReplyEvent> events;
    bool refused = false;
    bool finished = false;
};

Outcome parse(std::string_view bytes, std::size_t piece = 1) {
    Limits limits;
    limits.pages_max = 10;
    limits.page_bytes_max = 100;
    limits.output_bytes_max = 150;
    ReplyParser parser(limits);
    Outcome outcome;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
        parser.feed(bytes.substr(0, piece));
        while (true) {
            auto event = parser.next();
            outcome.refused = !event.has_value();
            if (outcome.refused) {
                EXPECT_EQ(event.error().code, "extraction_crashed");
                return outcome;
            }
            if (!*event) break;
            outcome.events.push_back(std::move(**event));
        }
    }
    outcome.finished = parser.finished();
    return outcome;
}

TEST(Reply, ReadsPagesHoweverTheyArrive) {
    const std::string bytes =
        start(2) + page(1, "one two", {word(0, 3), word(4, 7)}) + page(2, "") + end(1);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
        const Outcome outcome = parse(bytes, piece);
        ASSERT_EQ(outcome.events.size(), 4U);
        EXPECT_TRUE(outcome.finished);
        EXPECT_EQ(std::get<ReplyStart>(outcome.events[0]).page_count, 2);
        const Page& first = std::get<Page>(outcome.events[1]);
        EXPECT_EQ(first.label, "iv");
        EXPECT_EQ(first.text, "one two");
        EXPECT_EQ(first.words[1], (Word{4, 7, {1, 2, 9, 8}}));
        EXPECT_EQ(std::get<ReplyEnd>(outcome.events[3]).broken_pages, 1);
        EXPECT_EQ(std::get<ReplyEnd>(outcome.events[3]).replaced_characters, 5U);
        EXPECT_EQ(std::get<ReplyEnd>(outcome.events[3]).rows_left_out, 6U);
    }
}

TEST(Reply, ReadsHeadingsAndThePictureOfAScannedPage) {
    const Outcome outcome =
        parse(start(2) + page(1, "One two", {}, {600, 0, {heading(0, 3, 1), heading(4, 7, 2)}}) +
              image(2, 3, 6) + page(2, "", {}, {600, 1, {}}) + end());
    ASSERT_EQ(outcome.events.size(), 5U);
    EXPECT_EQ(std::get<Page>(outcome.events[1]).headings[1], (Heading{4, 7, 2}));
    EXPECT_EQ(std::get<ReplyImage>(outcome.events[2]).grey, "gggggg");
    EXPECT_TRUE(std::get<Page>(outcome.events[3]).needs_ocr);
}

TEST(Reply, ReadsATable) {
    const Outcome outcome = parse(frame('T', "{}"));
    ASSERT_EQ(outcome.events.size(), 1U);
    EXPECT_EQ(std::get<ReplyTable>(outcome.events[0]).json, "{}");
    EXPECT_TRUE(outcome.finished);
}

TEST(Reply, ReadsTheProfileOfADocumentOnce) {
    const std::string profile = frame('T', "{}");
    const Outcome outcome = parse(start(1) + profile + page(1, "One") + end());
    ASSERT_EQ(outcome.events.size(), 4U);
    EXPECT_EQ(std::get<ReplyTable>(outcome.events[1]).json, "{}");
    EXPECT_TRUE(outcome.finished);
    EXPECT_TRUE(parse(start(1) + profile + profile).refused);
}

TEST(Reply, ReadsAFailure) {
    const Outcome outcome = parse(frame('F', integer(2, 1)));
    ASSERT_EQ(outcome.events.size(), 1U);
    EXPECT_EQ(std::get<wire::Failure>(outcome.events[0]), wire::Failure::encrypted);
    EXPECT_TRUE(outcome.finished);
}

TEST(Reply, IsNotFinishedWithoutItsEnd) {
    EXPECT_FALSE(parse(start(1) + page(1, "x")).finished);
    EXPECT_FALSE(parse(end().substr(0, 3)).finished);
}

TEST(Reply, RefusesAllElse) {
    const std::string nan = coordinate(std::bit_cast<float>(0x7FC00000U));
    const std::vector<std::string> hostile = {
        "X",
        frame('F', integer(0, 1)),
        frame('F', integer(14, 1)),
        frame('F', integer(1, 1)) + "S",
        start(0),
        start(11),
        start(1) + start(1),
        start(1, std::string(1025, 't')),
        start(1, "\xFF"),
        start(1) + end(),
        start(1) + page(2, "x"),
        start(1) + page(1, "x") + page(2, "x"),
        start(1) + page(1, "x") + end(2),
        start(1) + page(1, "x") + end() + "E",
        page(1, "x"),
        start(2) + page(1, std::string(101, 'x')),
        start(2) + page(1, std::string(100, 'x')) + page(2, std::string(51, 'x')),
        start(1) + page(1, std::string("a\0b", 3)),
        start(1) + page(1, "\xC3"),
        start(1) + page(1, "ab", {word(0, 3)}),
        start(1) + page(1, "ab", {word(1, 1)}),
        start(1) + page(1, "ab", {word(1, 2), word(0, 1)}),
        start(1) + page(1, "\xC3\xA9", {word(0, 1)}),
        start(1) + page(1, "ab", {word(0, 1, 0.5F)}),
        start(1) + page(1, "ab", {word(0, 1, 1e7F)}),
        start(1) + page(1, "ab", {word(0, 1).substr(1)}),
        start(1) + page(1, "ab", {}, {-1, 0, {}}),
        start(1) + page(1, "ab", {}, {600, 2, {}}),
        start(1) + page(1, "ab", {}, {600, 0, {heading(0, 3, 1)}}),
        start(1) + page(1, "ab", {}, {600, 0, {heading(0, 1, 7)}}),
        start(1) + page(1, "ab", {}, {600, 0, {heading(1, 2, 1), heading(0, 1, 1)}}),
        start(1) + image(2, 3, 5),
        start(1) + image(0, 0, 0),
        start(1) + image(1, 1, 1) + image(1, 1, 1),
        start(1) + image(1, 1, 1) + page(1, "no scan"),
        image(1, 1, 1),
        start(1, "T", 0),
        start(1, "T", 7),
        frame('T', "{}") + frame('T', "{}"),
        frame('T', "{}") + "S",
        start(1) + frame('P', integer(1, 4) + integer(0, 1) + nan + nan + std::string(14, '\0')),
        "S" + integer(0xFFFFFFFFU, 4),
        "P" + integer(0x7FFFFFFFU, 4)};
    for (const std::string& bytes : hostile) {
        EXPECT_TRUE(parse(bytes).refused) << ::testing::PrintToString(bytes);
    }
}

}  // namespace
}  // namespace stoa::extraction
