// SPDX-License-Identifier: Apache-2.0
// LISTEN: a thread with a connection of its own that hears what others notify at their commit. It
// reconnects by itself and says whenever something may have passed unheard. Needs a connection of
// its own to the server, not one that a pooler shares. Made and ended by any thread; the handlers
// run on the listener's.
#pragma once

#include "postgres/database.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::postgres {

class Listener {
  public:
    struct Handlers {
        std::function<void(std::string_view channel, std::string_view payload)> notified;
        /// From now on nothing is missed; what was notified before may be. Called at the first
        /// connection and at each further one.
        std::function<void()> may_have_missed;
    };
    /// Begins at once; while the server is away it tries again, at the latest every 5 seconds.
    Listener(Options options, std::vector<std::string> channels, Handlers handlers);
    /// Waits for a handler that runs.
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Tells the listeners of `channel` when the transaction commits; not if it is rolled back. The
/// payload is less than 8000 bytes. Commits that notify wait for each other in the server: for rare
/// things. Travels with the transaction's next statement.
void notify(Session& session, std::string_view channel, std::string_view payload);

}  // namespace stoa::postgres
