// SPDX-License-Identifier: Apache-2.0
// A frame that parses has an object as data, its id comes back in answers that are JSON again, and
// the head of an event that parses is one that rooms could have written.
#include "chat/envelope.hpp"
#include "chat/frames.hpp"
#include "chat/messages.hpp"
#include "rooms/events.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace chat = stoa::chat;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const stoa::RoomId room{};
    std::optional<std::string> id;
    const auto frame = chat::parse_frame(text, id);
    if (frame) {
        if (!frame->data.is_object() || frame->id != id) std::abort();
        if (!stoa::json::parse(chat::ack_frame(room, {id, {}, {}}))) std::abort();
        (void)chat::read_data<chat::NewMessage>(*frame);
    } else if (!stoa::json::parse(chat::error_frame(room, id, frame.error()))) {
        std::abort();
    }
    if (const auto envelope = chat::parse_envelope(text)) {
        const auto written =
            stoa::rooms::event_json(envelope->room, envelope->type, envelope->seq, envelope->data);
        const auto again = chat::parse_envelope(written);
        if (!again || again->seq != envelope->seq || again->data != envelope->data) std::abort();
    }
    return 0;
}
