// SPDX-License-Identifier: Apache-2.0
#include "http/server.hpp"

#include "http/test_peer.hpp"

#include <atomic>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stoa::http {
namespace {

using testing::HasSubstr;

struct Sum {
    long long a = 0;
    long long b = 0;
};
BOOST_DESCRIBE_STRUCT(Sum, (), (a, b))

void add_routes(TestServer& server) {
    server.options.allowed_origins = {"https://app.example"};
    auto& routes = server.routes;
    routes.get("/hello", Access::anyone,
               [](Request&) { return Response::text(200, "text/plain", "hello"); });
    routes.get("/items/{id}", Access::anyone, [](Request& request) {
        return Response::text(200, "text/plain", std::string(request.path_parameter("id")));
    });
    routes.get("/trace", Access::anyone, [](Request& request) {
        return Response::text(200, "text/plain", request.trace_id);
    });
    routes.get("/me", Access::signed_in, [](Request& request) {
        return Response::text(200, "text/plain", request.caller ? "someone" : "nobody");
    });
    routes.get("/bearer", Access::bearer, [](Request& request) {
        return Response::text(200, "text/plain",
                              request.bearer && !request.caller ? "a bearer" : "another");
    });
    routes.get("/maybe", Access::optional, [](Request& request) {
        return Response::text(200, "text/plain", request.caller ? "someone" : "nobody");
    });
    routes.get("/throws", Access::anyone,
               [](Request&) -> Response { throw std::runtime_error("secret detail"); });
    routes.get("/splits", Access::anyone, [](Request&) {
        auto response = Response::no_content();
        response.headers.emplace_back("X-Bad", "a\r\nX-Injected: 1");
        return response;
    });
    routes.post("/sum", Access::anyone,
                endpoint_with_body<Sum>([](const Request&, const Sum& sum) -> Result<Sum> {
                    return Sum{sum.a + sum.b, 0};
                }));
    routes.post("/private", Access::signed_in, [](Request& request) {
        return Response::text(200, "text/plain", std::to_string(request.body.size()));
    });
}

class ServerTest : public testing::Test {
  protected:
    TestServer server{add_routes};
};

TEST_F(ServerTest, AnswersWithTheHeadersEveryAnswerHas) {
    const auto reply = server.get("/hello");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "hello");
    EXPECT_TRUE(parse_uuid(reply.header("x-request-id")));
    EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(reply.header("referrer-policy"), "no-referrer");
    EXPECT_THAT(reply.header("date"), HasSubstr(" GMT"));
    EXPECT_EQ(server.get("/nothing").header("cache-control"), "no-store");
}

TEST_F(ServerTest, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
    Peer peer(server.server->port());
    std::string requests;
    for (int i = 0; i < 100; ++i) {
        requests += "GET /items/" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
        if (i % 10 == 0) requests += "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n";
    }
    ASSERT_TRUE(peer.send(requests));
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(peer.read_reply().body, std::to_string(i));
        if (i % 10 == 0) {
            EXPECT_EQ(peer.read_reply().status, 404);
        }
    }
    peer.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(peer.read_reply().header("connection"), "close");
    EXPECT_TRUE(peer.at_end());
}

TEST_F(ServerTest, ReadsAHeadThatComesByteByByte) {
    Peer peer(server.server->port());
    for (const char c : std::string_view("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")) {
        ASSERT_TRUE(peer.send({&c, 1}));
    }
    EXPECT_EQ(peer.read_reply().status, 200);
}

TEST_F(ServerTest, SpeaksHttp10) {
    Peer peer(server.server->port());
    peer.send("GET /hello HTTP/1.0\r\n\r\n");
    EXPECT_EQ(peer.read_reply().body, "hello");
    EXPECT_TRUE(peer.at_end());
}

TEST_F(ServerTest, AnswersHeadWithoutABody) {
    Peer peer(server.server->port());
    peer.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(peer.read_reply(true).header("content-length"), "5");
    EXPECT_EQ(peer.read_reply().body, "hello");
}

TEST_F(ServerTest, TellsWhatAPathTakes) {
    const auto reply = server.ask("DELETE /sum HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(reply.status, 405);
    EXPECT_EQ(reply.header("allow"), "OPTIONS, POST");
    EXPECT_EQ(server.ask("OPTIONS /hello HTTP/1.1\r\nHost: a\r\n\r\n").header("allow"),
              "OPTIONS, GET, HEAD");
    const auto brew = server.ask("BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(brew.status, 405);
    EXPECT_EQ(brew.header("allow"), "OPTIONS, GET, HEAD");
    EXPECT_EQ(server.ask("BREW /nothing HTTP/1.1\r\nHost: a\r\n\r\n").status, 501);
    EXPECT_EQ(server.ask("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n").status, 501);
}

TEST_F(ServerTest, AnswersProblemsAsRfc9457) {
    const auto reply = server.get("/nothing");
    EXPECT_EQ(reply.header("content-type"), "application/problem+json");
    const auto problem = json::parse(reply.body)->as_object();
    EXPECT_EQ(problem.at("type").as_string(), "/docs/errors#not_found");
    EXPECT_EQ(problem.at("title").as_string(), "Not Found");
    EXPECT_EQ(problem.at("status").as_int64(), 404);
    EXPECT_EQ(problem.at("code").as_string(), "not_found");
    EXPECT_EQ(std::string(problem.at("request_id").as_string()), reply.header("x-request-id"));
}

TEST_F(ServerTest, HidesWhatAHandlerThrew) {
    const auto reply = server.get("/throws");
    EXPECT_EQ(reply.status, 500);
    EXPECT_THAT(reply.body, HasSubstr("internal_error"));
    EXPECT_THAT(reply.body, testing::Not(HasSubstr("secret")));
}

TEST_F(ServerTest, LeavesOutHeadersThatWouldSplitTheAnswer) {
    const auto reply = server.get("/splits");
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.header("x-injected"), "");
}

TEST_F(ServerTest, ChecksTokens) {
    const auto without = server.get("/me");
    EXPECT_EQ(without.status, 401);
    EXPECT_EQ(without.header("www-authenticate"), "Bearer");
    EXPECT_EQ(server.get("/me", "Authorization: Bearer bad\r\n").status, 401);
    EXPECT_EQ(server.get("/me", "Authorization: Bearer good\r\n").body, "someone");
    EXPECT_EQ(server.get("/bearer").status, 401);
    EXPECT_EQ(server.get("/bearer", "Authorization: Bearer bad\r\n").status, 401);
    EXPECT_EQ(server.get("/bearer", "Authorization: Bearer good\r\n").body, "a bearer");
    EXPECT_EQ(server.get("/maybe").body, "nobody");
    EXPECT_EQ(server.get("/maybe", "Authorization: bearer good\r\n").body, "someone");
    EXPECT_EQ(server.get("/maybe", "Authorization: Bearer bad\r\n").status, 401);
}

TEST_F(ServerTest, ChecksTheTokenBeforeItReadsTheBody) {
    Peer peer(server.server->port());
    peer.send(
        "POST /private HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer bad\r\n"
        "Content-Length: 500000\r\n\r\nfirst bytes");
    EXPECT_EQ(peer.read_reply().status, 401);
    EXPECT_TRUE(peer.at_end());
}

TEST_F(ServerTest, AsksForTheBodyWhenExpected) {
    Peer peer(server.server->port());
    peer.send(
        "POST /private HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n"
        "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(peer.read_reply().status, 100);
    peer.send("12345");
    EXPECT_EQ(peer.read_reply().body, "5");
    EXPECT_EQ(server.get("/hello", "Expect: 200-ok\r\n").status, 417);
}

TEST_F(ServerTest, ReadsJsonBodies) {
    const auto post = [&](std::string_view type, std::string_view body) {
        return server.ask("POST /sum HTTP/1.1\r\nHost: a\r\nContent-Type: " + std::string(type) +
                          "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                          std::string(body));
    };
    EXPECT_EQ(post("application/json", R"({"a":2,"b":3})").body, R"({"a":5,"b":0})");
    EXPECT_EQ(post("application/json; charset=utf-8", R"({"a":2,"b":3})").status, 200);
    EXPECT_EQ(post("text/plain", R"({"a":2,"b":3})").status, 415);
    EXPECT_EQ(post("application/json", "{").status, 400);
    const auto wrong = post("application/json", R"({"a":"x","b":3})");
    EXPECT_EQ(wrong.status, 422);
    EXPECT_THAT(wrong.body, HasSubstr(R"("errors":[{"loc":["body","a"],"msg":)"));
}

TEST_F(ServerTest, ReadsChunkedBodies) {
    Peer peer(server.server->port());
    const std::string_view request =
        "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3;name=value\r\n{\"a\r\n0a\r\n\":20,\"b\":2\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n";
    for (const char c : request) ASSERT_TRUE(peer.send({&c, 1}));
    EXPECT_EQ(peer.read_reply().body, R"({"a":22,"b":0})");
    peer.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(peer.read_reply().body, "hello");
}

TEST_F(ServerTest, RefusesBodiesThatAreTooLarge) {
    EXPECT_EQ(server.ask("POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n").status,
              413);
    EXPECT_EQ(server
                  .ask("POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "100001\r\n")
                  .status,
              413);
    // The answer arrives although the peer goes on sending.
    Peer peer(server.server->port());
    peer.send("POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n");
    peer.send(std::string(4'000'000, 'x'));
    EXPECT_EQ(peer.read_reply().status, 413);
}

TEST_F(ServerTest, TakesOrMakesATraceId) {
    EXPECT_EQ(server
                  .get("/trace",
                       "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n")
                  .body,
              "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(server.get("/trace", "traceparent: 00-xyz\r\n").body.size(), 32U);
}

TEST_F(ServerTest, AllowsConfiguredOrigins) {
    const auto preflight = server.ask(
        "OPTIONS /sum HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\n"
        "Access-Control-Request-Method: POST\r\n\r\n");
    EXPECT_EQ(preflight.status, 204);
    EXPECT_EQ(preflight.header("access-control-allow-origin"), "https://app.example");
    EXPECT_THAT(preflight.header("access-control-allow-methods"), HasSubstr("POST"));
    // As a viewer of documents on another page asks for parts of them.
    for (const auto* name : {"Authorization", "Range", "If-None-Match", "Idempotency-Key"}) {
        EXPECT_THAT(preflight.header("access-control-allow-headers"), HasSubstr(name));
    }
    EXPECT_EQ(server.get("/hello", "Origin: https://app.example\r\n")
                  .header("access-control-allow-origin"),
              "https://app.example");
    EXPECT_EQ(server.get("/hello", "Origin: https://evil.example\r\n")
                  .header("access-control-allow-origin"),
              "");
    // A cache must not hand the answer for one origin, or for none, to another.
    for (const auto* origin :
         {"", "Origin: https://app.example\r\n", "Origin: https://evil.example\r\n"}) {
        EXPECT_EQ(server.get("/hello", origin).header("vary"), "Origin");
    }
    EXPECT_EQ(TestServer([](TestServer& made) {
                  add_routes(made);
                  made.options.allowed_origins.clear();
              })
                  .get("/hello")
                  .header("vary"),
              "");
}

TEST_F(ServerTest, CountsRequestsByRoute) {
    server.get("/items/1");
    server.get("/items/2");
    // A request is counted once its answer is out, which the peer may see a moment earlier.
    server.get("/hello");
    const auto text = server.metrics.expose();
    EXPECT_THAT(text, HasSubstr("stoa_http_requests_total{method=\"GET\",route=\"/items/{id}\","
                                "status=\"200\"} 2"));
    EXPECT_THAT(text, HasSubstr("stoa_http_request_duration_seconds_count"));
}

struct Strictness {
    std::string_view name;
    std::string_view bytes;
    int status;
};

class StrictnessTest : public ServerTest, public testing::WithParamInterface<Strictness> {};

TEST_P(StrictnessTest, RefusesAndCloses) {
    Peer peer(server.server->port());
    peer.send(GetParam().bytes);
    EXPECT_EQ(peer.read_reply().status, GetParam().status);
    EXPECT_TRUE(peer.at_end());
}

const std::string long_line = "GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string long_head =
    "GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(17'000, 'a') + "\r\n\r\n";
const std::string many_headers = [] {
    std::string head = "GET /hello HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 101; ++i) head += "X: 1\r\n";
    return head + "\r\n";
}();

INSTANTIATE_TEST_SUITE_P(
    Rfc9112, StrictnessTest,
    testing::Values(
        Strictness{"LengthAndChunked",
                   "POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                   400},
        Strictness{"ChunkedAndLength",
                   "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                   "Content-Length: 5\r\n\r\n0\r\n\r\n",
                   400},
        Strictness{
            "TwoLengths",
            "POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
        Strictness{
            "TwoEqualLengths",
            "POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400},
        Strictness{"LengthList", "POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n",
                   400},
        Strictness{"SignedLength", "POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n",
                   400},
        Strictness{"BareLf", "GET /hello HTTP/1.1\nHost: a\n\n", 400},
        Strictness{"BareLfInField", "GET /hello HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", 400},
        Strictness{"BareCr", "GET /hello HTTP/1.1\r\nHost: a\rX: 1\r\n\r\n", 400},
        Strictness{"ObsFold", "GET /hello HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400},
        Strictness{"ObsFoldOfEmpty", "GET /hello HTTP/1.1\r\nHost: a\r\nX:\r\n\t2\r\n\r\n", 400},
        Strictness{"NoHost", "GET /hello HTTP/1.1\r\n\r\n", 400},
        Strictness{"TwoHosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        Strictness{"OddHost", "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        Strictness{"Nul", std::string_view("GET /hello HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 38),
                   400},
        Strictness{"SpaceBeforeColon", "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        Strictness{"NoColon", "GET /hello HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400},
        Strictness{"TwoSpaces", "GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Strictness{"NoVersion", "GET /hello\r\nHost: a\r\n\r\n", 400},
        Strictness{"Http2", "GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", 400},
        Strictness{"NulInPath", "GET /hel%00lo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                   400},
        Strictness{"BadEscape", "GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400},
        Strictness{"NotUtf8", "GET /%ff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400},
        Strictness{"OtherCoding",
                   "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                   501},
        Strictness{"TwoCodings",
                   "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                   400},
        Strictness{"NoCoding", "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 501},
        Strictness{"ChunkedInHttp10",
                   "POST /sum HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        Strictness{"BadChunkSize",
                   "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                   400},
        Strictness{"ChunkWithoutItsEnd",
                   "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n",
                   400},
        Strictness{"BareLfInChunk",
                   "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\n{\r\n",
                   400},
        Strictness{"BareCrInChunk",
                   "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "2;a\rb\r\n{}\r\n0\r\n\r\n",
                   400},
        Strictness{"ChunkSizeBeyondAllNumbers",
                   "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "10000000000000002\r\n{}\r\n0\r\n\r\n",
                   400},
        Strictness{"SignedChunkSize",
                   "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "+2\r\n{}\r\n0\r\n\r\n",
                   400},
        Strictness{"PrefixedChunkSize",
                   "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "0x2\r\n{}\r\n0\r\n\r\n",
                   400},
        Strictness{"SpaceAfterChunkSize",
                   "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "2 \r\n{}\r\n0\r\n\r\n",
                   400},
        Strictness{"Garbage", "\x16\x03\x01\x02\r\n\r\n", 400},
        Strictness{"LongLine", long_line, 414}, Strictness{"LongHead", long_head, 431},
        Strictness{"ManyHeaders", many_headers, 431}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Server, RefusesWorkWhenThePoolIsFull) {
    Signal entered;
    Signal leave;
    TestServer server([&](TestServer& made) {
        made.pool_threads = 1;
        made.pool_queue = 1;
        made.routes.get("/waits", Access::anyone, [&](Request&) {
            entered.set();
            leave.wait();
            return Response::no_content();
        });
    });
    Peer first(server.server->port());
    first.send("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(entered.wait());
    Peer second(server.server->port());
    second.send("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n");
    while (server.pool->queued() == 0) std::this_thread::yield();
    const auto refused = server.get("/waits");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.header("retry-after"), "1");
    EXPECT_THAT(refused.body, HasSubstr("\"overloaded\""));
    leave.set();
    EXPECT_EQ(first.read_reply().status, 204);
    EXPECT_EQ(second.read_reply().status, 204);
}

TEST(Server, AnswersQuicklyWhileSlowHandlersWait) {
    Signal entered;
    Signal leave;
    TestServer server([&](TestServer& made) {
        made.pool_threads = 1;
        add_routes(made);
        made.routes.post_slow("/slow", Access::anyone, [&](Request&) {
            entered.set();
            leave.wait();
            return Response::no_content();
        });
    });
    const std::string_view ask = "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    Peer first(server.server->port());
    first.send(ask);
    ASSERT_TRUE(entered.wait());
    EXPECT_EQ(server.get("/hello").body, "hello");
    Peer second(server.server->port());
    second.send(ask);
    while (server.slow_pool->queued() == 0) std::this_thread::yield();
    EXPECT_EQ(server.ask(ask).status, 503);
    EXPECT_EQ(server.get("/hello").body, "hello");
    leave.set();
    EXPECT_EQ(first.read_reply().status, 204);
    EXPECT_EQ(second.read_reply().status, 204);
}

TEST(Server, FinishesWhatIsUnderWayWhenItStops) {
    Signal entered;
    Signal leave;
    TestServer server([&](TestServer& made) {
        made.routes.get("/waits", Access::anyone, [&](Request&) {
            entered.set();
            leave.wait();
            return Response::text(200, "text/plain", "done");
        });
    });
    Peer busy(server.server->port());
    Peer idle(server.server->port());
    busy.send("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(entered.wait());
    std::jthread stopper([&] { server.server->stop(std::chrono::seconds(20)); });
    EXPECT_TRUE(idle.at_end());
    leave.set();
    EXPECT_EQ(busy.read_reply().body, "done");
    EXPECT_TRUE(busy.at_end());
}

TEST(Server, SurvivesAHandlerThatOutlastsIt) {
    Signal entered;
    Signal leave;
    TestServer server([&](TestServer& made) {
        made.routes.get("/waits", Access::anyone, [&](Request&) {
            entered.set();
            leave.wait();
            return Response::no_content();
        });
    });
    Peer busy(server.server->port());
    busy.send("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(entered.wait());
    server.server->stop(std::chrono::milliseconds(0));
    server.server.reset();
    EXPECT_TRUE(busy.at_end());
    leave.set();
}

TEST(Server, SaysWhyItCannotListen) {
    TestServer first(add_routes);
    auto options = first.options;
    options.port = first.server->port();
    Server second(options, first.routes, Authenticator::Authenticate{}, *first.pool,
                  *first.slow_pool, first.metrics);
    EXPECT_EQ(second.start().error().code, "address_in_use");
    options.address = "not an address";
    Server third(options, first.routes, Authenticator::Authenticate{}, *first.pool,
                 *first.slow_pool, first.metrics);
    EXPECT_EQ(third.start().error().code, "address_unavailable");
}

}  // namespace
}  // namespace stoa::http
