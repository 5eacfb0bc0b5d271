// SPDX-License-Identifier: Apache-2.0
#include "chat/frames.hpp"

#include "rooms/events.hpp"

#include <algorithm>

namespace stoa::chat {
namespace {

struct RawFrame {
    Text<1, 64> type;
    std::optional<Text<1, 128>> id;
    std::optional<json::Value> data;
};
BOOST_DESCRIBE_STRUCT(RawFrame, (), (type, id, data))

/// Writes the fields that are there as a JSON object.
class Fields {
  public:
    template <class T>
    void add(std::string_view name, const std::optional<T>& value) {
        if (value) add(name, *value);
    }
    template <class T>
    void add(std::string_view name, const T& value) {
        out_ += out_.empty() ? "{\"" : ",\"";
        out_ += name;
        out_ += "\":";
        json::write(out_, value);
    }
    [[nodiscard]] std::string take() { return out_.empty() ? "{}" : out_ + '}'; }

  private:
    std::string out_;
};

std::optional<std::string> usable_id(const json::Value& value) {
    const auto* fields = value.if_object();
    const auto* id = fields == nullptr ? nullptr : fields->if_contains("id");
    if (id == nullptr || !id->is_string() || id->get_string().size() > 128) return std::nullopt;
    return std::string(id->get_string());
}

}  // namespace

std::string describe(const std::vector<FieldError>& fields) {
    constexpr std::size_t named_max = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(fields.size(), named_max); ++i) {
        if (i > 0) text += "; ";
        for (const auto& part : fields[i].loc) {
            if (&part != &fields[i].loc.front()) text += '.';
            text += part;
        }
        text += ": " + fields[i].msg;
    }
    return text + '.';
}

Result<Frame> parse_frame(std::string_view text, std::optional<std::string>& id) {
    auto value = json::parse(text);
    if (!value) return fail(value);
    id = usable_id(*value);
    json::Reader reader("frame");
    RawFrame raw;
    reader.read(*value, raw);
    if (!reader.errors().empty()) {
        return fail(ErrorKind::invalid, "validation_failed", describe(reader.errors()));
    }
    const auto type = json::parse_enum<FrameType>(raw.type.value);
    if (!type) {
        return fail(ErrorKind::invalid, "unknown_type", "There is no frame of this type.");
    }
    Frame frame{*type, id, json::Value(boost::json::object_kind)};
    if (raw.data) frame.data = std::move(*raw.data);
    if (!frame.data.is_object()) {
        return fail(ErrorKind::invalid, "validation_failed", "data: Input should be an object.");
    }
    return frame;
}

std::string error_frame(const RoomId& room, const std::optional<std::string>& id,
                        const Error& error) {
    const bool is_internal = error.kind == ErrorKind::internal;
    Fields data;
    data.add("id", id);
    data.add("code", is_internal ? "internal_error" : error.code);
    data.add("message", is_internal ? "Something went wrong on the server; it was logged."
                                    : std::string_view(error.message));
    return rooms::event_json(room, "error", std::nullopt, data.take());
}

std::string ack_frame(const RoomId& room, const Ack& ack) {
    Fields data;
    data.add("id", ack.id);
    data.add("message_id", ack.message_id);
    data.add("seq", ack.seq);
    data.add("highlight_id", ack.highlight_id);
    return rooms::event_json(room, "ack", std::nullopt, data.take());
}

std::string pong_frame(const RoomId& room, const std::optional<std::string>& id) {
    Fields data;
    data.add("id", id);
    return rooms::event_json(room, "pong", std::nullopt, data.take());
}

}  // namespace stoa::chat
