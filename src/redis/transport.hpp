// SPDX-License-Identifier: Apache-2.0
// How commands get to Redis and answers back: to the one server, or to a cluster's nodes. Private.
// Any thread.
#pragma once

#include "redis/node_pool.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace stoa::redis {

class Transport {
  public:
    virtual ~Transport() = default;
    /// The replies in the order of the commands (at least one), errors that Redis answers among
    /// them. `extra` lengthens the deadline.
    virtual Result<std::vector<Reply>> exchange(const std::vector<Command>& commands,
                                                std::chrono::milliseconds extra) = 0;
};

class Standalone : public Transport {
  public:
    Standalone(const Address& address, const Options& options, CommandMetrics& metrics)
        : options_(options), pool_(address, options_, {}, metrics) {}

    Result<std::vector<Reply>> exchange(const std::vector<Command>& commands,
                                        std::chrono::milliseconds extra) override;

  private:
    const Options options_;
    NodePool pool_;
};

}  // namespace stoa::redis
