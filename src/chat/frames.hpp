// SPDX-License-Identifier: Apache-2.0
// The frames of the WebSocket protocol: reading what clients send, writing what only the one client
// gets (`ack`, `error`, `pong`). Pure; any thread.
#pragma once

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::chat {

enum class FrameType {
    auth,
    chat_message,
    typing_start,
    typing_stop,
    document_share,
    highlight_create,
    reaction_add,
    reaction_remove,
    message_edit,
    message_delete,
    socratic_query,
    resume,
    ping
};
BOOST_DESCRIBE_ENUM(FrameType, auth, chat_message, typing_start, typing_stop, document_share,
                    highlight_create, reaction_add, reaction_remove, message_edit, message_delete,
                    socratic_query, resume, ping)

struct Frame {
    FrameType type = FrameType::ping;
    std::optional<std::string> id;  ///< the client's; comes back in its ack or error
    json::Value data;               ///< an object
};

/// `malformed_json`, `unknown_type`, or `validation_failed` for unknown fields and wrong types.
/// `id` is set whenever the frame has a usable one, so that the error can carry it.
Result<Frame> parse_frame(std::string_view text, std::optional<std::string>& id);

/// The first mistakes of a failed validation as one sentence.
std::string describe(const std::vector<FieldError>& fields);

/// The data of a frame as a described struct; `validation_failed` names the wrong fields.
template <class T>
Result<T> read_data(const Frame& frame) {
    json::Reader reader("data");
    T data{};
    reader.read(frame.data, data);
    if (reader.errors().empty()) return data;
    return fail(ErrorKind::invalid, "validation_failed", describe(reader.errors()));
}

/// `{"type":"error",…,"data":{"id"?,"code","message"}}`. What is internal is not told.
std::string error_frame(const RoomId& room, const std::optional<std::string>& id,
                        const Error& error);

struct Ack {
    std::optional<std::string> id;
    std::optional<MessageId> message_id;
    std::optional<std::int64_t> seq;
    std::optional<HighlightId> highlight_id{};
};
/// `{"type":"ack",…,"data":{"id"?,"message_id"?,"seq"?,"highlight_id"?}}`.
std::string ack_frame(const RoomId& room, const Ack& ack);
std::string pong_frame(const RoomId& room, const std::optional<std::string>& id);

}  // namespace stoa::chat
