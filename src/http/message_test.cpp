// SPDX-License-Identifier: Apache-2.0
#include "http/message.hpp"

#include "http/client.hpp"
#include "http/exchange.hpp"
#include "http/request_head.hpp"
#include "http/url.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace stoa::http {
namespace {

struct Filter {
    std::optional<std::string> q;
    std::optional<Int<1, 100>> limit;
    std::optional<bool> mine;
    std::optional<RoomId> room;
};
BOOST_DESCRIBE_STRUCT(Filter, (), (q, limit, mine, room))

Result<Filter> read(std::string_view query) {
    Request request;
    request.query = parse_target("/?" + std::string(query))->query;
    return request.query_as<Filter>();
}

TEST(Query, IsReadByTheMembersTypes) {
    const auto filter = read("q=1&limit=20&mine=true&room=0191f3a0-0000-7000-8000-000000000000");
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->q, "1");
    EXPECT_EQ(filter->limit->value, 20);
    EXPECT_EQ(filter->mine, true);
    EXPECT_TRUE(filter->room);
    EXPECT_FALSE(read("")->q);
    EXPECT_EQ(read("q=a+b%20%C3%A4")->q, "a b \u00e4");
}

TEST(Query, NamesEachWrongValue) {
    for (const auto* query : {"limit=0", "limit=101", "limit=x", "limit=", "limit=1.5",
                              "mine=maybe", "room=7", "unknown=1", "q=1&q=2"}) {
        const auto wrong = read(query);
        ASSERT_FALSE(wrong) << query;
        EXPECT_EQ(wrong.error().code, "validation_failed");
        ASSERT_EQ(wrong.error().fields.size(), 1U) << query;
        EXPECT_EQ(wrong.error().fields[0].loc[0], "query");
    }
}

TEST(Target, IsDecodedOrRefused) {
    EXPECT_EQ(parse_target("/a%20b/c+d")->path, "/a b/c+d");
    EXPECT_EQ(parse_target("http://host:80/a?b")->path, "/a");
    EXPECT_EQ(parse_target("/a?b&&c=&=d")->query, (Headers{{"b", ""}, {"c", ""}, {"", "d"}}));
    for (const auto* bad :
         {"", "*", "a", "http://host", "/%", "/%4", "/%00", "/%C3", "/#", "/?%ff", "/?a=%0"}) {
        const auto refused = parse_target(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, "malformed_target");
    }
    std::string many = "/?";
    for (int i = 0; i < 65; ++i) many += "a&";
    EXPECT_FALSE(parse_target(many));
}

TEST(Problem, ShowsEverythingButInternalDetail) {
    Error error{ErrorKind::invalid, "validation_failed", "Bad \"values\".", {}, {}};
    error.fields.push_back({{"body", "name"}, "Field required", "missing"});
    const auto problem_text = std::get<std::string>(problem(error, "id").body);
    EXPECT_EQ(problem_text,
              R"({"type":"/docs/errors#validation_failed","title":"Unprocessable Content",)"
              R"("status":422,"detail":"Bad \"values\".","code":"validation_failed",)"
              R"("request_id":"id","errors":[{"loc":["body","name"],"msg":"Field required",)"
              R"("type":"missing"}]})");
    Error extended{ErrorKind::conflict, "duplicate_document", "There already.", {}, {}};
    extended.extensions_json = R"({"document":{"id":"1"}})";
    const auto extended_text = std::get<std::string>(problem(extended, "id").body);
    EXPECT_TRUE(extended_text.ends_with(R"("request_id":"id","document":{"id":"1"}})"));
    const auto hidden = problem({ErrorKind::internal, "internal_error", "secret", {}, {}}, "id");
    EXPECT_EQ(std::get<std::string>(hidden.body).find("secret"), std::string::npos);
    const auto away =
        problem({ErrorKind::unavailable, "redis_away", "", {}, std::chrono::seconds(3)}, "id");
    EXPECT_EQ(away.headers.back(), (std::pair<std::string, std::string>("Retry-After", "3")));
}

TEST(Traceparent, IsTakenIfWellFormed) {
    EXPECT_EQ(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
              "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_TRUE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"));
    for (const auto* bad : {"", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                            "00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"}) {
        EXPECT_FALSE(parse_traceparent(bad)) << bad;
    }
}

TEST(HeadScan, FindsTheEndAtEverySplit) {
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\nnext";
    HeadScan scan({});
    for (std::size_t size = 0; size < head.size() - 4; ++size) {
        ASSERT_EQ(scan.find_end(std::string_view(head).substr(0, size)), 0U) << size;
    }
    EXPECT_EQ(scan.find_end(std::string_view(head).substr(0, head.size() - 4)), head.size() - 4);
    EXPECT_EQ(HeadScan({}).find_end(head), head.size() - 4);
}

bool is_public(const char* text) {
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1) {
        return is_public_address(reinterpret_cast<const sockaddr*>(&ipv4));
    }
    sockaddr_in6 ipv6{};
    ipv6.sin6_family = AF_INET6;
    EXPECT_EQ(inet_pton(AF_INET6, text, &ipv6.sin6_addr), 1) << text;
    return is_public_address(reinterpret_cast<const sockaddr*>(&ipv6));
}

TEST(Address, IsPublicOrNot) {
    for (const auto* text : {"1.1.1.1", "172.15.0.1", "172.32.0.1", "192.169.0.1", "223.255.255.1",
                             "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"}) {
        EXPECT_TRUE(is_public(text)) << text;
    }
    for (const auto* text :
         {"0.0.0.0",       "10.1.2.3",         "100.64.0.1",      "127.0.0.1",
          "127.8.8.8",     "169.254.169.254",  "172.16.0.1",      "172.31.255.255",
          "192.168.1.1",   "192.0.2.1",        "198.18.0.1",      "198.51.100.7",
          "203.0.113.9",   "224.0.0.1",        "255.255.255.255", "::",
          "::1",           "fe80::1",          "fc00::1",         "fd12::1",
          "ff02::1",       "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
          "2002:7f00:1::", "2001:db8::1",      "2001::1",         "::127.0.0.1"}) {
        EXPECT_FALSE(is_public(text)) << text;
    }
}

}  // namespace
}  // namespace stoa::http
