// SPDX-License-Identifier: Apache-2.0
// Pub/sub on one connection and one thread of its own. It reconnects with backoff and subscribes
// again by itself; because Redis forgets what nobody heard, `on_gap` tells after each
// (re)connection that messages may have been missed. In a cluster the connection is to any live
// master, and `on_gap` also tells when another master was lost: what was published there may not
// have got here. `subscribe`/`unsubscribe` from any thread.
#pragma once

#include "redis/client.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace stoa::redis {

class Subscriber {
  public:
    struct Handlers {
        std::function<void(std::string_view channel, std::string_view payload)> on_message;
        std::function<void()> on_gap;
    };
    /// The handlers are called on the subscriber's thread, one at a time. A wrong address is
    /// logged; such a subscriber never connects.
    Subscriber(Options options, Handlers handlers);
    ~Subscriber();
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;

    /// Returns when Redis has confirmed: what is published from then on is heard. When it is away
    /// or does not confirm within `command_timeout`, `on_gap` will be called once it has. Does not
    /// wait on the subscriber's own thread.
    void subscribe(const std::string& channel);
    void unsubscribe(const std::string& channel);
    [[nodiscard]] bool connected() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stoa::redis
