// SPDX-License-Identifier: Apache-2.0
#include "redis/subscriber.hpp"

#include "base/log.hpp"
#include "redis/cluster_watch.hpp"
#include "redis/wire.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace stoa::redis {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto backoff_first = 20ms;
constexpr auto backoff_max = 1'000ms;
constexpr auto ping_every = 2s;
// A Redis that is silent for this long is taken for dead.
constexpr auto silence_max = 5s;
// The answer to a PING with this text comes after those of all SUBSCRIBEs before it.
constexpr std::string_view synchronized = "synchronized";

}  // namespace

struct Subscriber::State {
    enum class Channel { asked, overdue, confirmed };

    State(Options given_options, Handlers given_handlers)
        : options(std::move(given_options)),
          handlers(std::move(given_handlers)),
          location(parse_url(options.url)),
          wake_up(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (!location) {
            log::error("cannot subscribe", {{"error.message", location.error().message}});
            return;
        }
        if (location->is_cluster)
            watch = std::make_unique<ClusterWatch>(location->addresses, [this] {
                has_cluster_changed = true;
                wake();
            });
        thread = std::thread([this] { run(); });
    }
    ~State() {
        is_ending = true;
        wake();
        if (thread.joinable()) thread.join();
        watch.reset();  // the thread asks it, and it wakes the thread
        close(wake_up);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    void wake() const { (void)eventfd_write(wake_up, 1); }

    /// Sleeps, or less if something is to be done. True: the socket (if any) has something.
    bool wait(int socket, std::chrono::milliseconds at_most) const {
        pollfd entries[] = {{wake_up, POLLIN, 0}, {socket, POLLIN, 0}};
        poll(entries, socket < 0 ? 1 : 2, static_cast<int>(at_most.count()));
        eventfd_t ignored = 0;
        if (entries[0].revents != 0) (void)eventfd_read(wake_up, &ignored);
        return entries[1].revents != 0;
    }

    void run() {
        {
            const std::lock_guard lock(mutex);
            own_thread = std::this_thread::get_id();
        }
        auto backoff = std::chrono::milliseconds(backoff_first);
        bool was_away = false;
        while (!is_ending) {
            std::string why;
            const auto address = next_address();
            auto opened = Wire::open(address, options.command_timeout, why);
            if (opened) {
                if (listen(**opened, address)) backoff = backoff_first;
                settle(false);
                was_away = false;
            } else if (!std::exchange(was_away, true)) {
                log::warning("the subscriber cannot reach Redis", {{"error.message", why}});
            }
            if (is_ending) return;
            const auto until = steady_clock::now() + backoff;
            while (!is_ending && steady_clock::now() < until) wait(-1, backoff);
            backoff = std::min(backoff * 2, std::chrono::milliseconds(backoff_max));
        }
    }

    /// Each time another node, of those that are known to live if there are any.
    Address next_address() {
        auto addresses = watch ? watch->list_masters() : std::vector<Address>();
        if (addresses.empty()) addresses = location->addresses;
        return addresses[turn++ % addresses.size()];
    }

    /// Whoever publishes at a lost master may have been heard by nobody; a node that the rest of
    /// the cluster has left hears nobody. False: another node is to be asked.
    bool follow_cluster(const Address& address) {
        if (!has_cluster_changed.exchange(false)) return true;
        const auto masters = watch->list_masters();
        const bool is_master = std::ranges::any_of(masters, [&](const Address& master) {
            return master.host == address.host && master.port == address.port;
        });
        if (!masters.empty() && !is_master) return false;
        if (is_connected) tell(handlers.on_gap);
        return true;
    }

    /// Until the connection is lost; true if it ever worked.
    bool listen(Wire& wire, const Address& address) {
        const auto deadline = [&] { return steady_clock::now() + options.command_timeout; };
        if (!wire.send(take_everything(), deadline())) return false;
        auto heard = steady_clock::now();
        auto pinged = heard;
        while (!is_ending) {
            const bool is_readable = wait(wire.socket(), 500ms);
            const auto now = steady_clock::now();
            if (watch && !follow_cluster(address)) break;
            if (is_readable) {
                heard = now;
                if (!wire.read_some() || !deliver(wire)) break;
            } else if (now - heard > silence_max) {
                log::warning("Redis is silent; connecting anew");
                break;
            }
            auto commands = take_commands();
            if (now - pinged > ping_every) {
                pinged = now;
                commands.push_back({"PING"});
            }
            if (!wire.send(commands, deadline())) break;
        }
        return is_connected;
    }

    /// What a new connection begins with.
    std::vector<Command> take_everything() {
        const std::lock_guard lock(mutex);
        takes_commands = true;
        pending.clear();
        Command subscribe{"SUBSCRIBE"};
        for (auto& [channel, state] : channels) {
            subscribe.push_back(channel);
            state = Channel::asked;
        }
        std::vector<Command> commands;
        if (subscribe.size() > 1) commands.push_back(std::move(subscribe));
        // PING with a text only works in this form for a connection that subscribes.
        commands.push_back({"SUBSCRIBE", own_channel});
        commands.push_back({"PING", std::string(synchronized)});
        return commands;
    }

    std::vector<Command> take_commands() {
        const std::lock_guard lock(mutex);
        return std::exchange(pending, {});
    }

    /// Everything that is here already; false if the connection is lost.
    bool deliver(Wire& wire) {
        for (;;) {
            auto reply = wire.receive_ready();
            if (!reply) return false;
            if (!*reply) return true;
            if ((*reply)->kind == Reply::Kind::error) return false;
            const auto& items = (*reply)->items;
            if (items.size() < 2) continue;
            if (items[0].text == "message" && items.size() == 3)
                tell([&] { handlers.on_message(items[1].text, items[2].text); });
            else if (items[0].text == "subscribe")
                confirm(items[1].text);
            else if (items[0].text == "pong" && items[1].text == synchronized) {
                settle(true);
                tell(handlers.on_gap);
            }
        }
    }

    void confirm(const std::string& channel) {
        bool is_overdue = false;
        {
            const std::lock_guard lock(mutex);
            const auto found = channels.find(channel);
            if (found == channels.end()) return;
            is_overdue = std::exchange(found->second, Channel::confirmed) == Channel::overdue;
        }
        confirmed.notify_all();
        if (is_overdue) tell(handlers.on_gap);
    }

    /// Nobody waits for the confirmation of a Redis that is away.
    void settle(bool connected) {
        {
            const std::lock_guard lock(mutex);
            is_connected = connected;
            takes_commands = connected;
        }
        confirmed.notify_all();
    }

    /// A handler's bug must not end the subscription of everybody else.
    static void tell(const std::function<void()>& handler) {
        if (!handler) return;
        try {
            handler();
        } catch (const std::exception& bug) {
            log::error("a subscriber's handler threw", {{"error.message", bug.what()}});
        }
    }

    void subscribe(const std::string& channel) {
        std::unique_lock lock(mutex);
        if (channels.emplace(channel, Channel::asked).second) ask({"SUBSCRIBE", channel});
        const auto is_settled = [&] {
            const auto found = channels.find(channel);
            return !is_connected || found == channels.end() || found->second == Channel::confirmed;
        };
        if (std::this_thread::get_id() != own_thread)
            confirmed.wait_for(lock, options.command_timeout, is_settled);
        const auto found = channels.find(channel);
        if (found != channels.end() && found->second == Channel::asked)
            found->second = Channel::overdue;
    }

    void unsubscribe(const std::string& channel) {
        const std::lock_guard lock(mutex);
        if (channels.erase(channel) == 0) return;
        ask({"UNSUBSCRIBE", channel});
    }

    /// A connection that is still to be made begins with all channels anyway.
    void ask(Command command) {
        if (!takes_commands) return;
        pending.push_back(std::move(command));
        wake();
    }

    const Options options;
    const Handlers handlers;
    const Result<Location> location;
    const std::string own_channel = "stoa:subscriber";
    const int wake_up;
    std::mutex mutex;
    std::condition_variable confirmed;
    std::map<std::string, Channel> channels;
    std::vector<Command> pending;
    bool takes_commands = false;
    std::thread::id own_thread;
    std::atomic<bool> is_connected = false;
    std::atomic<bool> is_ending = false;
    std::atomic<bool> has_cluster_changed = false;
    std::size_t turn = 0;
    std::unique_ptr<ClusterWatch> watch;
    std::thread thread;
};

Subscriber::Subscriber(Options options, Handlers handlers)
    : state_(std::make_unique<State>(std::move(options), std::move(handlers))) {}

Subscriber::~Subscriber() = default;

void Subscriber::subscribe(const std::string& channel) { state_->subscribe(channel); }

void Subscriber::unsubscribe(const std::string& channel) { state_->unsubscribe(channel); }

bool Subscriber::connected() const { return state_->is_connected; }

}  // namespace stoa::redis
