// SPDX-License-Identifier: Apache-2.0
// Redis as a hint and a carrier: nothing that matters lives only here. One server or a cluster, as
// the address says; a bounded pool of connections to each node, each command with a deadline; a
// lost connection is made again at the next command. Any thread.
#pragma once

#include "base/metrics.hpp"
#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::redis {

struct Options {
    /// unix:///path?db=0 or, for a cluster, redis-cluster://host:port,host:port; url.hpp says all.
    std::string url = "redis://127.0.0.1:6379/0";
    std::size_t connections_max = 8;  ///< to each node
    std::chrono::milliseconds wait_max{1'000};
    std::chrono::milliseconds command_timeout{1'000};
};

struct Reply {
    /// `error` stays within this module.
    enum class Kind { nil, integer, text, list, error };
    Kind kind = Kind::nil;
    std::int64_t integer = 0;
    std::string text;
    std::vector<Reply> items;
};

using Command = std::vector<std::string>;

/// A Lua script and the name by which Redis keeps it.
class Script {
  public:
    explicit Script(std::string_view text);
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] const std::string& sha1() const { return sha1_; }

  private:
    std::string text_;
    std::string sha1_;
};

class CommandMetrics;
class Transport;

class Client {
  public:
    Client(Options options, Metrics& metrics);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// One command. `redis_unavailable` (503) if there is no answer in time, `redis_error`
    /// (internal) if Redis answers with an error, `redis_url` (invalid) if the address is none,
    /// `redis_cross_slot` (internal) if a cluster cannot do it at one node. `extra` lengthens the
    /// deadline for blocking commands. Sent again only if it is known that it was not done, or if
    /// twice is as good as once (a cluster asks the next node then: reads, PUBLISH).
    Result<Reply> run(const Command& command, std::chrono::milliseconds extra = {});
    /// Several commands in one round trip (to each node); the replies in their order. If one fails
    /// the others are done all the same, and the answer is the first error. Commands on one key
    /// keep their order, except that a cluster may do one later that it first refused.
    Result<std::vector<Reply>> pipeline(const std::vector<Command>& commands);
    /// The script, by its name if Redis has it.
    Result<Reply> run_script(const Script& script, const std::vector<std::string>& keys,
                             const std::vector<std::string>& arguments);
    /// PUBLISH; the number of subscribers that got it from the node that was asked. In a cluster
    /// it may reach a subscriber twice when a node dies.
    Result<std::int64_t> publish(std::string_view channel, std::string_view payload);
    Result<void> ping();

  private:
    Result<std::vector<Reply>> exchange(const std::vector<Command>& commands,
                                        std::chrono::milliseconds extra);
    [[nodiscard]] Result<Reply> result_of(Reply reply) const;
    std::unique_ptr<CommandMetrics> metrics_;
    Result<std::unique_ptr<Transport>> transport_;  ///< the error: what is wrong with the address
};

}  // namespace stoa::redis
