// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 connection: reads a request, has it decided and handled on the worker pool, writes
// the answer, and reads the next. Requests that come ahead (pipelining) wait in the read buffer.
// Lives on one edge's thread; only the functions marked so run on a worker, and then the exchange
// is theirs.
#pragma once

#include "http/answer.hpp"
#include "http/chunk_stream.hpp"
#include "http/edge.hpp"
#include "http/exchange.hpp"
#include "http/pace.hpp"
#include "http/read_buffer.hpp"
#include "http/request_head.hpp"
#include "http/transport.hpp"

#include <memory>
#include <stop_token>
#include <string>

namespace stoa::http {

class SocketConnection;

class Connection final : public EdgeMember, public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<Core> core, Edge& edge, Transport transport, Address peer,
               ConnectionTicket ticket);

    /// With a refusal that is all it is told, whatever it asks.
    void start(std::optional<Refusal> refusal);
    void sweep(SteadyClock::time_point now) override;
    void wind_up() override;
    void abort() override;
    void flush() override;

  private:
    enum class Phase {
        handshake,  ///< of TLS
        idle,       ///< waits for a request's first byte
        head,       ///< reads the head
        deciding,   ///< a worker checks the token; the body waits
        body,       ///< reads the body
        storing,    ///< a worker writes a piece of an upload
        handling,   ///< a worker runs the handler
        answering,  ///< writes, or waits for the next piece of a stream
        lingering,  ///< has ended its side, and waits for the peer to do so
        closed
    };

    // Reading (connection.cpp)
    [[nodiscard]] bool is_too_slow(SteadyClock::time_point now);
    void shake_hands();
    void begin();
    void read_more();
    void on_readable(boost::system::error_code error);
    void advance();
    void advance_head();
    void advance_body();
    void next_request();
    void linger();

    // From a head to the handler (connection_exchange.cpp)
    void begin_exchange(RequestHead head);
    [[nodiscard]] Address client_address() const;
    bool route_exchange();
    void refuse_method(const std::vector<Method>& allowed);
    bool begin_body(std::uint64_t content_length);
    void answer_options(const Routes::Match& match);
    bool find_token();
    void decide();
    void continue_body();
    void take_share();
    void read_body();
    void store();
    void dispatch();
    void refuse_unread(const Refusal& refusal, Headers headers = {});
    void refuse(const Refusal& refusal, Headers headers = {});
    void refuse(const Error& error);
    bool skip_body();
    void submit_or_refuse(WorkerPool& pool, void (Connection::*work)());
    // On a worker (connection_work.cpp)
    void decide_on_worker();
    void store_on_worker();
    void pour_on_worker();
    void handle_on_worker();
    void open_socket_on_worker();
    Result<void> authenticate();
    Result<void> admit();
    void send_answer(Response response);
    std::function<void()> waker();

    // WebSocket (connection_upgrade.cpp)
    void begin_upgrade();
    void upgrade(std::shared_ptr<SocketConnection> socket, std::unique_ptr<SocketHandler> handler);

    // Writing (connection_answer.cpp)
    void deliver(Answer answer, std::shared_ptr<ChunkStream> stream);
    bool write_bytes();
    bool take_from_file();
    bool write_stream();
    bool after_write(Transport::State state);
    void wait_writable();
    void finish_answer();
    void account(bool whole);
    [[nodiscard]] bool is_live() const { return stream_ && out_.live.stream; }

    std::shared_ptr<Core> core_;
    Edge& edge_;
    Transport transport_;
    ConnectionTicket ticket_;
    const Address peer_;
    const bool is_proxy_;  ///< whose X-Forwarded-For is believed
    std::optional<Refusal> refusal_;
    Phase phase_ = Phase::idle;
    SteadyClock::time_point deadline_{};
    bool reading_ = false;
    ReadBuffer in_;
    HeadScan scan_;
    std::unique_ptr<Exchange> exchange_;
    std::stop_source abandonment_{std::nostopstate};  ///< of a slow handler that runs
    Answer out_;
    std::size_t sent_ = 0;  ///< of out_'s head and body
    SteadyClock::time_point answering_since_{};
    Pace pace_;  ///< of the body that comes, then of the answer that goes
    std::shared_ptr<ChunkStream> stream_;
};

}  // namespace stoa::http
