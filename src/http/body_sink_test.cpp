// SPDX-License-Identifier: Apache-2.0
#include "http/body_sink.hpp"

#include "http/test_peer.hpp"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

namespace stoa::http {
namespace {

/// What one sink was told.
struct Told {
    std::string bytes;
    std::size_t longest_piece = 0;
    Signal begun;
    Signal ended;
    std::string end;  ///< "finish", "cut"; after `ended`
};

class TellingSink final : public BodySink {
  public:
    TellingSink(Told& told, const Request& request)
        : told_(told), wish_(request.find_header("x-wish").value_or("")) {}
    ~TellingSink() override { told_.ended.set(); }

    std::optional<Response> write(std::string_view bytes) override {
        if (wish_ == "refuse") return Response::text(409, "text/plain", "No.");
        if (wish_ == "throw") throw std::runtime_error("broken");
        told_.bytes += bytes;
        told_.longest_piece = std::max(told_.longest_piece, bytes.size());
        told_.begun.set();
        return std::nullopt;
    }
    Response finish() override {
        told_.end += "finish";
        return Response::text(200, "text/plain", std::to_string(told_.bytes.size()));
    }
    void cut() override { told_.end += "cut"; }

  private:
    Told& told_;
    const std::string wish_;
};

class BodySinkTest : public testing::Test {
  protected:
    static std::string head(std::size_t size, std::string_view more = {}) {
        return "PATCH /pour HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) +
               "\r\n" + std::string(more) + "\r\n";
    }

    Told told;
    TestServer server{[this](TestServer& made) {
        made.options.upload_bytes_max = 4'000'000;
        made.routes.pour("/pour", Access::anyone, [this](const Request& request) {
            return std::make_unique<TellingSink>(told, request);
        });
        made.routes.tell("/pour", {{"Tus-Version", "1.0.0"}});
    }};
};

TEST_F(BodySinkTest, GetsTheBodyAsItComes) {
    const std::string body(3'000'000, 'x');
    Peer peer(server.server->port());
    ASSERT_TRUE(peer.send(head(body.size()) + body.substr(0, 1'000'000)));
    ASSERT_TRUE(told.begun.wait()) << "before the rest was sent";
    ASSERT_TRUE(peer.send(body.substr(1'000'000)));
    const auto reply = peer.read_reply();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "3000000");
    ASSERT_TRUE(told.ended.wait());
    EXPECT_EQ(told.end, "finish");
    EXPECT_LE(told.longest_piece, 256U * 1024);
    EXPECT_EQ(told.bytes, body);
}

TEST_F(BodySinkTest, AnEmptyOrChunkedBodyIsOneToo) {
    EXPECT_EQ(server.ask(head(0)).body, "0");
    told.bytes.clear();
    const auto reply = server.ask(
        "PATCH /pour HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(reply.body, "5");
    EXPECT_EQ(told.bytes, "abcde");
}

TEST_F(BodySinkTest, HearsThatItsBodyWasCutAndHasAllThatCame) {
    {
        Peer peer(server.server->port());
        ASSERT_TRUE(peer.send(head(3'000'000) + std::string(700'000, 'x')));
        ASSERT_TRUE(told.begun.wait());
        peer.end_sending();
        ASSERT_TRUE(told.ended.wait());
    }
    EXPECT_EQ(told.end, "cut");
    EXPECT_EQ(told.bytes.size(), 700'000U);
}

TEST_F(BodySinkTest, AnEarlyAnswerEndsTheRequestAndTheConnection) {
    Peer peer(server.server->port());
    peer.send(head(3'000'000, "X-Wish: refuse\r\n") + std::string(500'000, 'x'));
    const auto reply = peer.read_reply();
    EXPECT_EQ(reply.status, 409);
    EXPECT_EQ(reply.body, "No.");
    EXPECT_EQ(reply.header("connection"), "close");
    ASSERT_TRUE(told.ended.wait());
    EXPECT_EQ(told.end, "");
}

TEST_F(BodySinkTest, WhatIsTooLargeIsRefusedAndWhatThrowsIsABug) {
    EXPECT_EQ(server.ask(head(4'000'001)).status, 413);
    EXPECT_EQ(server.ask(head(3, "X-Wish: throw\r\n") + "abc").status, 500);
    ASSERT_TRUE(told.ended.wait());
    EXPECT_EQ(told.end, "");
}

TEST_F(BodySinkTest, OptionsTellsWhatThePathSaysOfItself) {
    const auto reply = server.ask("OPTIONS /pour HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.header("tus-version"), "1.0.0");
    EXPECT_EQ(reply.header("allow"), "OPTIONS, PATCH");
}

}  // namespace
}  // namespace stoa::http
