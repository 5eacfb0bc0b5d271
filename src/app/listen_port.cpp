// SPDX-License-Identifier: Apache-2.0
#include "app/listen_port.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stoa::app {

Result<int> claim_port(const std::string& address, int wanted) {
    if (wanted < 0 || wanted > 65535) {
        return fail(ErrorKind::invalid, "settings_invalid",
                    "--port should be 0 to 65535, is " + std::to_string(wanted));
    }
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(address.c_str(), std::to_string(wanted).c_str(), &hints, &found) != 0) {
        return fail(ErrorKind::invalid, "settings_invalid",
                    "STOA_HTTP_ADDRESS should be an IP address, is \"" + address + "\"");
    }
    const int probe = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    int error = bind(probe, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
    if (error == 0 && listen(probe, 1) != 0) error = errno;
    std::array<char, NI_MAXSERV> port{};
    if (error == 0) {
        sockaddr_storage bound{};
        socklen_t size = sizeof bound;
        getsockname(probe, reinterpret_cast<sockaddr*>(&bound), &size);
        getnameinfo(reinterpret_cast<sockaddr*>(&bound), size, nullptr, 0, port.data(), port.size(),
                    NI_NUMERICSERV);
    }
    close(probe);
    freeaddrinfo(found);
    if (error == 0) return std::atoi(port.data());
    const auto why = error == EADDRINUSE ? std::string("is in use by another program")
                                         : std::string(std::strerror(error));
    return fail(ErrorKind::conflict, "port_busy",
                "port " + std::to_string(wanted) + " of " + address + ": " + why +
                    "; choose another with --port, for example --port " +
                    std::to_string(wanted < 1024 ? 8080 : wanted % 65535 + 1));
}

}  // namespace stoa::app
