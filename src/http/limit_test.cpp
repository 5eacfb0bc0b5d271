// SPDX-License-Identifier: Apache-2.0
#include "http/limit.hpp"

#include "http/test_peer.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stoa::http {
namespace {

using testing::HasSubstr;

std::string key_of(const Limit& limit, std::string address, bool with_user = false) {
    Request request;
    request.route = "/rooms/{id}";
    request.remote_address = std::move(address);
    if (with_user) request.caller = Caller{};
    return limit_key(request, "GET", limit);
}

TEST(LimitKey, NamesTheRouteAndWhoAsks) {
    const auto user = per_user(1, std::chrono::seconds(1));
    const auto address = per_address(1, std::chrono::seconds(1));
    EXPECT_EQ(key_of(address, "10.0.0.7", true), "GET /rooms/{id} address:10.0.0.7");
    EXPECT_EQ(key_of(user, "10.0.0.7", true), "GET /rooms/{id} user:" + UserId{}.str());
    EXPECT_EQ(key_of(user, "10.0.0.7"), key_of(address, "10.0.0.7"));
}

TEST(LimitKey, TakesAHouseholdOfIpv6AsOne) {
    const auto limit = per_address(1, std::chrono::seconds(1));
    EXPECT_EQ(key_of(limit, "2001:db8:1:2::3"), "GET /rooms/{id} address:2001:db8:1:2::/64");
    EXPECT_EQ(key_of(limit, "2001:db8:1:2:ffff::9"), key_of(limit, "2001:db8:1:2::3"));
    EXPECT_NE(key_of(limit, "2001:db8:1:3::3"), key_of(limit, "2001:db8:1:2::3"));
    EXPECT_EQ(key_of(limit, "::ffff:10.0.0.7"), key_of(limit, "10.0.0.7"));
}

class LimitTest : public testing::Test {
  protected:
    LimitTest() {
        server.emplace([this](TestServer& made) {
            const auto handler = [this](Request&) {
                ++handled;
                return Response::text(200, "text/plain", "done");
            };
            const auto twice = per_user(2, std::chrono::seconds(60));
            made.routes.get("/free", Access::anyone, handler);
            made.routes.get("/me", {Access::signed_in, twice}, handler);
            made.routes.get("/bearer", {Access::bearer, twice}, handler);
            made.routes.get("/open", {Access::anyone, twice}, handler);
            made.routes.upload("/files", {Access::signed_in, twice}, handler);
            const auto waiting = [this](Request&) {
                begun.release();
                may_end.acquire();
                return Response::text(200, "text/plain", "done");
            };
            made.routes.post_slow("/slow", Access::signed_in, waiting);
            made.routes.post_slow("/slow-for-all", Access::anyone, waiting);
            made.routes.get("/stuck", Access::anyone, waiting);
            made.routes.get_immediate("/immediate", Access::anyone, handler);
            made.options.slow_per_user_max = 1;
            made.options.uploads_per_user_max = 1;
            made.limiter = [this](const std::string& key, const Limit& limit) -> Allowance {
                const auto asked = count(key);
                if (asked > limit.requests) return {false, limit.requests, 0, limit.window};
                return {true, limit.requests, limit.requests - asked, limit.window};
            };
        });
    }
    /// Counts, and tells how many there are now.
    std::uint32_t count(const std::string& key, std::uint32_t more = 1) {
        const std::lock_guard lock(mutex);
        return counts[key] += more;
    }
    /// Asks for what does not end before `may_end`, and waits until it has begun.
    void begin(Peer& peer, std::string_view request) {
        peer.send(request);
        begun.acquire();
    }
    static std::string post(std::string_view path, std::string_view token) {
        const auto header =
            token.empty() ? "" : "Authorization: Bearer " + std::string(token) + "\r\n";
        return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + header +
               "Content-Length: 0\r\n\r\n";
    }
    std::atomic<int> handled = 0;
    std::counting_semaphore<> begun{0};
    std::counting_semaphore<> may_end{0};
    std::mutex mutex;
    std::map<std::string, std::uint32_t> counts;
    std::optional<TestServer> server;
};

TEST_F(LimitTest, TellsEveryAnswerOfALimitedRouteWhatIsLeft) {
    const auto first = server->get("/open");
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.header("ratelimit-limit"), "2");
    EXPECT_EQ(first.header("ratelimit-remaining"), "1");
    EXPECT_EQ(first.header("ratelimit-reset"), "60");
    EXPECT_EQ(server->get("/open").header("ratelimit-remaining"), "0");
    const auto refused = server->get("/open");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.header("ratelimit-remaining"), "0");
    EXPECT_EQ(refused.header("retry-after"), "60");
    EXPECT_THAT(refused.body, HasSubstr(R"("code":"rate_limited")"));
    EXPECT_EQ(handled, 2);
    EXPECT_EQ(server->get("/free").header("ratelimit-limit"), "");
}

TEST_F(LimitTest, CountsWhoIsKnownAndNobodyElse) {
    EXPECT_EQ(server->get("/me", "Authorization: Bearer bad\r\n").status, 401);
    EXPECT_EQ(server->get("/me").status, 401);
    EXPECT_EQ(server->get("/me", "Authorization: Bearer good\r\n").status, 200);
    EXPECT_EQ(server->get("/bearer", "Authorization: Bearer good\r\n").status, 200);
    EXPECT_EQ(count("GET /me user:" + UserId{}.str(), 0), 1U);
    EXPECT_EQ(count("GET /bearer user:" + UserId{}.str(), 0), 1U);
    EXPECT_EQ(counts.size(), 2U);
}

TEST_F(LimitTest, RefusesAnUploadBeforeItsBody) {
    count("POST /files user:" + UserId{}.str(), 2);
    Peer peer(server->server->port());
    peer.send(
        "POST /files HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n");
    EXPECT_EQ(peer.read_reply().status, 429);
    EXPECT_EQ(handled, 0);
}

TEST_F(LimitTest, CountsAConnectionsRequestsOneByOne) {
    Peer peer(server->server->port());
    for (const int expected : {200, 200, 429, 429}) {
        peer.send("GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(peer.read_reply().status, expected);
    }
    // A body in pieces: one count, taken before the body.
    peer.send(
        "GET /me HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n"
        "Content-Length: 2\r\n\r\n");
    peer.send("{}");
    EXPECT_EQ(peer.read_reply().header("ratelimit-remaining"), "1");
}

TEST_F(LimitTest, GivesOnePersonAShareOfTheLongRequests) {
    Peer first(server->server->port());
    Peer second(server->server->port());
    begin(first, post("/slow", "good"));
    second.send(post("/slow", "good"));
    const auto refused = second.read_reply();
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.header("retry-after"), "1");
    EXPECT_THAT(refused.body, HasSubstr(R"("code":"too_many_at_once")"));
    may_end.release(2);
    EXPECT_EQ(first.read_reply().status, 200);
    // The share is free before the connection's next request is read.
    first.send(post("/slow", "good"));
    EXPECT_EQ(first.read_reply().status, 200);
}

TEST_F(LimitTest, GivesOnePersonAShareOfTheUploads) {
    const auto begin_upload =
        "POST /files HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nExpect: 100-continue\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n";
    Peer first(server->server->port());
    first.send(begin_upload);
    EXPECT_EQ(first.read_reply().status, 100);
    Peer second(server->server->port());
    second.send(begin_upload);
    EXPECT_THAT(second.read_reply().body, HasSubstr(R"("code":"too_many_at_once")"));
}

TEST_F(LimitTest, LetsNobodyWaitForALongRequestWhoMayNotMakeIt) {
    Peer running(server->server->port());
    begin(running, post("/slow-for-all", ""));
    Peer waiting(server->server->port());
    waiting.send(post("/slow-for-all", ""));
    while (server->slow_pool->queued() == 0) std::this_thread::yield();  // now it is full
    EXPECT_EQ(server->ask(post("/slow", "bad")).status, 401);
    EXPECT_EQ(server->ask(post("/slow", "good")).status, 503);
    may_end.release(2);
    EXPECT_EQ(running.read_reply().status, 200);
    EXPECT_EQ(waiting.read_reply().status, 200);
}

TEST_F(LimitTest, AnswersAtOnceWhileAllWorkersWait) {
    std::vector<std::unique_ptr<Peer>> peers;
    for (std::size_t i = 0; i < server->pool_threads; ++i) {
        peers.push_back(std::make_unique<Peer>(server->server->port()));
        begin(*peers.back(), "GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    EXPECT_EQ(server->get("/immediate").status, 200);
    may_end.release(static_cast<std::ptrdiff_t>(peers.size()));
    for (const auto& peer : peers) EXPECT_EQ(peer->read_reply().status, 200);
}

}  // namespace
}  // namespace stoa::http
