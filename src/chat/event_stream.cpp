// SPDX-License-Identifier: Apache-2.0
#include "chat/event_stream.hpp"

#include "base/json.hpp"
#include "base/number.hpp"
#include "chat/envelope.hpp"
#include "http/chunk_stream.hpp"

#include <memory>

namespace stoa::chat {
namespace {

using After = Int<0, INT64_MAX>;
struct StreamQuery {
    std::optional<After> after_seq;
};
BOOST_DESCRIBE_STRUCT(StreamQuery, (), (after_seq))

struct Reset {
    std::int64_t seq = 0;
};
BOOST_DESCRIBE_STRUCT(Reset, (), (seq))

/// Where a stream goes on from; nothing: only what happens from now on.
Result<std::optional<std::int64_t>> find_start(const http::Request& request) {
    const auto query = request.query_as<StreamQuery>();
    if (!query) return fail(query);
    const auto last = request.find_header("last-event-id");
    if (!last || last->empty()) {
        if (!query->after_seq) return std::nullopt;
        return query->after_seq->value;
    }
    const auto seq = parse_number<std::int64_t>(*last, 0, INT64_MAX);
    if (!seq) {
        return fail(ErrorKind::invalid, "validation_failed",
                    "Last-Event-ID should be the seq of the last event that you have.");
    }
    return *seq;
}

/// Ours is one line; who else publishes on the room's channels may break theirs.
void append_data(std::string& event, std::string_view text) {
    while (true) {
        const auto end = text.find_first_of("\r\n");
        event.append("\ndata: ").append(text.substr(0, end));
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

class EventStream final : public http::Subscriber {
  public:
    explicit EventStream(std::shared_ptr<http::ChunkStream> stream) : stream_(std::move(stream)) {}

    /// Tells the reader which position it has, also if nothing ever happens.
    void begin(std::int64_t seq) {
        stream_->offer("retry: 1000\nid: " + std::to_string(seq) + "\n\n");
    }
    void send(std::string_view text) override {
        const auto envelope = parse_envelope(text);
        if (!envelope) return;
        auto seq = envelope->seq;
        if (!seq && envelope->type == "reset") {
            if (const auto reset = json::read<Reset>(envelope->data)) seq = reset->seq;
        } else if (!seq && envelope->type != "access_revoked") {
            return;
        }
        std::string event;
        event.reserve(text.size() + 96);
        if (seq) event.append("id: ").append(std::to_string(*seq)).append("\n");
        event.append("event: ").append(envelope->type);
        append_data(event, text);
        stream_->offer(event += "\n\n");
    }
    void close(std::uint16_t, std::string_view) override { stream_->end(true); }
    [[nodiscard]] bool is_gone() const override { return stream_->is_over(); }

  private:
    const std::shared_ptr<http::ChunkStream> stream_;
};

Result<http::Response> follow(rooms::Rooms& rooms, RoomFeed& feed, const http::Request& request) {
    const auto room = request.path_id<RoomId>("room_id");
    if (!room) return fail(room);
    const auto since = find_start(request);
    if (!since) return fail(since);
    const auto stream = std::make_shared<http::ChunkStream>();
    const auto subscriber = std::make_shared<EventStream>(stream);
    auto seated =
        feed.attach(*room, {subscriber, *request.caller}, *since,
                    [&](std::int64_t seq, bool is_resumed) -> Result<void> {
                        if (auto member = rooms.access_room(request.caller->user, *room); !member) {
                            return fail(member);
                        }
                        subscriber->begin(is_resumed ? **since : seq);
                        return {};
                    });
    if (!seated) return fail(seated);
    http::Response response;
    response.headers = http::event_stream_headers();
    response.body = http::LiveBody{stream, ":\n\n"};
    return response;
}

}  // namespace

http::Handler room_event_stream(rooms::Rooms& rooms, RoomFeed& feed) {
    return [&rooms, &feed](http::Request& request) {
        auto response = follow(rooms, feed, request);
        return response ? std::move(*response)
                        : http::problem(response.error(), request.request_id);
    };
}

}  // namespace stoa::chat
