// SPDX-License-Identifier: Apache-2.0
// For this module's tests: a blocking peer on a raw socket that sends exactly the bytes it is
// given, and a server with a few routes on a free port. One thread each.
#pragma once

#include "base/metrics.hpp"
#include "base/worker_pool.hpp"
#include "http/server.hpp"

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace stoa::http {

struct Reply {
    int status = 0;
    Headers headers;  ///< names in lower case
    std::string body;
    bool whole = false;  ///< its end was seen

    [[nodiscard]] std::string header(std::string_view name) const;
};

class Peer {
  public:
    explicit Peer(std::uint16_t port, int receive_buffer_bytes = 0);
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// False once the other side no longer takes bytes.
    bool send(std::string_view bytes);
    void end_sending();
    /// Ends with a reset: what was sent to it is refused from now on.
    void vanish();

    Reply read_reply(bool of_head_request = false);
    /// True if the other side ends the connection before it sends another byte.
    bool at_end();
    std::string read_bytes(std::size_t size);

    /// Sends the upgrade request and returns its answer.
    Reply upgrade(std::string_view path, std::string_view more_headers = {});
    void send_text(std::string_view text);
    struct Message {
        int opcode = -1;  ///< -1: the connection ended
        std::string payload;
        [[nodiscard]] int close_code() const;
    };
    Message read_message();

  private:
    bool fill();
    std::string take_line();

    int socket_;
    std::string in_;
};

/// Something that happens once on another thread, waited for with a limit.
class Signal {
  public:
    void set();
    /// False after ten seconds.
    bool wait();

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool set_ = false;
};

struct TestServer {
    explicit TestServer(std::function<void(TestServer&)> prepare);
    ~TestServer();
    Reply get(std::string_view path, std::string_view headers = {});
    Reply ask(std::string_view bytes);

    ServerOptions options;
    Routes routes;
    Limiter limiter;
    Metrics metrics;
    Hub hub;
    std::size_t pool_threads = 2;
    std::size_t pool_queue = 256;
    std::unique_ptr<WorkerPool> pool;
    std::unique_ptr<WorkerPool> slow_pool;
    std::unique_ptr<Server> server;
    std::filesystem::path directory;
};

}  // namespace stoa::http
