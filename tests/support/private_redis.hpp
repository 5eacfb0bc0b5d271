// SPDX-License-Identifier: Apache-2.0
// A Redis of the test's own: a Unix socket and a free port of loopback, nothing kept on disk.
//     testing::PrivateRedis redis;
//     redis::Client client{{.url = redis.url()}, metrics};
// One thread.
#pragma once

#include "support/child_process.hpp"

#include <memory>
#include <stdexcept>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace stoa::testing {

class PrivateRedis {
  public:
    explicit PrivateRedis(std::vector<std::string> more_arguments = {})
        : directory_("redis"), port_(find_free_port()), more_arguments_(std::move(more_arguments)) {
        start();
    }

    void start() {
        Program program{
            find_server(),
            // Debian's redis-tools has the server as redis-check-rdb: argv[0] decides.
            {"redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--unixsocket",
             socket_path(), "--dir", directory_.path(), "--save", "", "--appendonly", "no"},
            log_file()};
        program.arguments.insert(program.arguments.end(), more_arguments_.begin(),
                                 more_arguments_.end());
        server_ = std::make_unique<ChildProcess>(program);
        if (!wait_until([this] { return accepts(); }))
            throw std::runtime_error("redis-server: " + read_log(log_file()));
    }
    void kill_hard() {
        server_->kill_hard();
        unlink(socket_path().c_str());
    }

    static int find_free_port() {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* any = reinterpret_cast<sockaddr*>(&address);
        if (bind(fd, any, size) != 0 || getsockname(fd, any, &size) != 0)
            throw std::runtime_error("no free port");
        close(fd);
        return ntohs(address.sin_port);
    }
    [[nodiscard]] std::string url() const { return "unix://" + socket_path() + "?db=0"; }
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] pid_t pid() const { return server_->pid(); }

  private:
    static std::string find_server() {
        for (const char* file : {"/usr/bin/redis-server", "/usr/bin/redis-check-rdb"})
            if (access(file, X_OK) == 0) return file;
        throw std::runtime_error("no redis-server here; it is in the package redis-tools");
    }
    [[nodiscard]] bool accepts() const {
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket_path().copy(address.sun_path, sizeof address.sun_path - 1);
        const bool is_up = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        close(fd);
        return is_up;
    }
    [[nodiscard]] std::string socket_path() const { return directory_.path() + "/redis"; }
    [[nodiscard]] std::string log_file() const { return directory_.path() + "/log"; }

    PrivateDirectory directory_;
    int port_;
    std::vector<std::string> more_arguments_;
    std::unique_ptr<ChildProcess> server_;
};

}  // namespace stoa::testing
