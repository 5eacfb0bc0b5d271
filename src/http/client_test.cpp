// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include "base/log.hpp"
#include "http/client_transfer.hpp"
#include "http/test_peer.hpp"

#include <array>
#include <atomic>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stoa::http {
namespace {

class ClientTest : public testing::Test {
  protected:
    Signal leave;
    std::string abroad;
    std::atomic<int> asked = 0;
    std::atomic<int> failures = 1'000;
    std::atomic<int> status = 503;
    TestServer server{[this](TestServer& made) {
        const auto redirect = [](std::string to) {
            return [to](Request&) { return Response{302, {{"Location", to}}, std::string()}; };
        };
        made.routes.get("/hello", Access::anyone, [](Request& request) {
            return Response::text(200, "text/plain",
                                  std::string(request.find_header("x-ask").value_or("nothing")));
        });
        made.routes.get("/trace", Access::anyone, [](Request& request) {
            const auto parent = request.find_header("traceparent");
            return Response::text(200, "a/b", std::string(parent.value_or("")));
        });
        made.routes.post("/echo", Access::anyone,
                         [](Request& request) { return Response::text(201, "a/b", request.body); });
        made.routes.put("/echo", Access::anyone,
                        [](Request& request) { return Response::text(200, "a/b", request.body); });
        made.routes.get("/once", Access::anyone, redirect("/hello"));
        made.routes.get("/loop", Access::anyone, redirect("/loop"));
        made.routes.get("/file-url", Access::anyone, redirect("file:///etc/passwd"));
        made.routes.get("/large", Access::anyone, [](Request&) {
            return Response::text(200, "a/b", std::string(100'000, 'x'));
        });
        made.routes.get("/pieces", Access::anyone, [](Request&) {
            return Response{200, {}, [](Stream& stream) {
                                for (int i = 0; i < 1000; ++i) {
                                    if (!stream.write("piece ")) return;
                                }
                            }};
        });
        made.routes.get("/abroad", Access::anyone, [this](Request&) {
            // The same server by another name is another origin.
            return Response{302, {{"Location", abroad + "/hello"}}, std::string()};
        });
        made.routes.get("/endless", Access::anyone, [](Request&) {
            return Response{200, {}, [](Stream& stream) {
                                while (stream.write(std::string(65'536, 'x'))) {
                                }
                            }};
        });
        const auto failing = [this](Request& request) {
            ++asked;
            if (asked > failures) return Response::text(200, "a/b", "well again");
            const auto after = request.find_query("after");
            Headers headers;
            if (after) headers.emplace_back("Retry-After", *after);
            return Response{status, std::move(headers), std::string("not now")};
        };
        made.routes.get("/failing", Access::anyone, failing);
        made.routes.post("/failing", Access::anyone, failing);
        made.routes.get("/silent", Access::anyone, [this](Request&) {
            leave.wait();
            return Response::no_content();
        });
    }};
    Client client;

    ~ClientTest() override { leave.set(); }
    Outbound to(std::string_view path) {
        Outbound request;
        request.url = "http://127.0.0.1:" + std::to_string(server.server->port());
        request.url += path;
        request.allow_private_addresses = true;
        return request;
    }
};

TEST_F(ClientTest, SendsAndReceives) {
    auto request = to("/hello");
    request.headers = {{"X-Ask", "something"}};
    const auto answer = client.send(request);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "something");
    EXPECT_EQ(answer->headers[0].first, "date");
    for (const auto method : {Method::post, Method::put}) {
        auto with_body = to("/echo");
        with_body.method = method;
        with_body.body = std::string("a\0b", 3);
        EXPECT_EQ(client.send(with_body)->body, with_body.body);
    }
    EXPECT_EQ(client.send(to("/nothing"))->status, 404);
}

TEST_F(ClientTest, FollowsAFewRedirectsOverHttpOnly) {
    EXPECT_EQ(client.send(to("/once"))->body, "nothing");
    EXPECT_EQ(client.send(to("/loop")).error().code, "upstream_unreachable");
    EXPECT_EQ(client.send(to("/file-url")).error().code, "url_refused");
    for (const auto* url : {"file:///etc/passwd", "gopher://127.0.0.1/", "", "no url"}) {
        auto other = to("");
        other.url = url;
        EXPECT_EQ(client.send(other).error().code, "url_refused") << url;
    }
}

TEST_F(ClientTest, StreamsUntilToldToStop) {
    std::string received;
    auto answer = client.stream(to("/pieces"), [&](std::string_view bytes) {
        received += bytes;
        return true;
    });
    ASSERT_TRUE(answer);
    EXPECT_EQ(received.size(), 6000U);
    EXPECT_EQ(answer->body, "");
    answer = client.stream(to("/pieces"), [](std::string_view) { return false; });
    EXPECT_EQ(answer->status, 200);
    // An error's body is not the stream.
    answer = client.stream(to("/nothing"), [](std::string_view) { return false; });
    EXPECT_EQ(answer->status, 404);
    EXPECT_FALSE(answer->body.empty());
}

TEST_F(ClientTest, RefusesPrivateAddressesAlsoOfConnectionsItHas) {
    auto guarded = to("/hello");
    guarded.allow_private_addresses = false;
    EXPECT_EQ(client.send(guarded).error().code, "address_refused");
    EXPECT_TRUE(client.send(to("/hello")));
    EXPECT_EQ(client.send(guarded).error().code, "address_refused");
}

TEST_F(ClientTest, KeepsItsLimits) {
    auto large = to("/large");
    large.answer_bytes_max = 99'999;
    EXPECT_EQ(client.send(large).error().code, "upstream_too_large");
    auto silent = to("/silent");
    silent.total_timeout = std::chrono::milliseconds(200);
    EXPECT_EQ(client.send(silent).error().code, "upstream_timeout");
    auto closed = to("/");
    closed.url = "http://127.0.0.1:1/";
    EXPECT_EQ(client.send(closed).error().code, "upstream_unreachable");
}

TEST_F(ClientTest, IsNotLedFromOneServerIntoItsOwnNetwork) {
    const auto port = std::to_string(server.server->port());
    for (const std::string host : {"localhost", "127.0.0.2", "[::ffff:127.0.0.1]"}) {
        abroad = "http://" + host + ":" + port;
        const auto refused = client.send(to("/abroad"));
        ASSERT_FALSE(refused) << host;
        EXPECT_EQ(refused.error().code, "address_refused") << host;
    }
    abroad = to("").url;
    EXPECT_EQ(client.send(to("/abroad"))->status, 200);
    // However it is spelled, and whatever was asked before.
    for (const std::string host : {"localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1",
                                   "[::1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "0"}) {
        auto named = to("");
        named.allow_private_addresses = false;
        named.url = "http://" + host + ":" + port + "/hello";
        const auto refused = client.send(named);
        ASSERT_FALSE(refused) << host;
        EXPECT_EQ(refused.error().code, "address_refused") << host;
    }
}

TEST_F(ClientTest, StopsAnEndlessAnswer) {
    auto endless = to("/endless");
    endless.answer_bytes_max = 1'000'000;
    EXPECT_EQ(client.send(endless).error().code, "upstream_too_large");
    std::size_t received = 0;
    const auto streamed = client.stream(endless, [&](std::string_view bytes) {
        received += bytes.size();
        return true;
    });
    EXPECT_EQ(streamed.error().code, "upstream_too_large");
    EXPECT_LE(received, 1'000'000U);
}

TEST_F(ClientTest, AsksAgainWhatMayBeRepeated) {
    failures = 2;
    auto answer = client.send(to("/failing"));
    EXPECT_EQ(answer->body, "well again");
    EXPECT_EQ(asked, 3);
    auto post = to("/failing");
    post.method = Method::post;
    asked = 0;
    EXPECT_EQ(client.send(post)->status, 503);
    EXPECT_EQ(asked, 1);
    post.repeat = Repeat::always;
    EXPECT_EQ(client.send(post)->body, "well again");
    auto never = to("/failing");
    never.repeat = Repeat::never;
    asked = 0;
    EXPECT_EQ(client.send(never)->status, 503);
    EXPECT_EQ(asked, 1);
    // What says that the request itself is wrong stays wrong.
    asked = 0;
    status = 404;
    EXPECT_EQ(client.send(to("/failing"))->status, 404);
    EXPECT_EQ(asked, 1);
}

TEST_F(ClientTest, HonoursRetryAfterOrReturns) {
    failures = 1;
    status = 429;
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(client.send(to("/failing?after=1"))->body, "well again");
    EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
    asked = 0;
    const auto later = client.send(to("/failing?after=30"));
    EXPECT_EQ(later->status, 429);
    EXPECT_EQ(later->retry_after, std::chrono::seconds(30));
    EXPECT_EQ(asked, 1);
    asked = 0;
    auto hurried = to("/failing?after=1");
    hurried.total_timeout = std::chrono::milliseconds(900);
    EXPECT_EQ(client.send(hurried)->status, 429) << "the deadline comes first";
}

TEST_F(ClientTest, RetriesAreFewOfManyRequests) {
    status = 429;  // which does not open the breaker
    constexpr int requests = 40;
    auto request = to("/failing");
    request.tries_max = 2;
    for (int i = 0; i < requests; ++i) EXPECT_EQ(client.send(request)->status, 429);
    EXPECT_GT(asked, requests);
    EXPECT_LE(asked, requests + 5 + requests / 5) << "what was saved, and a fifth";
}

TEST_F(ClientTest, LeavesAFailingServerAloneForAMoment) {
    Metrics metrics;
    const Client counted({.ca_file = "", .metrics = &metrics});
    auto request = to("/failing");
    request.tries_max = 1;
    request.upstream = "test";
    for (int i = 0; i < 5; ++i) EXPECT_EQ(counted.send(request)->status, 503);
    const auto refused = counted.send(request);
    EXPECT_EQ(refused.error().code, "upstream_unavailable");
    ASSERT_TRUE(refused.error().retry_after);
    EXPECT_LE(*refused.error().retry_after, std::chrono::seconds(5));
    EXPECT_EQ(asked, 5);
    request.is_probe = true;
    failures = 0;
    EXPECT_TRUE(counted.send(request)) << "a probe asks nevertheless";
    const auto text = metrics.expose();
    EXPECT_NE(text.find(R"(stoa_outbound_breaker_opened_total{upstream="test"} 1)"),
              std::string::npos);
    EXPECT_NE(text.find(R"(stoa_outbound_requests_total{outcome="5xx",upstream="test"} 5)"),
              std::string::npos)
        << text;
}

TEST_F(ClientTest, PassesTheTraceOn) {
    auto request = to("/trace");
    EXPECT_EQ(client.send(request)->body, "");
    const std::string trace = "0af7651916cd43dd8448eb211c80319c";
    const log::TraceScope scope(trace);
    EXPECT_TRUE(client.send(request)->body.starts_with("00-" + trace + "-"));
    EXPECT_EQ(client.send(request)->body.size(), 55U);
    request.headers = {{"Traceparent", "mine"}};
    EXPECT_EQ(client.send(request)->body, "mine");
}

/// Answers each request on each connection with the same bytes, one connection after the other.
class RepeatingServer {
  public:
    explicit RepeatingServer(std::string bytes) : answer_(std::move(bytes)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);  // NOLINT: as sockets want it
        EXPECT_EQ(::bind(socket_, any, size), 0);
        EXPECT_EQ(::listen(socket_, 8), 0);
        EXPECT_EQ(::getsockname(socket_, any, &size), 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~RepeatingServer() {
        ::shutdown(socket_, SHUT_RDWR);
        thread_.join();
        ::close(socket_);
    }
    RepeatingServer(const RepeatingServer&) = delete;
    RepeatingServer& operator=(const RepeatingServer&) = delete;
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] int connections() const { return connections_; }

  private:
    void serve() {
        for (int peer = ::accept(socket_, nullptr, nullptr); peer >= 0;
             peer = ::accept(socket_, nullptr, nullptr)) {
            ++connections_;
            std::array<char, 4096> request{};  // has no body, and comes in one piece
            while (::recv(peer, request.data(), request.size(), 0) > 0) {
                (void)::send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL);
            }
            ::close(peer);
        }
    }

    const std::string answer_;
    int socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    std::uint16_t port_ = 0;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

TEST(Stream, KeepsTheConnectionOfAnAnswerWhoseEndIsThere) {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string enough = "6\r\nenough\r\n";
    const RepeatingServer whole(head + enough + "4\r\nmore\r\n0\r\n\r\n");
    const RepeatingServer endless(head + enough);
    const Client client;
    const auto ask = [&](const RepeatingServer& server) {
        Outbound request;
        request.url = server.url();
        request.allow_private_addresses = true;
        std::string told;
        const auto answer = client.stream(request, [&](std::string_view bytes) {
            told += bytes;
            return false;
        });
        EXPECT_TRUE(answer);
        EXPECT_EQ(told, "enough") << "and nothing after the caller had enough";
    };
    for (int i = 0; i < 3; ++i) ask(whole);
    EXPECT_EQ(whole.connections(), 1);
    for (int i = 0; i < 3; ++i) ask(endless);
    EXPECT_EQ(endless.connections(), 3) << "what does not end is not waited for";
}

TEST(RetryAfter, IsSecondsOrADate) {
    EXPECT_EQ(parse_retry_after("7"), std::chrono::seconds(7));
    EXPECT_EQ(parse_retry_after("99999999999"), std::chrono::hours(24));
    EXPECT_EQ(parse_retry_after("Fri, 07 Nov 2014 23:59:59 GMT"), std::chrono::seconds(0));
    EXPECT_EQ(parse_retry_after("Fri, 07 Nov 2081 23:59:59 GMT"), std::chrono::hours(24));
    for (const auto* bad : {"", "-1", "soon", "1.5.9.x"}) EXPECT_FALSE(parse_retry_after(bad));
}

TEST(Origin, IsSchemeHostAndPort) {
    EXPECT_EQ(origin_of("HTTPS://User:secret@Example.ORG/a?b"), "https://example.org:443");
    EXPECT_EQ(origin_of("http://[::1]:8080/"), "http://[::1]:8080");
    EXPECT_FALSE(origin_of("ftp://example.org/"));
    EXPECT_FALSE(origin_of("http://"));
}

}  // namespace
}  // namespace stoa::http
