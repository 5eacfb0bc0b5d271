// SPDX-License-Identifier: Apache-2.0
#include "app/listen_port.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stoa::app {
namespace {

std::string code_of(const Result<int>& claimed) {
    return claimed ? "" : std::string(claimed.error().code);
}

TEST(ClaimPort, FindsAFreeOne) {
    const auto port = claim_port("127.0.0.1", 0);
    ASSERT_TRUE(port);
    EXPECT_GT(*port, 0);
}

TEST(ClaimPort, NamesABusyOneAndTheWayOut) {
    const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(bind(other, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(listen(other, 1), 0);
    ASSERT_EQ(getsockname(other, reinterpret_cast<sockaddr*>(&address), &size), 0);
    const int busy = ntohs(address.sin_port);

    const auto claimed = claim_port("127.0.0.1", busy);
    ASSERT_EQ(code_of(claimed), "port_busy");
    EXPECT_NE(claimed.error().message.find(std::to_string(busy)), std::string::npos);
    EXPECT_NE(claimed.error().message.find("--port"), std::string::npos);
    close(other);
}

TEST(ClaimPort, RefusesWhatIsNoAddressOrPort) {
    EXPECT_EQ(code_of(claim_port("localhost.invalid", 0)), "settings_invalid");
    EXPECT_EQ(code_of(claim_port("127.0.0.1", 65536)), "settings_invalid");
    EXPECT_EQ(code_of(claim_port("127.0.0.1", -1)), "settings_invalid");
}

}  // namespace
}  // namespace stoa::app
