// SPDX-License-Identifier: Apache-2.0
#include "http/network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stoa::http {
namespace {

TrustedProxies proxies(const std::vector<std::string>& networks) {
    return TrustedProxies::parse(networks).value();
}

std::string client(const TrustedProxies& trusted, const Headers& headers,
                   std::string_view peer = "10.0.0.1") {
    return trusted.client_of(headers, parse_address(peer).value()).text();
}

TEST(Address, HasOneFormForEachAddress) {
    EXPECT_EQ(parse_address("::ffff:192.0.2.1"), parse_address("192.0.2.1"));
    EXPECT_EQ(parse_address("::ffff:192.0.2.1")->text(), "192.0.2.1");
    EXPECT_EQ(parse_address("2001:DB8:0:0::1")->text(), "2001:db8::1");
    for (const std::string_view wrong :
         {"", "192.0.2", "192.0.2.256", "192.0.2.1 ", "fe80::1%eth0", "[::1]", "localhost",
          "1111:2222:3333:4444:5555:6666:7777:8888:9999"}) {
        EXPECT_FALSE(parse_address(wrong)) << wrong;
    }
    EXPECT_FALSE(parse_address(std::string_view("::1\0", 4)));
}

TEST(Address, CountsAHouseholdAsOne) {
    EXPECT_EQ(network_of("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(network_of("::ffff:192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    EXPECT_EQ(network_of("unknown"), "unknown");
}

TEST(TrustedProxies, AreNetworksOfEitherFamily) {
    const auto trusted = proxies({"10.0.0.0/8", "192.0.2.7", "fd00::/8", "2001:db8::1/128"});
    for (const auto* in : {"10.255.0.1", "::ffff:10.0.0.1", "192.0.2.7", "fd12::3", "2001:db8::1"})
        EXPECT_TRUE(trusted.contains(parse_address(in).value())) << in;
    for (const auto* out : {"11.0.0.1", "192.0.2.6", "fe00::1", "2001:db8::2", "::1"})
        EXPECT_FALSE(trusted.contains(parse_address(out).value())) << out;
    EXPECT_TRUE(proxies({"0.0.0.0/0"}).contains(parse_address("203.0.113.9").value()));
    EXPECT_FALSE(proxies({"0.0.0.0/0"}).contains(parse_address("2001:db8::1").value()));
    EXPECT_TRUE(proxies({"::/0"}).contains(parse_address("2001:db8::1").value()));
}

TEST(TrustedProxies, RefuseWhatIsNoNetwork) {
    for (const auto* wrong : {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "fd00::/129",
                              "10.0.0.0/8/8", "proxy.example", "/8", ""}) {
        const auto parsed = TrustedProxies::parse({"127.0.0.1", wrong});
        ASSERT_FALSE(parsed) << wrong;
        EXPECT_EQ(parsed.error().code, "settings_invalid");
        EXPECT_THAT(parsed.error().message, testing::HasSubstr(wrong));
    }
}

TEST(TrustedProxies, TakeTheRightmostAddressThatIsNoneOfThem) {
    const auto trusted = proxies({"10.0.0.0/8", "fd00::/8"});
    const auto said = [&](const std::string& value) {
        return client(trusted, {{"x-forwarded-for", value}});
    };
    EXPECT_EQ(said("203.0.113.5"), "203.0.113.5");
    EXPECT_EQ(said("198.51.100.1, 203.0.113.5, 10.0.0.2"), "203.0.113.5");
    EXPECT_EQ(said("2001:db8::5,fd00::1 , 10.0.0.2"), "2001:db8::5");
    EXPECT_EQ(said("203.0.113.5:4711"), "203.0.113.5");
    EXPECT_EQ(said("[2001:db8::5]:4711"), "2001:db8::5");
    EXPECT_EQ(said("[2001:db8::5]"), "2001:db8::5");
    EXPECT_EQ(said("::ffff:203.0.113.5"), "203.0.113.5");
    EXPECT_EQ(said("203.0.113.5,, "), "203.0.113.5");
    EXPECT_EQ(said("10.0.0.3, 10.0.0.2"), "10.0.0.3");
    EXPECT_EQ(client(trusted, {}), "10.0.0.1");
}

TEST(TrustedProxies, ReadSeveralHeadersAsOneList) {
    const auto trusted = proxies({"10.0.0.0/8"});
    EXPECT_EQ(client(trusted, {{"x-forwarded-for", "198.51.100.1"},
                               {"host", "a"},
                               {"x-forwarded-for", "203.0.113.5, 10.0.0.2"}}),
              "203.0.113.5");
    EXPECT_EQ(
        client(trusted, {{"x-forwarded-for", "203.0.113.5"}, {"x-forwarded-for", "10.0.0.2"}}),
        "203.0.113.5");
}

TEST(TrustedProxies, StopAtWhatIsNoAddress) {
    const auto trusted = proxies({"10.0.0.0/8"});
    const auto said = [&](const std::string& value) {
        return client(trusted, {{"x-forwarded-for", value}});
    };
    EXPECT_EQ(said("203.0.113.5, unknown"), "10.0.0.1");
    EXPECT_EQ(said("203.0.113.5, _hidden, 10.0.0.2"), "10.0.0.2");
    EXPECT_EQ(said("[2001:db8::5"), "10.0.0.1");
    EXPECT_EQ(said("[2001:db8::5]x"), "10.0.0.1");
    EXPECT_EQ(said(std::string(8000, ',')), "10.0.0.1");
    std::string long_list = "203.0.113.5";
    for (std::size_t i = 0; i < TrustedProxies::hops_max; ++i) long_list += ",10.0.0.9";
    EXPECT_EQ(said(long_list), "10.0.0.9");
}

}  // namespace
}  // namespace stoa::http
