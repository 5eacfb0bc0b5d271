// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include "http/test_peer.hpp"

#include <gtest/gtest.h>

namespace stoa::http {
namespace {

class ClientTest : public testing::Test {
  protected:
    Signal leave;
    TestServer server{[this](TestServer& made) {
        const auto redirect = [](std::string to) {
            return [to](Request&) { return Response{302, {{"Location", to}}, std::string()}; };
        };
        made.routes.get("/hello", Access::anyone, [](Request& request) {
            return Response::text(200, "text/plain",
                                  std::string(request.find_header("x-ask").value_or("nothing")));
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
    EXPECT_EQ(client.send(to("/file-url")).error().code, "upstream_unreachable");
    auto file = to("");
    file.url = "file:///etc/passwd";
    EXPECT_EQ(client.send(file).error().code, "upstream_unreachable");
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

}  // namespace
}  // namespace stoa::http
