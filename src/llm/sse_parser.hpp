// SPDX-License-Identifier: Apache-2.0
// Server-sent events as they come off the wire (WHATWG HTML, 9.2.6 "Interpreting an event stream"):
// any cut of the bytes into pieces gives the same events. Lines and events are bounded. One thread.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace stoa::llm {

struct ServerEvent {
    std::string type = "message";
    std::string data;
};

class SseParser {
  public:
    static constexpr std::size_t event_bytes_max = 1 << 20;

    /// Calls `on_event` for each event that `bytes` completes; returning false ends the feeding.
    /// `sse_too_large` (too_large) when a line or an event passes `event_bytes_max`.
    Result<void> feed(std::string_view bytes,
                      const std::function<bool(const ServerEvent&)>& on_event);

  private:
    /// False: stop. At a blank line an event with data is given out.
    bool end_line(const std::function<bool(const ServerEvent&)>& on_event);

    std::string line_;
    ServerEvent event_;
    bool has_data_ = false;
    bool after_return_ = false;  ///< a "\n" now belongs to the "\r" before it
    bool at_start_ = true;       ///< a byte order mark may stand here
};

}  // namespace stoa::llm
