// SPDX-License-Identifier: Apache-2.0
#include "llm/sse_parser.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace stoa::llm {
namespace {

std::vector<std::string> read(std::string_view bytes, std::size_t piece) {
    std::vector<std::string> events;
    SseParser parser;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const auto fed = parser.feed(bytes.substr(at, piece), [&](const ServerEvent& event) {
            events.push_back(event.type + "|" + event.data);
            return true;
        });
        EXPECT_TRUE(fed);
    }
    return events;
}

TEST(SseParser, Any_cut_and_any_line_end_give_the_same_events) {
    const std::string_view bytes =
        "\xEF\xBB\xBF: hello\r\n\r\nevent: delta\rdata: one\ndata:two\r\n\r\ndata\n\n"
        "id: 7\nretry: 1\nunknown: x\ndata:  spaced\n\nevent: lonely\n\ndata: never ended";
    const std::vector<std::string> expected{"delta|one\ntwo", "message|", "message| spaced"};
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        EXPECT_EQ(read(bytes, piece), expected) << piece;
    }
}

TEST(SseParser, Stops_when_told_and_refuses_what_is_endless) {
    SseParser parser;
    int events = 0;
    ASSERT_TRUE(parser.feed("data: a\n\ndata: b\n\n", [&](const ServerEvent&) {
        ++events;
        return false;
    }));
    EXPECT_EQ(events, 1);
    const std::string endless(SseParser::event_bytes_max, 'x');
    const auto ignore = [](const ServerEvent&) { return true; };
    SseParser other;
    ASSERT_TRUE(other.feed(endless, ignore));
    const auto refused = other.feed("y", ignore);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "sse_too_large");
}

}  // namespace
}  // namespace stoa::llm
