// SPDX-License-Identifier: Apache-2.0
#include "http/websocket_frame.hpp"

#include "http/socket.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace stoa::http {
namespace {

using Event = FrameReader::Event;

constexpr std::uint32_t mask = 0x37FA213D;

std::string fragment(int opcode, bool last, std::string_view payload) {
    auto frame = make_frame(static_cast<Opcode>(opcode), payload, mask);
    if (!last) frame[0] = static_cast<char>(frame[0] & 0x7F);
    return frame;
}

struct Seen {
    std::vector<std::pair<Event, std::string>> events;
    std::uint16_t code = 0;
};

Seen read(std::string_view bytes, std::size_t piece, std::uint64_t limit = 1024) {
    Seen seen;
    FrameReader reader(limit);
    while (!bytes.empty()) {
        auto part = bytes.substr(0, piece);
        bytes.remove_prefix(part.size());
        for (;;) {
            const auto event = reader.next(part);
            if (event == Event::more) break;
            seen.events.emplace_back(event, reader.payload());
            seen.code = reader.close_code();
            if (event == Event::failed || event == Event::close) return seen;
        }
    }
    return seen;
}

std::uint16_t failure(std::string_view bytes) {
    const auto seen = read(bytes, bytes.size());
    EXPECT_FALSE(seen.events.empty());
    return !seen.events.empty() && seen.events.back().first == Event::failed ? seen.code
                                                                             : std::uint16_t{0};
}

TEST(Frames, AreReadAtEverySplit) {
    const auto bytes = make_frame(Opcode::text, "Hello", mask) + fragment(1, false, "a\xe2\x82") +
                       make_frame(Opcode::ping, "now", mask) + fragment(0, false, "") +
                       fragment(0, true,
                                "\xac"
                                "b") +
                       make_frame(Opcode::binary, std::string(300, 'x'), mask) +
                       make_frame(Opcode::pong, "", mask) +
                       make_frame(Opcode::close,
                                  "\x0f\xa1"
                                  "bye",
                                  mask);
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        const auto seen = read(bytes, piece);
        const std::vector<std::pair<Event, std::string>> expected{
            {Event::text, "Hello"},    {Event::ping, "now"},
            {Event::text, "a\u20acb"}, {Event::binary, std::string(300, 'x')},
            {Event::pong, ""},         {Event::close, "bye"}};
        ASSERT_EQ(seen.events, expected) << piece;
        EXPECT_EQ(seen.code, 4001);
    }
}

TEST(Frames, BreakRules) {
    EXPECT_EQ(failure(make_frame(Opcode::text, "unmasked")), 1002);
    EXPECT_EQ(failure(fragment(0, true, "continues nothing")), 1002);
    EXPECT_EQ(failure(fragment(1, false, "a") + fragment(1, true, "b")), 1002);
    EXPECT_EQ(failure(fragment(9, false, "a")), 1002);
    EXPECT_EQ(failure(fragment(3, true, "a")), 1002);
    EXPECT_EQ(failure(fragment(11, true, "a")), 1002);
    EXPECT_EQ(failure(make_frame(Opcode::ping, std::string(126, 'a'), mask)), 1002);
    EXPECT_EQ(failure(std::string("\xc1\x80\0\0\0\0", 6)), 1002);         // RSV1
    EXPECT_EQ(failure(std::string("\x81\xfe\0\x01\0\0\0\0a", 9)), 1002);  // not minimal
    EXPECT_EQ(failure(std::string("\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0", 14)), 1002);
    EXPECT_EQ(failure(make_frame(Opcode::text, std::string(1025, 'a'), mask)), 1009);
    EXPECT_EQ(failure(fragment(1, false, std::string(1000, 'a')) +
                      fragment(0, true, std::string(25, 'a'))),
              1009);
    EXPECT_EQ(failure(make_frame(Opcode::text, "\xed\xa0\x80", mask)), 1007);
    EXPECT_EQ(failure(make_frame(Opcode::close, "a", mask)), 1002);
    EXPECT_EQ(failure(make_frame(Opcode::close, std::string("\x03\xed", 2), mask)), 1002);  // 1005
    EXPECT_EQ(failure(make_frame(Opcode::close, std::string("\x03\xe7", 2), mask)), 1002);  // 999
    EXPECT_EQ(failure(make_frame(Opcode::close, std::string("\x03\xe8\xff", 3), mask)), 1007);
}

TEST(Frames, AreMadeAsTheRfcShows) {
    EXPECT_EQ(make_frame(Opcode::text, "Hello"), "\x81\x05Hello");
    EXPECT_EQ(make_frame(Opcode::text, "Hello", mask),
              "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    EXPECT_EQ(make_frame(Opcode::binary, std::string(256, 'x')).substr(0, 4),
              std::string("\x82\x7e\x01\0", 4));
    EXPECT_EQ(make_frame(Opcode::binary, std::string(65'536, 'x')).substr(0, 10),
              std::string("\x82\x7f\0\0\0\0\0\x01\0\0", 10));
    EXPECT_EQ(make_close_frame(1000, std::string(200, 'x')).size(), 127U);
    EXPECT_EQ(TextFrame("Hello").text(), "Hello");
}

TEST(Frames, AcceptOnlyRealKeys) {
    EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (const auto* bad : {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQQ=",
                            "!GhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQQQ"}) {
        EXPECT_FALSE(accept_key(bad)) << bad;
    }
}

}  // namespace
}  // namespace stoa::http
