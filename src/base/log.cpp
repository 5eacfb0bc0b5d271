// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include "base/json.hpp"
#include "base/line_writer.hpp"
#include "base/time.hpp"

#include <array>
#include <atomic>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace stoa::log {
namespace {

struct State {
    std::shared_ptr<spdlog::logger> logger;
    bool json = false;
    std::string service = "stoa";
};

State make_state(Level least, Format format, std::string service) {
    static constexpr std::array levels{spdlog::level::debug, spdlog::level::info,
                                       spdlog::level::warn, spdlog::level::err};
    State state;
    state.logger =
        std::make_shared<spdlog::logger>("stoa", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    state.logger->set_level(levels[static_cast<std::size_t>(least)]);
    state.logger->set_pattern("%v");
    state.logger->flush_on(spdlog::level::debug);
    state.json =
        format == Format::json || (format == Format::automatic && isatty(STDERR_FILENO) == 0);
    state.service = std::move(service);
    return state;
}

State& state() {
    static State instance = make_state(Level::info, Format::automatic, "stoa");
    return instance;
}

std::unique_ptr<LineWriter>& background() {
    static std::unique_ptr<LineWriter> writer;
    return writer;
}

std::string& trace_id() {
    thread_local std::string id;
    return id;
}

constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};

std::string json_line(Level level, std::string_view message, std::initializer_list<Field> fields) {
    std::string line = R"({"@timestamp":)";
    json::append_string(line, to_rfc3339(now()));
    line += R"(,"log.level":)";
    json::append_string(line, names[static_cast<std::size_t>(level)]);
    line += R"(,"message":)";
    json::append_string(line, message);
    line += R"(,"ecs.version":"8.11.0","service.name":)";
    json::append_string(line, state().service);
    line += R"(,"process.pid":)";
    json::append_number(line, static_cast<std::int64_t>(getpid()));
    const auto add = [&](const Field& field) {
        line += ',';
        json::append_string(line, field.key);
        line += ':';
        if (field.is_number)
            line += field.value;
        else
            json::append_string(line, field.value);
    };
    if (!trace_id().empty()) add({"trace.id", trace_id()});
    for (const auto& field : fields) add(field);
    line += '}';
    return line;
}

/// Control characters as `\xNN`: nothing that comes from elsewhere begins a line or speaks to the
/// terminal.
void append_visible(std::string& line, std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
        const bool is_c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;  // U+0080 to U+009F
        if (byte >= ' ' && byte != 0x7f && !is_c1) {
            line += text[i];
            continue;
        }
        for (const auto code : {static_cast<unsigned>(byte), next}) {
            (line += "\\x") += digits[code >> 4U];
            line += digits[code & 15U];
            if (!is_c1) break;
        }
        if (is_c1) ++i;
    }
}

std::string human_line(Level level, std::string_view message, std::initializer_list<Field> fields) {
    std::string line = to_rfc3339(std::chrono::floor<std::chrono::milliseconds>(now()));
    line += ' ';
    line += names[static_cast<std::size_t>(level)];
    line += "  ";
    append_visible(line, message);
    for (const auto& field : fields) {
        line += "  ";
        line += field.key;
        line += '=';
        append_visible(line, field.value);
    }
    return line;
}

}  // namespace

void configure(Level least, Format format, std::string service) {
    state() = make_state(least, format, std::move(service));
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
    static constexpr std::array levels{spdlog::level::debug, spdlog::level::info,
                                       spdlog::level::warn, spdlog::level::err};
    const auto spd_level = levels[static_cast<std::size_t>(level)];
    if (!state().logger->should_log(spd_level)) return;
    const auto line =
        state().json ? json_line(level, message, fields) : human_line(level, message, fields);
    if (background()) {
        background()->push(line);
    } else {
        state().logger->log(spd_level, "{}", line);
    }
}

Background::Background() { background() = std::make_unique<LineWriter>(STDERR_FILENO); }
Background::~Background() { background().reset(); }

void flush(std::chrono::milliseconds time) {
    if (background()) (void)background()->flush(time);
}

std::uint64_t lines_dropped() { return background() ? background()->dropped() : 0; }

TraceScope::TraceScope(std::string id) : before_(std::exchange(trace_id(), std::move(id))) {}
TraceScope::~TraceScope() { trace_id() = std::move(before_); }
const std::string& TraceScope::current() { return trace_id(); }

}  // namespace stoa::log
