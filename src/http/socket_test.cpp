// SPDX-License-Identifier: Apache-2.0
// WebSocket connections and the hub over real sockets.
#include "http/test_peer.hpp"
#include "http/websocket_frame.hpp"

#include <algorithm>
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stoa::http {
namespace {

using testing::HasSubstr;

/// What a handler was called with, in order, across threads.
class Calls {
  public:
    void add(std::string call) {
        const std::lock_guard lock(mutex_);
        calls_.push_back(std::move(call));
        changed_.notify_all();
    }
    /// The calls once `count` of them came; fewer after twenty seconds.
    std::vector<std::string> wait(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return calls_.size() >= count; });
        return calls_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> calls_;
};

/// Echoes, with a few commands to try what a handler may do.
class Echo : public SocketHandler {
  public:
    Echo(std::shared_ptr<Socket> socket, Calls& calls, Hub& hub, const RoomId& room)
        : socket_(std::move(socket)), calls_(calls), hub_(hub), room_(room) {}
    ~Echo() override { calls_.add("destroyed"); }

    void on_open() override {
        hub_.join(room_, socket_);
        calls_.add("open");
    }
    void on_text(std::string_view text) override {
        calls_.add(std::string(text));
        if (text == "throw") throw std::runtime_error("bug");
        if (text == "close") return socket_->close(close_code::not_found, "No such room.");
        if (text == "timer") return socket_->set_timer(std::chrono::milliseconds(1));
        socket_->send(text);
    }
    void on_timer() override { socket_->send("the timer"); }
    void on_close() override {
        hub_.leave(room_, socket_);
        calls_.add("close");
    }

  private:
    std::shared_ptr<Socket> socket_;
    Calls& calls_;
    Hub& hub_;
    RoomId room_;
};

class SocketTest : public testing::Test {
  protected:
    Calls calls;
    const RoomId room = RoomId::make();
    TestServer server{[this](TestServer& made) {
        made.options.threads = 2;
        made.options.connections_max = 1000;
        made.options.allowed_origins = {"https://app.example"};
        made.routes.socket("/echo",
                           [this, &made](const Request&, std::shared_ptr<Socket> socket)
                               -> Result<std::unique_ptr<SocketHandler>> {
                               socket->send("from the factory");
                               return std::make_unique<Echo>(std::move(socket), calls, made.hub,
                                                             room);
                           });
        made.routes.socket(
            "/none",
            [](const Request&,
               const std::shared_ptr<Socket>&) -> Result<std::unique_ptr<SocketHandler>> {
                return fail(ErrorKind::not_found, "room_not_found", "There is no such room.");
            });
        made.routes.socket(
            "/caller",
            [](const Request& request,
               const std::shared_ptr<Socket>&) -> Result<std::unique_ptr<SocketHandler>> {
                return fail(ErrorKind::conflict, request.caller ? "someone" : "nobody", "");
            });
    }};
    Peer peer{server.server->port()};

    void open() {
        ASSERT_EQ(peer.upgrade("/echo").status, 101);
        ASSERT_EQ(peer.read_message().payload, "from the factory");
    }
};

TEST_F(SocketTest, UpgradesAndEchoes) {
    const auto reply = peer.upgrade("/echo", "Sec-WebSocket-Protocol: stoa.v1, bearer.good\r\n");
    EXPECT_EQ(reply.status, 101);
    EXPECT_EQ(reply.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(reply.header("sec-websocket-protocol"), "stoa.v1");
    EXPECT_EQ(peer.read_message().payload, "from the factory");
    for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 65'535UL, 65'536UL}) {
        const std::string text(size, 'x');
        peer.send_text(text);
        const auto message = peer.read_message();
        EXPECT_EQ(message.opcode, 1);
        EXPECT_EQ(message.payload, text);
    }
}

TEST_F(SocketTest, RefusesWhatIsNoUpgrade) {
    EXPECT_EQ(server.get("/echo").status, 426);
    EXPECT_EQ(server
                  .get("/echo",
                       "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 12\r\n")
                  .header("sec-websocket-version"),
              "13");
    EXPECT_EQ(server
                  .get("/echo",
                       "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: short\r\n")
                  .status,
              400);
    EXPECT_EQ(peer.upgrade("/none").status, 404);
    // The connection is still one for requests.
    EXPECT_EQ(peer.upgrade("/caller").status, 409);
}

TEST_F(SocketTest, ChecksOriginsAndTokens) {
    const auto status = [&](std::string_view headers) {
        return Peer(server.server->port()).upgrade("/echo", headers).status;
    };
    EXPECT_EQ(status("Origin: https://evil.example\r\n"), 403);
    EXPECT_EQ(status("Origin: null\r\n"), 403);
    EXPECT_EQ(status("Origin: https://stoa.test\r\n"), 101);
    EXPECT_EQ(status("Origin: https://app.example\r\n"), 101);
    EXPECT_THAT(peer.upgrade("/caller", "Authorization: Bearer bad\r\n").body, HasSubstr("nobody"));
    EXPECT_THAT(peer.upgrade("/caller", "Sec-WebSocket-Protocol: stoa.v1, bearer.bad\r\n").body,
                HasSubstr("nobody"));
    EXPECT_THAT(peer.upgrade("/caller", "Authorization: Bearer good\r\n").body,
                HasSubstr("someone"));
    EXPECT_THAT(peer.upgrade("/caller").body, HasSubstr("nobody"));
}

TEST_F(SocketTest, CallsTheHandlerInOrderAndClosesOnce) {
    open();
    std::string frames;
    for (int i = 0; i < 500; ++i) frames += make_frame(Opcode::text, std::to_string(i), 1);
    peer.send(frames);
    for (int i = 0; i < 500; ++i) ASSERT_EQ(peer.read_message().payload, std::to_string(i));
    peer.send(make_frame(Opcode::close, std::string("\x03\xe8", 2), 1));
    EXPECT_EQ(peer.read_message().close_code(), 1000);
    EXPECT_TRUE(peer.at_end());
    const auto seen = calls.wait(503);
    ASSERT_EQ(seen.size(), 503U);
    EXPECT_EQ(seen.front(), "open");
    EXPECT_EQ(seen[501], "close");
    EXPECT_EQ(seen[502], "destroyed");
    EXPECT_EQ(server.hub.count(room), 0U);
}

TEST_F(SocketTest, NoticesThatThePeerVanished) {
    open();
    calls.wait(1);
    peer.vanish();
    EXPECT_EQ(calls.wait(3).back(), "destroyed");
}

TEST_F(SocketTest, ClosesWithTheHandlersCode) {
    open();
    peer.send_text("close");
    const auto message = peer.read_message();
    EXPECT_EQ(message.close_code(), 4404);
    EXPECT_EQ(message.payload.substr(2), "No such room.");
    peer.send(make_frame(Opcode::close, std::string("\x11\x34", 2), 1));
    EXPECT_TRUE(peer.at_end());
}

TEST_F(SocketTest, ClosesWhenTheHandlerThrows) {
    open();
    peer.send_text("throw");
    EXPECT_EQ(peer.read_message().close_code(), 1011);
}

TEST_F(SocketTest, CallsTheTimer) {
    open();
    peer.send_text("timer");
    EXPECT_EQ(peer.read_message().payload, "the timer");
}

TEST_F(SocketTest, AnswersPings) {
    open();
    peer.send(make_frame(Opcode::ping, "are you there", 7));
    const auto pong = peer.read_message();
    EXPECT_EQ(pong.opcode, 10);
    EXPECT_EQ(pong.payload, "are you there");
}

TEST_F(SocketTest, ClosesOnBrokenFrames) {
    const auto code = [&](std::string_view bytes) {
        Peer other(server.server->port());
        other.upgrade("/echo");
        other.read_message();
        other.send(bytes);
        return other.read_message().close_code();
    };
    EXPECT_EQ(code(make_frame(Opcode::text, "unmasked")), 1002);
    EXPECT_EQ(code(make_frame(Opcode::binary, "x", 1)), 1003);
    EXPECT_EQ(code(make_frame(Opcode::text, "\xff", 1)), 1007);
    EXPECT_EQ(code(make_frame(Opcode::text, std::string(65'537, 'x'), 1)), 1009);
}

TEST_F(SocketTest, FansOutToAHundredSockets) {
    std::vector<std::unique_ptr<Peer>> peers;
    for (int i = 0; i < 100; ++i) {
        peers.push_back(std::make_unique<Peer>(server.server->port()));
        ASSERT_EQ(peers.back()->upgrade("/echo").status, 101);
        peers.back()->read_message();
    }
    calls.wait(100);
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(server.hub.publish(room, "message " + std::to_string(i)), 100U);
    }
    for (auto& one : peers) {
        for (int i = 0; i < 50; ++i) {
            ASSERT_EQ(one->read_message().payload, "message " + std::to_string(i));
        }
    }
    peers.clear();
    calls.wait(300);
    EXPECT_EQ(server.hub.publish(room, "nobody"), 0U);
}

TEST_F(SocketTest, ClosesThoseWhoReadTooSlowly) {
    Peer slow(server.server->port(), 4096);
    ASSERT_EQ(slow.upgrade("/echo").status, 101);
    calls.wait(1);
    const std::string text(60'000, 'x');
    // The kernel takes some megabytes before our own buffer fills.
    while (server.metrics.expose().find("stoa_http_sockets_overloaded_total 1") ==
           std::string::npos) {
        server.hub.publish(room, text);
    }
    Peer::Message message;
    do {
        message = slow.read_message();
    } while (message.opcode == 1);
    EXPECT_EQ(message.close_code(), 1013);
}

TEST_F(SocketTest, TellsSocketsThatItRestarts) {
    open();
    calls.wait(1);
    std::jthread stopper([&] { server.server->stop(std::chrono::seconds(20)); });
    EXPECT_EQ(peer.read_message().close_code(), 1012);
    peer.send(make_frame(Opcode::close, std::string("\x03\xf4", 2), 1));
    EXPECT_TRUE(peer.at_end());
    stopper.join();
    EXPECT_EQ(calls.wait(3).back(), "destroyed");
}

TEST_F(SocketTest, NeverShowsTheTokenOfTheProtocol) {
    const auto reply = peer.upgrade("/echo", "Sec-WebSocket-Protocol: bearer.good\r\n");
    EXPECT_EQ(reply.status, 101);
    EXPECT_EQ(reply.header("sec-websocket-protocol"), "");
}

class Slow : public SocketHandler {
  public:
    Slow(Signal& leave, Signal& closed, std::atomic<int>& received)
        : leave_(leave), closed_(closed), received_(received) {}
    void on_open() override { leave_.wait(); }
    void on_text(std::string_view) override { ++received_; }
    void on_close() override { closed_.set(); }

  private:
    Signal& leave_;
    Signal& closed_;
    std::atomic<int>& received_;
};

TEST(Socket, StopsReadingWhileItsHandlerIsBusyAndLosesNothing) {
    Signal leave;
    Signal closed;
    std::atomic<int> received = 0;
    TestServer server([&](TestServer& made) {
        made.pool_threads = 1;
        made.pool_queue = 1;
        made.routes.socket(
            "/slow",
            [&](const Request&,
                const std::shared_ptr<Socket>&) -> Result<std::unique_ptr<SocketHandler>> {
                return std::make_unique<Slow>(leave, closed, received);
            });
    });
    Peer peer(server.server->port());
    ASSERT_EQ(peer.upgrade("/slow").status, 101);
    std::string frames;
    for (int i = 0; i < 1000; ++i) frames += make_frame(Opcode::text, "x", 1);
    peer.send(frames + make_frame(Opcode::close, {}, 1));
    leave.set();
    EXPECT_EQ(peer.read_message().close_code(), 1000);
    EXPECT_TRUE(closed.wait());
    EXPECT_EQ(received, 1000);
}

TEST(Socket, PingsAndDropsDeadPeers) {
    Calls calls;
    TestServer server([&](TestServer& made) {
        made.options.ping_interval = std::chrono::seconds(1);
        made.options.pong_timeout = std::chrono::seconds(2);
        made.routes.socket(
            "/echo",
            [&](const Request&,
                std::shared_ptr<Socket> socket) -> Result<std::unique_ptr<SocketHandler>> {
                return std::make_unique<Echo>(std::move(socket), calls, made.hub, RoomId{});
            });
    });
    Peer peer(server.server->port());
    ASSERT_EQ(peer.upgrade("/echo").status, 101);
    EXPECT_EQ(peer.read_message().opcode, 9);
    while (peer.read_message().opcode == 9) {
    }
    EXPECT_EQ(calls.wait(3).back(), "destroyed");
}

}  // namespace
}  // namespace stoa::http
