// SPDX-License-Identifier: Apache-2.0
// Redis as a hint and a carrier: nothing that matters lives only here. A bounded pool of
// connections, each command with a deadline; a lost connection is made again at the next command.
// Any thread.
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
    std::string url =
        "redis://127.0.0.1:6379/0";  ///< or unix:///path?db=0; may carry user:password@
    std::size_t connections_max = 8;
    std::chrono::milliseconds wait_max{1'000};
    std::chrono::milliseconds command_timeout{1'000};
};

struct Reply {
    enum class Kind { nil, integer, text, list };
    Kind kind = Kind::nil;
    std::int64_t integer = 0;
    std::string text;
    std::vector<Reply> items;
};

using Command = std::vector<std::string>;

class Client {
  public:
    Client(Options options, Metrics& metrics);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// One command. `redis_unavailable` (503) if there is no answer in time, `redis_error`
    /// (internal) if Redis answers with an error, `redis_url` (invalid) if the address is none.
    /// `extra` lengthens the deadline for blocking commands. Never sent twice.
    Result<Reply> run(const Command& command, std::chrono::milliseconds extra = {});
    /// Several commands in one round trip; the replies in their order. If one fails the others are
    /// done all the same, and the answer is the first error.
    Result<std::vector<Reply>> pipeline(const std::vector<Command>& commands);
    /// PUBLISH; the number of subscribers that got it.
    Result<std::int64_t> publish(std::string_view channel, std::string_view payload);
    Result<void> ping();

  private:
    struct Pool;
    Result<std::vector<Reply>> exchange(const std::vector<Command>& commands,
                                        std::chrono::milliseconds extra);
    [[nodiscard]] Error counted(Error error) const;
    Options options_;
    Metrics& metrics_;
    std::unique_ptr<Pool> pool_;
};

}  // namespace stoa::redis
