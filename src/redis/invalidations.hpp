// SPDX-License-Identifier: Apache-2.0
// Tells every node that what it keeps about a subject ("user:ID", "room:ID") may no longer hold.
// It only hastens what age does anyway: see fact_cache.hpp. Owner: the composition root; any
// thread.
#pragma once

#include "redis/client.hpp"
#include "redis/subscriber.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::redis {

inline constexpr std::string_view invalidations_channel = "stoa:invalidations";

class Invalidations {
  public:
    /// A subject, or nothing: everything may have changed.
    using Listener = std::function<void(std::optional<std::string_view> subject)>;

    explicit Invalidations(Client& client) : client_(client) {}
    /// From now on also hears what other nodes announce. Once.
    void listen(const Options& options);

    /// After the change was committed: this node knows when it returns, the others soon after. If
    /// Redis is away they learn by age.
    void announce(std::string_view subject);
    /// Called on any thread, until `remove_listener` has returned.
    void add_listener(const void* owner, Listener listener);
    void remove_listener(const void* owner);

  private:
    void tell(std::optional<std::string_view> subject) const;

    Client& client_;
    std::atomic<std::chrono::steady_clock::time_point> away_until_{};
    mutable std::mutex mutex_;
    std::map<const void*, Listener> listeners_;
    std::unique_ptr<Subscriber> subscriber_;
};

}  // namespace stoa::redis
