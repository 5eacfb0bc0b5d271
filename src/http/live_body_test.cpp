// SPDX-License-Identifier: Apache-2.0
// Answers that no thread stands behind, over real sockets.
#include "http/chunk_stream.hpp"
#include "http/test_peer.hpp"

#include <deque>
#include <thread>

#include <gtest/gtest.h>

namespace stoa::http {
namespace {

using namespace std::chrono_literals;

/// A server whose "/news" gives a new stream to each who asks.
struct NewsServer {
    std::mutex mutex;
    std::deque<std::shared_ptr<ChunkStream>> streams;
    Signal asked;
    TestServer server{[this](TestServer& made) {
        made.options.ping_interval = 1s;
        made.pool_threads = 1;
        made.routes.get("/news", Access::anyone, [this](Request&) {
            const std::lock_guard lock(mutex);
            streams.push_back(std::make_shared<ChunkStream>());
            streams.back()->offer("before ");
            asked.set();
            return Response{200, {}, LiveBody{streams.back(), "pulse "}};
        });
        made.routes.get("/quick", Access::anyone,
                        [](Request&) { return Response::text(200, "text/plain", "done"); });
    }};

    std::shared_ptr<ChunkStream> ask(Peer& peer) {
        peer.send("GET /news HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_TRUE(asked.wait());
        const std::lock_guard lock(mutex);
        return streams.back();
    }
};

bool comes_true(const std::function<bool()>& what) {
    for (const auto until = std::chrono::steady_clock::now() + 60s;
         std::chrono::steady_clock::now() < until;) {
        if (what()) return true;
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

std::string read_until(Peer& peer, std::string_view text) {
    std::string all;
    while (all.find(text) == std::string::npos) {
        const auto more = peer.read_bytes(1);
        if (more.empty()) return all + " (ended)";
        all += more;
    }
    return all;
}

TEST(LiveBody, TellsWhatIsOfferedAndKeepsTheConnection) {
    NewsServer news;
    Peer peer(news.server.server->port());
    const auto stream = news.ask(peer);
    stream->offer("one ");
    stream->offer("two");
    stream->end(true);
    stream->offer("too late");
    EXPECT_TRUE(stream->is_over());
    const auto reply = peer.read_reply();
    EXPECT_TRUE(reply.whole);
    EXPECT_EQ(reply.body, "before one two");
    peer.send("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(peer.read_reply().body, "done");
}

TEST(LiveBody, HoldsNoThread) {
    NewsServer news;
    std::deque<Peer> peers;
    for (int i = 0; i < 20; ++i) {
        news.ask(peers.emplace_back(news.server.server->port()));
        read_until(peers.back(), "before ");
    }
    EXPECT_EQ(news.server.get("/quick").body, "done");
}

TEST(LiveBody, ShowsThatItLives) {
    NewsServer news;
    Peer peer(news.server.server->port());
    const auto stream = news.ask(peer);
    EXPECT_EQ(read_until(peer, "pulse ").find("(ended)"), std::string::npos);
    EXPECT_FALSE(stream->is_over());
}

TEST(LiveBody, CutsAReaderThatIsTooSlow) {
    NewsServer news;
    Peer peer(news.server.server->port(), 64 * 1024);
    const auto stream = news.ask(peer);
    const std::string piece(64 * 1024, 'x');
    // The kernel's buffers take some; never more than ours is kept, and nobody waits.
    EXPECT_TRUE(comes_true([&] {
        stream->offer(piece);
        return stream->is_over();
    }));
    EXPECT_FALSE(peer.read_reply().whole);
}

TEST(LiveBody, SeesThatItsReaderHasLeft) {
    for (const bool reset : {true, false}) {
        NewsServer news;
        Peer peer(news.server.server->port());
        const auto stream = news.ask(peer);
        read_until(peer, "before ");
        reset ? peer.vanish() : peer.end_sending();
        EXPECT_TRUE(comes_true([&] { return stream->is_over(); }));
    }
}

TEST(LiveBody, IsWholeWhenTheServerStops) {
    NewsServer news;
    Peer peer(news.server.server->port());
    const auto stream = news.ask(peer);
    read_until(peer, "before ");
    std::jthread stopping([&] { news.server.server->stop(30s); });
    EXPECT_EQ(read_until(peer, "0\r\n\r\n").find("(ended)"), std::string::npos);
    EXPECT_TRUE(peer.at_end());
}

TEST(LiveBody, OfHeadIsOverAtOnce) {
    NewsServer news;
    Peer peer(news.server.server->port());
    peer.send("HEAD /news HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(peer.read_reply(true).status, 200);
    EXPECT_TRUE(news.streams.front()->is_over());
}

}  // namespace
}  // namespace stoa::http
