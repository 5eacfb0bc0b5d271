// SPDX-License-Identifier: Apache-2.0
#include "postgres/hosts.hpp"

#include <gtest/gtest.h>

namespace stoa::postgres {
namespace {

TEST(Hosts, One_server_stays_as_it_is_written) {
    const auto hosts = hosts_of("host=/run/pg user=stoa dbname='a b'");
    ASSERT_TRUE(hosts);
    EXPECT_EQ(*hosts,
              (std::vector<Host>{{{"host", "/run/pg"}, {"user", "stoa"}, {"dbname", "a b"}}}));
    EXPECT_EQ(*hosts_of("postgresql:///stoa"), (std::vector<Host>{{{"dbname", "stoa"}}}));
}

TEST(Hosts, Several_servers_must_take_writes_unless_told_otherwise) {
    const auto hosts = hosts_of("postgresql://u@a:1,b:2/x");
    ASSERT_TRUE(hosts);
    ASSERT_EQ(hosts->size(), 2U);
    EXPECT_EQ((*hosts)[0].at("host"), "a");
    EXPECT_EQ((*hosts)[0].at("port"), "1");
    EXPECT_EQ((*hosts)[1].at("host"), "b");
    EXPECT_EQ((*hosts)[1].at("port"), "2");
    EXPECT_EQ((*hosts)[1].at("user"), "u");
    EXPECT_EQ((*hosts)[1].at("target_session_attrs"), "read-write");
    const auto any = hosts_of("host=a,b,c port=7 target_session_attrs=any");
    ASSERT_EQ(any->size(), 3U);
    EXPECT_EQ((*any)[2].at("port"), "7");
    EXPECT_EQ((*any)[2].at("target_session_attrs"), "any");
}

TEST(Hosts, Nonsense_is_told) {
    EXPECT_EQ(hosts_of("this is no conninfo").error().code, "settings_invalid");
    EXPECT_NE(hosts_of("host=a,b,c port=1,2").error().message.find("2 of port"), std::string::npos);
}

}  // namespace
}  // namespace stoa::postgres
