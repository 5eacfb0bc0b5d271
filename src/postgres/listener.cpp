// SPDX-License-Identifier: Apache-2.0
#include "postgres/listener.hpp"

#include "base/log.hpp"
#include "postgres/connection.hpp"
#include "postgres/sql.hpp"

#include <cerrno>
#include <system_error>
#include <thread>

#include <sys/eventfd.h>
#include <unistd.h>

namespace stoa::postgres {

namespace {

using std::chrono::steady_clock;

// A server that is gone without a word is noticed after this.
constexpr std::chrono::seconds probe_every{10};
constexpr std::chrono::milliseconds pause_min{100};
constexpr std::chrono::milliseconds pause_max{5'000};

}  // namespace

struct Listener::State {
    State(Options given, std::vector<std::string> names, Handlers functions)
        : options(std::move(given)),
          channels(std::move(names)),
          handlers(std::move(functions)),
          wake(eventfd(0, EFD_CLOEXEC)) {
        if (wake < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
        thread = std::thread([this] { run(); });
    }
    ~State() {
        const std::uint64_t one = 1;
        (void)!write(wake, &one, sizeof one);
        thread.join();
        close(wake);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    void run() {
        auto pause = pause_min;
        for (;;) {
            std::string why;
            auto connection = Connection::open(options, nullptr, why);
            if (connection && (*connection)->listen(channels)) {
                pause = pause_min;
                handlers.may_have_missed();
                if (!hear(**connection)) return;
            }
            if (Connection::wait_for_wake(wake, steady_clock::now() + pause)) return;
            pause = std::min(pause * 2, pause_max);
        }
    }

    /// Until the connection is lost (true) or this ends (false).
    bool hear(Connection& connection) {
        for (;;) {
            const auto event = connection.wait_or_wake(wake, steady_clock::now() + probe_every);
            if (event == Connection::Event::woken) return false;
            // An empty statement is answered by a server that lives.
            if (event == Connection::Event::nothing && !connection.run_script("listener.probe", ""))
                break;
            connection.take_notifications(handlers.notified);
            // A primary that was replaced hears nothing more of the others.
            if (connection.is_broken() || connection.is_outdated()) break;
        }
        log::warning("LISTEN was interrupted");
        return true;
    }

    const Options options;
    const std::vector<std::string> channels;
    const Handlers handlers;
    const int wake;
    std::thread thread;
};

Listener::Listener(Options options, std::vector<std::string> channels, Handlers handlers)
    : state_(
          std::make_unique<State>(std::move(options), std::move(channels), std::move(handlers))) {}

Listener::~Listener() = default;

void notify(Session& session, std::string_view channel, std::string_view payload) {
    session.defer(sql::notify_channel, channel, payload);
}

}  // namespace stoa::postgres
