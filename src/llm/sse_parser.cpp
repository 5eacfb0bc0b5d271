// SPDX-License-Identifier: Apache-2.0
#include "llm/sse_parser.hpp"

#include <utility>

namespace stoa::llm {

Result<void> SseParser::feed(std::string_view bytes,
                             const std::function<bool(const ServerEvent&)>& on_event) {
    for (const char c : bytes) {
        const bool is_second_half = std::exchange(after_return_, c == '\r') && c == '\n';
        if (is_second_half) continue;
        if (c == '\r' || c == '\n') {
            if (!end_line(on_event)) return {};
            continue;
        }
        if (line_.size() + event_.data.size() >= event_bytes_max) {
            return fail(ErrorKind::too_large, "sse_too_large",
                        "An event of the stream is longer than a mebibyte.");
        }
        line_.push_back(c);
    }
    return {};
}

bool SseParser::end_line(const std::function<bool(const ServerEvent&)>& on_event) {
    std::string_view line = line_;
    if (std::exchange(at_start_, false) && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (line.empty()) {
        line_.clear();
        const ServerEvent event = std::exchange(event_, ServerEvent{});
        return !std::exchange(has_data_, false) || on_event(event);
    }
    const auto colon = line.find(':');
    const auto field = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
        if (std::exchange(has_data_, true)) event_.data.push_back('\n');
        event_.data += value;
    } else if (field == "event") {
        event_.type = value.empty() ? "message" : std::string(value);
    }
    line_.clear();  // "id", "retry", comments and unknown fields mean nothing here
    return true;
}

}  // namespace stoa::llm
