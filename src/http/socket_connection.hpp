// SPDX-License-Identifier: Apache-2.0
// One WebSocket connection. Three threads meet here, each with its own part: any thread queues
// frames (out_mutex_), the edge reads, writes and times, and workers run the handler's events one
// at a time in order (event_mutex_). Every queue is bounded: slow readers are closed with 1013, and
// a client that sends faster than its handler works is no longer read.
#pragma once

#include "http/edge.hpp"
#include "http/socket.hpp"
#include "http/transport.hpp"
#include "http/websocket_frame.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace stoa::http {

class SocketConnection final : public Socket,
                               public EdgeMember,
                               public std::enable_shared_from_this<SocketConnection> {
  public:
    static constexpr std::size_t out_bytes_max = 1024 * 1024;
    static constexpr std::size_t events_max = 64;

    SocketConnection(std::shared_ptr<Core> core, Edge& edge, std::string trace_id,
                     Census::Ticket handler_ticket);

    void send(std::string_view text) override { send_frame(TextFrame(text)); }
    void send_frame(const TextFrame& frame) override;
    void close(std::uint16_t code, std::string_view reason) override;
    void set_timer(std::chrono::milliseconds delay) override;

    /// Edge: begins to live on `transport`. `handshake` is sent before everything else; `early`
    /// came behind the upgrade request.
    void open(Transport transport, ConnectionTicket ticket, std::unique_ptr<SocketHandler> handler,
              std::string handshake, std::string_view early);

    void sweep(SteadyClock::time_point now) override;
    void wind_up() override { close(close_code::restart, "The server restarts."); }
    void abort() override { drop(); }
    void flush() override;

  private:
    using Frame = std::shared_ptr<const std::string>;
    enum class EventKind { opened, text, timer, closed };
    struct Event {
        EventKind kind;
        std::string text;
    };

    // Any thread
    void queue_frame(Frame frame, bool last);
    void queue_control(std::string frame);
    void queue_event(EventKind kind, std::string text = {});
    void schedule();
    // Workers
    void run_events();
    bool run_event(const Event& event);
    // Edge
    void read_more();
    void on_readable(boost::system::error_code error);
    void read_frames(std::string_view bytes);
    bool on_frame(FrameReader::Event event);
    void resume();
    bool take_queued();
    void after_flush();
    void wait_writable();
    void drop();

    std::shared_ptr<Core> core_;
    Edge& edge_;
    const std::string trace_id_;

    std::mutex out_mutex_;
    std::vector<Frame> out_;
    std::size_t out_bytes_ = 0;  ///< of out_ and writing_ together
    bool flush_pending_ = false;
    bool closing_ = false;  ///< the close frame is queued, or the connection gone

    std::mutex event_mutex_;
    std::deque<Event> events_;
    bool running_ = false;
    bool paused_ = false;
    std::unique_ptr<SocketHandler> handler_;
    Census::Ticket handler_ticket_;

    std::optional<Transport> transport_;
    ConnectionTicket ticket_;
    Timer timer_;
    FrameReader reader_;
    std::string unread_;  ///< received while paused
    std::vector<Frame> writing_;
    std::size_t writing_at_ = 0;  ///< of writing_
    std::size_t written_ = 0;     ///< of that frame
    bool waiting_writable_ = false;
    bool reading_ = false;
    bool peer_closed_ = false;  ///< nothing more is read as frames
    bool clean_ = false;        ///< by a close frame
    bool dropped_ = false;
    SteadyClock::time_point heard_at_{};
    SteadyClock::time_point pinged_at_{};
    SteadyClock::time_point close_deadline_ = SteadyClock::time_point::max();
};

}  // namespace stoa::http
