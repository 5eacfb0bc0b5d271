// SPDX-License-Identifier: Apache-2.0
#include "chat/room_socket.hpp"

#include "base/number.hpp"
#include "chat/token_bucket.hpp"

#include <optional>
#include <string>

namespace stoa::chat {
namespace {

struct AuthData {
    std::optional<Text<1, 8192>> token;
    std::optional<Text<1, 64>> address;
    std::optional<Text<1, 8192>> signed_message;
    std::optional<Text<1, 256>> signature;
};
BOOST_DESCRIBE_STRUCT(AuthData, (), (token, address, signed_message, signature))

struct ReactionData {
    MessageId message_id;
    Emoji emoji;
};
BOOST_DESCRIBE_STRUCT(ReactionData, (), (message_id, emoji))

struct EditData {
    MessageId message_id;
    Content content;
};
BOOST_DESCRIBE_STRUCT(EditData, (), (message_id, content))

struct ShareData {
    DocumentId document_id;
};
BOOST_DESCRIBE_STRUCT(ShareData, (), (document_id))

/// `documents::NewHighlight` for this room, and which document.
struct HighlightData {
    DocumentId document_id;
    documents::Quote quote;
    std::optional<documents::QuoteContext> prefix;
    std::optional<documents::QuoteContext> suffix;
    Int<1, 20'000> page;
    std::optional<json::List<documents::SelectedBox, 200>> boxes;
    std::optional<documents::Note> note;
    std::optional<documents::HighlightColor> color;
};
BOOST_DESCRIBE_STRUCT(HighlightData, (),
                      (document_id, quote, prefix, suffix, page, boxes, note, color))

struct DeleteData {
    MessageId message_id;
};
BOOST_DESCRIBE_STRUCT(DeleteData, (), (message_id))

struct ResumeData {
    Int<0, std::numeric_limits<long long>::max()> since_seq;
};
BOOST_DESCRIBE_STRUCT(ResumeData, (), (since_seq))

struct NoData {};
BOOST_DESCRIBE_STRUCT(NoData, (), ())

struct Ready {
    std::int64_t seq = 0;
    bool resumed = false;
    std::vector<rooms::Participant> participants;
};
BOOST_DESCRIBE_STRUCT(Ready, (), (seq, resumed, participants))

constexpr std::int64_t participants_told_max = 100;

/// The close code for a failure to enter.
std::uint16_t close_code_of(const Error& error) {
    switch (error.kind) {
        case ErrorKind::unauthenticated:
            return http::close_code::unauthenticated;
        case ErrorKind::forbidden:
            return http::close_code::forbidden;
        case ErrorKind::not_found:
            return http::close_code::not_found;
        case ErrorKind::unavailable:
        case ErrorKind::internal:
            return http::close_code::overloaded;
        default:
            return http::close_code::policy;
    }
}

Error unauthenticated(std::string message) {
    return {ErrorKind::unauthenticated, "unauthenticated", std::move(message), {}, {}};
}

/// `bearer.<token>` among the offered subprotocols.
std::optional<std::string_view> find_subprotocol_token(const http::Request& request) {
    constexpr std::string_view prefix = "bearer.";
    auto offered = request.find_header("sec-websocket-protocol");
    while (offered && !offered->empty()) {
        const std::size_t comma = offered->find(',');
        std::string_view one = offered->substr(0, comma);
        one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
        one = one.substr(0, one.find_last_not_of(" \t") + 1);
        if (one.starts_with(prefix)) return one.substr(prefix.size());
        offered = comma == std::string_view::npos ? std::string_view() : offered->substr(comma + 1);
    }
    return std::nullopt;
}

class RoomSocket final : public http::SocketHandler {
  public:
    RoomSocket(std::shared_ptr<const RoomSocketParts> parts, const http::Request& request,
               std::shared_ptr<http::Socket> socket);

    void on_open() override;
    void on_text(std::string_view text) override;
    void on_timer() override;
    void on_close() override;

  private:
    enum class State { signing_in, seated, closed };

    Result<http::Caller> authenticate(const Frame& frame) const;
    void enter(const Result<http::Caller>& caller);
    Result<void> take_seat(std::optional<std::int64_t> since);
    void refuse(const Error& error, std::uint16_t code);
    [[nodiscard]] Result<void> admit(FrameType type) const;
    void dispatch(const Frame& frame);
    Result<Ack> perform(const Frame& frame);

    Result<Ack> chat_message(const Frame& frame);
    Result<Ack> typing(const Frame& frame);
    Result<Ack> react(const Frame& frame);
    Result<Ack> edit(const Frame& frame);
    Result<Ack> remove(const Frame& frame);
    Result<Ack> share(const Frame& frame);
    Result<Ack> highlight(const Frame& frame);
    Result<Ack> socratic_query(const Frame& frame);
    Result<Ack> resume(const Frame& frame);
    void answer_failure(const Frame& frame, const Error& error);

    const std::shared_ptr<const RoomSocketParts> parts_;
    const std::shared_ptr<http::Socket> socket_;
    http::Request request_;  ///< the head, until the socket is open
    RoomId room_;
    State state_ = State::signing_in;
    http::Caller caller_{};
    std::optional<std::int64_t> since_;
    TokenBucket bucket_;
};

RoomSocket::RoomSocket(std::shared_ptr<const RoomSocketParts> parts, const http::Request& request,
                       std::shared_ptr<http::Socket> socket)
    : parts_(std::move(parts)),
      socket_(std::move(socket)),
      request_(request),
      bucket_(parts_->frames_per_second, parts_->frames_burst, std::chrono::steady_clock::now()) {}

void RoomSocket::on_open() {
    const http::Request request = std::exchange(request_, {});
    const auto room = request.path_id<RoomId>("room_id");
    if (!room) {
        return refuse({ErrorKind::not_found, "room_not_found", "There is no such room.", {}, {}},
                      http::close_code::not_found);
    }
    room_ = *room;
    if (const auto since = request.find_query("since_seq")) {
        since_ = parse_number<std::int64_t>(*since, 0, INT64_MAX);
        if (!since_) {
            return refuse({ErrorKind::invalid,
                           "validation_failed",
                           "since_seq should be a whole number that is not negative.",
                           {},
                           {}},
                          http::close_code::policy);
        }
    }
    constexpr std::string_view bearer = "Bearer ";
    const auto header = request.find_header("authorization");
    if (request.caller) {
        enter(*request.caller);
    } else if (header && header->starts_with(bearer)) {
        enter(parts_->auth.authenticate(header->substr(bearer.size())));
    } else if (const auto token = find_subprotocol_token(request)) {
        enter(parts_->auth.authenticate(*token));
    } else if (const auto ticket = request.find_query("ticket")) {
        enter(parts_->auth.redeem_ticket(*ticket));
    } else {
        socket_->set_timer(parts_->auth_timeout);
    }
}

void RoomSocket::on_timer() {
    if (state_ != State::signing_in) return;
    refuse(unauthenticated("No auth frame came in time."), http::close_code::unauthenticated);
}

void RoomSocket::on_close() {
    if (state_ == State::seated) parts_->feed.detach(room_, socket_);
    state_ = State::closed;
}

Result<http::Caller> RoomSocket::authenticate(const Frame& frame) const {
    if (frame.type != FrameType::auth) {
        return tl::unexpected<Error>(
            unauthenticated("The first frame must be of type auth, or the request signed in."));
    }
    const auto data = read_data<AuthData>(frame);
    if (!data) return fail(data);
    if (data->token && !data->address && !data->signed_message && !data->signature) {
        return parts_->auth.authenticate(data->token->value);
    }
    if (!data->token && data->address && data->signed_message && data->signature) {
        return parts_->auth.verify_wallet(data->address->value, data->signed_message->value,
                                          data->signature->value);
    }
    return tl::unexpected<Error>(unauthenticated(
        "auth takes either a token, or an address with a signed_message and its signature."));
}

void RoomSocket::enter(const Result<http::Caller>& caller) {
    if (!caller) return refuse(caller.error(), close_code_of(caller.error()));
    caller_ = *caller;
    if (const auto admitted = admit(FrameType::auth); !admitted) {
        return refuse(admitted.error(), http::close_code::overloaded);
    }
    if (const auto seated = take_seat(since_); !seated) {
        return refuse(seated.error(), close_code_of(seated.error()));
    }
    state_ = State::seated;
}

Result<void> RoomSocket::take_seat(std::optional<std::int64_t> since) {
    return parts_->feed.attach(
        room_, {socket_, caller_}, since, [&](std::int64_t seq, bool is_resumed) -> Result<void> {
            auto people = parts_->rooms.participants(caller_.user, room_, participants_told_max,
                                                     std::nullopt);
            if (!people) return fail(people);
            const Ready ready{seq, is_resumed, std::move(people->items)};
            socket_->send(rooms::event_json(room_, "ready", std::nullopt, json::to_text(ready)));
            return {};
        });
}

void RoomSocket::refuse(const Error& error, std::uint16_t code) {
    if (state_ == State::seated) parts_->feed.detach(room_, socket_);
    state_ = State::closed;
    socket_->send(error_frame(room_, std::nullopt, error));
    socket_->close(code, error.code);
}

void RoomSocket::on_text(std::string_view text) {
    if (state_ == State::closed) return;
    std::optional<std::string> id;
    const auto frame = parse_frame(text, id);
    if (state_ == State::signing_in) {
        if (frame) return enter(authenticate(*frame));
        return refuse(frame.error(), http::close_code::unauthenticated);
    }
    if (!bucket_.take(std::chrono::steady_clock::now())) {
        const Error error{ErrorKind::limited,
                          "rate_limited",
                          "Too many frames; slow down and send this one again.",
                          {},
                          {}};
        return socket_->send(error_frame(room_, id, error));
    }
    if (!frame) return socket_->send(error_frame(room_, id, frame.error()));
    dispatch(*frame);
}

/// That the person does this not too often, over all their sockets.
Result<void> RoomSocket::admit(FrameType type) const {
    return parts_->limiter ? parts_->limiter(caller_.user, type) : Result<void>();
}

void RoomSocket::dispatch(const Frame& frame) {
    if (frame.type == FrameType::ping) return socket_->send(pong_frame(room_, frame.id));
    const auto done = admit(frame.type).and_then([&] { return perform(frame); });
    if (!done) return answer_failure(frame, done.error());
    const bool is_acknowledged = frame.type != FrameType::typing_start &&
                                 frame.type != FrameType::typing_stop &&
                                 frame.type != FrameType::resume;
    if (is_acknowledged) socket_->send(ack_frame(room_, *done));
}

/// A failure leaves the connection open, unless it means that the person is not in the room any
/// more.
void RoomSocket::answer_failure(const Frame& frame, const Error& error) {
    const bool is_out = error.code == "banned" || error.code == "not_a_participant" ||
                        error.code == "room_not_found" || error.code == "session_revoked";
    socket_->send(error_frame(room_, frame.id, error));
    if (!is_out) return;
    parts_->feed.detach(room_, socket_);
    state_ = State::closed;
    socket_->send(rooms::event_json(room_, "access_revoked", std::nullopt,
                                    R"({"reason":")" + std::string(error.code) + R"("})"));
    socket_->close(http::close_code::policy, error.code);
}

Result<Ack> RoomSocket::perform(const Frame& frame) {
    switch (frame.type) {
        case FrameType::chat_message:
            return chat_message(frame);
        case FrameType::typing_start:
        case FrameType::typing_stop:
            return typing(frame);
        case FrameType::reaction_add:
        case FrameType::reaction_remove:
            return react(frame);
        case FrameType::message_edit:
            return edit(frame);
        case FrameType::message_delete:
            return remove(frame);
        case FrameType::document_share:
            return share(frame);
        case FrameType::highlight_create:
            return highlight(frame);
        case FrameType::socratic_query:
            return socratic_query(frame);
        case FrameType::resume:
            return resume(frame);
        case FrameType::auth:
        case FrameType::ping:
            break;
    }
    return fail(ErrorKind::conflict, "already_authenticated", "This connection is signed in.");
}

Result<Ack> RoomSocket::chat_message(const Frame& frame) {
    const auto wanted = read_data<NewMessage>(frame);
    if (!wanted) return fail(wanted);
    const auto message = parts_->messages.send(caller_, room_, *wanted);
    if (!message) return fail(message);
    return Ack{frame.id, message->id, message->seq};
}

Result<Ack> RoomSocket::typing(const Frame& frame) {
    if (const auto data = read_data<NoData>(frame); !data) return fail(data);
    const bool is_typing = frame.type == FrameType::typing_start;
    parts_->rooms.events().publish_passing(room_, "typing_status",
                                           R"({"user_id":")" + caller_.user.str() +
                                               R"(","is_typing":)" +
                                               (is_typing ? "true}" : "false}"));
    return Ack{};
}

Result<Ack> RoomSocket::react(const Frame& frame) {
    const auto data = read_data<ReactionData>(frame);
    if (!data) return fail(data);
    const bool is_added = frame.type == FrameType::reaction_add;
    const auto message =
        parts_->messages.react(caller_.user, room_, data->message_id, data->emoji, is_added);
    if (!message) return fail(message);
    return Ack{frame.id, message->id, std::nullopt};
}

Result<Ack> RoomSocket::edit(const Frame& frame) {
    const auto data = read_data<EditData>(frame);
    if (!data) return fail(data);
    const auto message =
        parts_->messages.edit(caller_.user, room_, data->message_id, data->content);
    if (!message) return fail(message);
    return Ack{frame.id, message->id, std::nullopt};
}

Result<Ack> RoomSocket::remove(const Frame& frame) {
    const auto data = read_data<DeleteData>(frame);
    if (!data) return fail(data);
    const auto removed = parts_->messages.remove(caller_.user, room_, data->message_id);
    if (!removed) return fail(removed);
    return Ack{frame.id, data->message_id, std::nullopt};
}

/// Lets the room read the document and tells so in the chat.
Result<Ack> RoomSocket::share(const Frame& frame) {
    const auto data = read_data<ShareData>(frame);
    if (!data) return fail(data);
    const auto granted = parts_->documents.access_document(caller_.user, data->document_id);
    if (!granted) return fail(granted);
    documents::Share wanted;
    wanted.document_id = data->document_id;
    wanted.room_id = room_;
    const auto shared = parts_->documents.share(caller_.user, wanted);
    if (!shared) return fail(shared);
    const auto message =
        parts_->messages.send_document(caller_, room_, data->document_id, granted->document.title);
    if (!message) return fail(message);
    return Ack{frame.id, message->id, message->seq};
}

/// The room hears of it as `highlight_created`.
Result<Ack> RoomSocket::highlight(const Frame& frame) {
    auto data = read_data<HighlightData>(frame);
    if (!data) return fail(data);
    const documents::NewHighlight wanted{std::move(data->quote),
                                         std::move(data->prefix),
                                         std::move(data->suffix),
                                         data->page,
                                         std::move(data->boxes),
                                         std::move(data->note),
                                         std::nullopt,
                                         room_,
                                         data->color};
    const auto created = parts_->highlights.create(caller_.user, data->document_id, wanted);
    if (!created) return fail(created);
    return Ack{frame.id, std::nullopt, created->seq, created->highlight.id};
}

/// Acknowledged when taken; the answer comes into the room, a failure as an error frame.
Result<Ack> RoomSocket::socratic_query(const Frame& frame) {
    const auto query = read_data<SocraticQuery>(frame);
    if (!query) return fail(query);
    const auto taken = parts_->socratic.ask(
        {caller_.user, room_, frame.id, *query},
        [socket = socket_, room = room_, id = frame.id](const Result<void>& answered) {
            if (!answered) socket->send(error_frame(room, id, answered.error()));
        });
    if (!taken) return fail(taken);
    return Ack{frame.id, std::nullopt, std::nullopt};
}

/// Takes the seat anew, behind the position the client says it has.
Result<Ack> RoomSocket::resume(const Frame& frame) {
    const auto data = read_data<ResumeData>(frame);
    if (!data) return fail(data);
    parts_->feed.detach(room_, socket_);
    const auto seated = take_seat(data->since_seq.value);
    if (!seated) refuse(seated.error(), close_code_of(seated.error()));
    return Ack{};
}

}  // namespace

http::SocketFactory room_sockets(RoomSocketParts parts) {
    return
        [shared = std::make_shared<const RoomSocketParts>(std::move(parts))](
            const http::Request& request,
            std::shared_ptr<http::Socket> socket) -> Result<std::unique_ptr<http::SocketHandler>> {
            return std::make_unique<RoomSocket>(shared, request, std::move(socket));
        };
}

}  // namespace stoa::chat
