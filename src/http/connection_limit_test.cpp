// SPDX-License-Identifier: Apache-2.0
// How many connections are served, in all and of one address, and whose address counts.
#include "http/test_peer.hpp"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stoa::http {
namespace {

using testing::HasSubstr;

constexpr std::string_view who = "GET /who HTTP/1.1\r\nHost: a\r\n\r\n";

void add_routes(TestServer& server) {
    server.routes.get("/who", Access::anyone, [](Request& request) {
        return Response::text(200, "text/plain", request.remote_address);
    });
}

TrustedProxies trust(const std::vector<std::string>& networks) {
    return TrustedProxies::parse(networks).value();
}

void expect_refused(TestServer& server, int status, std::string_view code) {
    Peer refused(server.server->port());
    const auto reply = refused.read_reply();
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.header("connection"), "close");
    EXPECT_EQ(reply.header("retry-after"), "1");
    EXPECT_EQ(reply.header("content-type"), "application/problem+json");
    EXPECT_THAT(reply.body, HasSubstr(code));
    EXPECT_TRUE(refused.at_end());
}

/// Asks on `peer` until there is room again: a closed connection is noticed a moment later.
Reply ask_until_served(TestServer& server) {
    for (;;) {
        Peer peer(server.server->port());
        peer.send(who);
        if (auto reply = peer.read_reply(); reply.status == 200) return reply;
    }
}

TEST(ConnectionLimit, RefusesWhatIsTooManyInAll) {
    TestServer server([](TestServer& made) {
        add_routes(made);
        made.options.connections_max = 3;
    });
    std::deque<Peer> peers;
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(peers.emplace_back(server.server->port()).send(who));
        EXPECT_EQ(peers.back().read_reply().status, 200);
    }
    expect_refused(server, 503, "overloaded");
    EXPECT_TRUE(peers.front().send(who));
    EXPECT_EQ(peers.front().read_reply().status, 200) << "who is in stays in";
    peers.pop_back();
    EXPECT_EQ(ask_until_served(server).status, 200);
}

TEST(ConnectionLimit, RefusesWhatIsTooManyOfOneAddress) {
    TestServer server([](TestServer& made) {
        add_routes(made);
        made.options.connections_per_address_max = 2;
    });
    std::deque<Peer> peers;
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(peers.emplace_back(server.server->port()).send(who));
        EXPECT_EQ(peers.back().read_reply().status, 200);
    }
    expect_refused(server, 429, "too_many_connections");
    peers.pop_back();
    EXPECT_EQ(ask_until_served(server).status, 200);
}

TEST(ConnectionLimit, DoesNotCountTheConnectionsOfAProxy) {
    TestServer server([](TestServer& made) {
        add_routes(made);
        made.options.connections_per_address_max = 1;
        made.options.trusted_proxies = trust({"127.0.0.0/8"});
    });
    std::deque<Peer> peers;
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(peers.emplace_back(server.server->port()).send(who));
        EXPECT_EQ(peers.back().read_reply().status, 200);
    }
}

TEST(ForwardedFor, IsBelievedOfAProxyOnly) {
    TestServer plain(add_routes);
    EXPECT_EQ(plain.get("/who", "X-Forwarded-For: 203.0.113.5\r\n").body, "127.0.0.1");
    TestServer behind([](TestServer& made) {
        add_routes(made);
        made.options.trusted_proxies = trust({"127.0.0.1", "10.0.0.0/8"});
    });
    EXPECT_EQ(behind.get("/who").body, "127.0.0.1");
    EXPECT_EQ(behind.get("/who", "X-Forwarded-For: 203.0.113.5\r\n").body, "203.0.113.5");
    EXPECT_EQ(behind.get("/who", "X-Forwarded-For: 1.1.1.1, 203.0.113.5, 10.0.0.3\r\n").body,
              "203.0.113.5");
    EXPECT_EQ(
        behind.get("/who", "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2001:db8::7\r\n").body,
        "2001:db8::7");
    EXPECT_EQ(behind.get("/who", "X-Forwarded-For: not an address\r\n").body, "127.0.0.1");
}

}  // namespace
}  // namespace stoa::http
