// SPDX-License-Identifier: Apache-2.0
// Log lines: for people on a terminal, ECS JSON (Elastic Common Schema 8) otherwise, always on
// stderr. Fields carry ECS names ("event.duration"). Never pass secrets, tokens, message or
// document text. `trace.id` is added by itself while a TraceScope is alive on the thread. Any
// thread.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace stoa::log {

enum class Level { debug, info, warning, error };
enum class Format { automatic, human, json };

/// A name of Elastic's, or one of ours below `stoa.`; text or a whole number, as the name asks for.
struct Field {
    Field(std::string_view name, std::string text) : key(name), value(std::move(text)) {}
    template <std::integral T>
    Field(std::string_view name, T number)
        : key(name), value(std::to_string(number)), is_number(true) {}

    std::string_view key;
    std::string value;
    bool is_number = false;
};

/// To be called once, before threads start; without it lines go out at `info` in automatic format.
void configure(Level least, Format format, std::string service);

void write(Level level, std::string_view message, std::initializer_list<Field> fields);

/// While it lives, lines are written by a thread of its own: a stderr that nobody reads holds up
/// nobody. Of what it is too slow for, 1 MiB waits; the rest is dropped. Made before the threads
/// that log, and outlives them; one at a time.
class Background {
  public:
    Background();
    ~Background();
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;
};
/// Before the process ends by itself: gives what waits at most `time`.
void flush(std::chrono::milliseconds time);
/// Lines lost since the start.
std::uint64_t lines_dropped();

inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::info, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::warning, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::error, message, fields);
}

/// While alive, lines of this thread carry `trace.id` (32 hex digits, W3C Trace Context).
class TraceScope {
  public:
    explicit TraceScope(std::string trace_id);
    ~TraceScope();
    TraceScope(const TraceScope&) = delete;
    TraceScope& operator=(const TraceScope&) = delete;
    /// The current thread's trace id, empty if there is none.
    static const std::string& current();

  private:
    std::string before_;
};

}  // namespace stoa::log
