// SPDX-License-Identifier: Apache-2.0
// How long a peer may take: for its head, its body, between requests, for taking the answer, for
// all of it.
#include "http/test_peer.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace stoa::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t large = 12 * 1024 * 1024;
constexpr std::string_view post_large =
    "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n";

void add_routes(TestServer& server) {
    auto& routes = server.routes;
    routes.post("/post", Access::anyone,
                [](Request&) { return Response::text(200, "text/plain", "whole"); });
    routes.get("/large", Access::anyone,
               [](Request&) { return Response::text(200, "a/b", std::string(large, 'x')); });
    routes.get("/stream", Access::anyone, [](Request&) {
        return Response{200, {}, [](Stream& stream) {
                            const std::string piece(64 * 1024, 'x');
                            for (std::size_t sent = 0; sent < large; sent += piece.size()) {
                                if (!stream.write(piece)) return;
                            }
                        }};
    });
}

/// Sends a piece now and then until the answer comes; its status.
int trickle(Peer& peer, std::size_t piece_bytes) {
    const std::string piece(piece_bytes, 'x');
    std::jthread sender([&](const std::stop_token& stop) {
        while (!stop.stop_requested() && peer.send(piece)) std::this_thread::sleep_for(50ms);
    });
    return peer.read_reply().status;
}

/// Takes a piece now and then; how much came before the connection ended.
std::size_t sip(Peer& peer, std::chrono::milliseconds pause = 50ms) {
    std::size_t taken = 0;
    while (taken < large) {
        const auto bytes = peer.read_bytes(64 * 1024).size();
        if (bytes == 0) break;
        taken += bytes;
        std::this_thread::sleep_for(pause);
    }
    return taken;
}

TEST(Deadline, OfHeadsBodiesAndPauses) {
    TestServer server([](TestServer& made) {
        add_routes(made);
        made.options.header_timeout = 1s;
        made.options.body_timeout = 1s;
        made.options.idle_timeout = 1s;
    });
    Peer head(server.server->port());
    head.send("GET /hello HT");
    Peer body(server.server->port());
    body.send("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n{");
    Peer idle(server.server->port());
    EXPECT_EQ(head.read_reply().status, 408);
    EXPECT_EQ(body.read_reply().status, 408);
    EXPECT_TRUE(idle.at_end());
}

TEST(Deadline, AHeadThatTricklesIsNoHead) {
    TestServer server([](TestServer& made) {
        add_routes(made);
        made.options.header_timeout = 1s;
    });
    Peer peer(server.server->port());
    peer.send("GET /large HTTP/1.1\r\nHost: a\r\nX: ");
    EXPECT_EQ(trickle(peer, 1), 408);
}

TEST(Deadline, ABodyHasToComeFastEnoughAndToGoOnSo) {
    for (const std::size_t at_first : {0U, 800'000U}) {  // 80 seconds' worth
        TestServer server([](TestServer& made) {
            add_routes(made);
            made.options.body_timeout = 1s;
            made.options.bytes_per_second_min = 10'000;
        });
        Peer peer(server.server->port());
        peer.send(std::string(post_large) + std::string(at_first, 'x'));
        EXPECT_EQ(trickle(peer, 1), 408) << at_first;
    }
}

TEST(Deadline, ARequestHasToComeInTime) {
    TestServer server([](TestServer& made) {
        add_routes(made);
        made.options.request_timeout = 1s;
    });
    Peer peer(server.server->port());
    peer.send(post_large);
    EXPECT_EQ(trickle(peer, 1'000), 408);
}

TEST(Deadline, AnAnswerHasToBeTakenFastEnough) {
    for (const auto* path : {"/large", "/stream"}) {
        TestServer server([](TestServer& made) {
            add_routes(made);
            made.options.write_timeout = 1s;
            made.options.bytes_per_second_min = 1024 * 1024 * 1024;
        });
        Peer peer(server.server->port(), 64 * 1024);
        peer.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_LT(sip(peer), large) << path;
    }
}

TEST(Deadline, AnAnswerHasToBeTakenInTimeUnlessItStreams) {
    TestServer server([](TestServer& made) {
        add_routes(made);
        made.options.request_timeout = 1s;
    });
    Peer peer(server.server->port(), 64 * 1024);
    peer.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_LT(sip(peer), large);
    Peer listener(server.server->port(), 64 * 1024);
    listener.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_GE(sip(listener, 10ms), large);
}

}  // namespace
}  // namespace stoa::http
