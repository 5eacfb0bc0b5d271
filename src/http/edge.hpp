// SPDX-License-Identifier: Apache-2.0
// One thread of the asynchronous edge: its io_context, the connections that live on it, and three
// ticks that spare each connection its own timers: deadlines are swept twice a second, sockets with
// something to send are flushed together, and work the pool refused is tried again.
#pragma once

#include "base/metrics.hpp"
#include "base/worker_pool.hpp"
#include "http/asio.hpp"
#include "http/census.hpp"
#include "http/server.hpp"
#include "http/status.hpp"
#include "http/tls.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace stoa::http {

/// A connection as its edge sees it; called on the edge's thread only.
class EdgeMember {
  public:
    virtual ~EdgeMember() = default;
    /// Closes or gives up what is past its deadline.
    virtual void sweep(SteadyClock::time_point now) = 0;
    /// The server stops: close now if idle, else as soon as what is under way has ended.
    virtual void wind_up() = 0;
    virtual void abort() = 0;
    /// Something may be written (sockets only).
    virtual void flush() = 0;

  private:
    friend class Edge;
    std::size_t slot_ = 0;
};

/// Requests by route, method and status, with their series looked up once. One edge's thread.
class RequestMeters {
  public:
    RequestMeters(Metrics& metrics, const Routes& routes);
    /// `route` is nothing for requests that matched none.
    void count(const Route* route, std::string_view method, int status, double seconds);

  private:
    struct Series {
        std::string method;
        SecondsHandle duration;
        std::vector<std::pair<int, CounterHandle>> by_status;
    };
    Series& series_of(std::size_t index, std::string_view method);

    Metrics& metrics_;
    const std::vector<Route>& routes_;
    std::vector<std::vector<Series>> by_route_;  ///< the last one is of unmatched requests
};

class Edge {
  public:
    Edge(Metrics& metrics, const Routes& routes);

    void start();
    /// Ends the thread. What is still a member is dropped; later posts do nothing.
    void end();
    asio::io_context& io() { return io_; }
    RequestMeters& meters() { return meters_; }

    void add(std::shared_ptr<EdgeMember> member);
    void remove(EdgeMember& member);
    template <class F>
    void for_each_member(F function) {
        for (auto i = members_.size(); i-- > 0;) {
            if (i < members_.size()) function(*std::shared_ptr<EdgeMember>(members_[i]));
        }
    }

    /// Any thread. Runs `function` on the edge's thread, later.
    template <class F>
    void post(F&& function) {
        const std::lock_guard lock(mutex_);
        if (!ended_) asio::post(io_, std::forward<F>(function));
    }
    /// Any thread. Flushes `member` at the next tick.
    void flush_soon(std::shared_ptr<EdgeMember> member);
    /// Any thread. Runs `function` on the edge's thread a few milliseconds from now.
    void retry_soon(std::function<void()> function);

  private:
    void arm_sweep(SteadyClock::duration rest, std::size_t left);
    void sweep_part(std::size_t left);
    void flush_dirty();
    void run_retries();

    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    Timer sweep_timer_{io_};
    Timer flush_timer_{io_};
    Timer retry_timer_{io_};
    RequestMeters meters_;
    std::vector<std::shared_ptr<EdgeMember>> members_;
    SteadyClock::time_point flushed_at_{};

    std::mutex mutex_;  ///< of what other threads hand over
    bool ended_ = false;
    std::vector<std::shared_ptr<EdgeMember>> dirty_;
    std::vector<std::function<void()>> retries_;
    std::jthread thread_;
};

/// What all connections share. They hold it, so that a task that outlives the server is harmless.
struct Core {
    Core(ServerOptions chosen, const Routes& table, Authenticator check, WorkerPool& workers,
         WorkerPool& slow_workers, Metrics& registry, Limiter limits);

    /// 503 `overloaded` or 429 `too_many_connections` if there are too many, in all or of `peer`.
    tl::expected<ConnectionTicket, Refusal> admit(const Address& peer);

    ServerOptions options;
    const Routes& routes;
    Authenticator authenticate;
    Limiter limiter;  ///< may be empty
    WorkerPool& pool;
    WorkerPool& slow_pool;
    std::atomic<bool> draining = false;  ///< answers end their connections
    std::atomic<bool> stopping = false;
    std::optional<TlsContext> tls;  ///< of new connections; the first edge's thread once it runs
    Census connections;
    ShareCensus networks;
    ShareCensus uploads_by_user;
    ShareCensus slow_by_user;
    Census refusals;  ///< connections that live only to be told why
    Census sockets;   ///< until their handlers are destroyed
    CounterHandle socket_messages_in;
    CounterHandle socket_messages_out;
    CounterHandle sockets_overloaded;
    CounterHandle answers_cut;
    std::vector<std::unique_ptr<Edge>> edges;
};

}  // namespace stoa::http
