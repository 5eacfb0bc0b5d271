// SPDX-License-Identifier: Apache-2.0
#include "redis/url.hpp"

#include <gtest/gtest.h>

namespace stoa::redis {
namespace {

Result<Address> parse_one(std::string_view url) {
    auto location = parse_url(url);
    if (!location) return fail(location);
    EXPECT_FALSE(location->is_cluster);
    return location->addresses.at(0);
}

TEST(RedisUrlTest, Nodes_of_a_cluster) {
    const auto location = parse_url("redis-cluster://me:p%40ss@a:7000,b,[::1]:7002");
    ASSERT_TRUE(location);
    EXPECT_TRUE(location->is_cluster);
    ASSERT_EQ(location->addresses.size(), 3U);
    EXPECT_EQ(location->addresses[0].host, "a");
    EXPECT_EQ(location->addresses[0].port, 7000);
    EXPECT_EQ(location->addresses[1].host, "b");
    EXPECT_EQ(location->addresses[1].port, 6379);
    EXPECT_EQ(location->addresses[2].host, "::1");
    for (const auto& address : location->addresses) EXPECT_EQ(address.password, "p@ss");
    for (const char* wrong : {"redis-cluster://", "redis-cluster://a,", "redis-cluster://a/1",
                              "redis-cluster://a,,b", "redis://a,b:1"})
        EXPECT_FALSE(parse_url(wrong)) << wrong;
}

TEST(RedisUrlTest, With_TLS) {
    const auto one = parse_one("rediss://me:p%3Fss@cache.example/3?ca=/etc/a%20b.pem");
    ASSERT_TRUE(one) << one.error().message;
    EXPECT_TRUE(one->is_tls);
    EXPECT_EQ(one->ca_file, "/etc/a b.pem");
    EXPECT_EQ(one->database, 3);
    EXPECT_EQ(one->password, "p?ss");
    EXPECT_TRUE(parse_one("rediss://a")->ca_file.empty());
    EXPECT_FALSE(parse_one("redis://a")->is_tls);
    const auto cluster = parse_url("rediss-cluster://a:7000,b?ca=/ca.pem");
    ASSERT_TRUE(cluster) << cluster.error().message;
    EXPECT_TRUE(cluster->is_cluster);
    ASSERT_EQ(cluster->addresses.size(), 2U);
    EXPECT_TRUE(cluster->addresses[1].is_tls);
    EXPECT_EQ(cluster->addresses[1].ca_file, "/ca.pem");
    EXPECT_EQ(cluster->addresses[1].host, "b");
    for (const char* wrong : {"rediss://a?ca=", "rediss://a?ca=b", "rediss://a?db=1",
                              "redis://a?ca=/b", "redisses://a"})
        EXPECT_FALSE(parse_url(wrong)) << wrong;
}

TEST(RedisUrlTest, Addresses) {
    const auto full = parse_one("redis://me:p%40ss:word@cache.example:6380/3");
    ASSERT_TRUE(full);
    EXPECT_EQ(full->host, "cache.example");
    EXPECT_EQ(full->port, 6380);
    EXPECT_EQ(full->user, "me");
    EXPECT_EQ(full->password, "p@ss:word");
    EXPECT_EQ(full->database, 3);

    const auto plain = parse_one("redis://localhost");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->host, "localhost");
    EXPECT_EQ(plain->port, 6379);
    EXPECT_EQ(plain->database, 0);

    EXPECT_EQ(parse_one("redis://:only@localhost/")->password, "only");
    EXPECT_EQ(parse_one("redis://[::1]:7000/1")->host, "::1");
    EXPECT_EQ(parse_one("redis://[::1]:7000/1")->port, 7000);

    const auto socket = parse_one("unix:///run/redis/redis.sock?db=2&password=p%26q");
    ASSERT_TRUE(socket);
    EXPECT_TRUE(socket->host.empty());
    EXPECT_EQ(socket->path, "/run/redis/redis.sock");
    EXPECT_EQ(socket->database, 2);
    EXPECT_EQ(socket->password, "p&q");
    EXPECT_EQ(parse_one("unix:///r.sock")->path, "/r.sock");
}

TEST(RedisUrlTest, Wrong_addresses_are_told_without_the_password) {
    for (const char* url :
         {"", "localhost:6379", "http://localhost", "rediss://", "redis://", "redis://:secret@",
          "redis://host:0", "redis://host:99999", "redis://host:secret", "redis://host/secret",
          "redis://host/-1", "redis://[::1", "redis://u:secret%zz@host", "unix://relative",
          "unix:///r?db=secret", "unix:///r?other=1", "redis://host:6379x"}) {
        const auto parsed = parse_url(url);
        ASSERT_FALSE(parsed) << url;
        EXPECT_EQ(parsed.error().code, "redis_url") << url;
        EXPECT_EQ(parsed.error().message.find("secret"), std::string::npos) << url;
    }
}

}  // namespace
}  // namespace stoa::redis
