// SPDX-License-Identifier: Apache-2.0
// COPY … FROM STDIN in PostgreSQL's binary format (its manual, "COPY", "Binary Format").
#include "postgres/connection.hpp"
#include "postgres/failure.hpp"

#include <poll.h>

namespace stoa::postgres {

namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;

void append_big_endian(std::string& out, std::uint32_t value, int bytes) {
    for (int shift = bytes * 8 - 8; shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::uint8_t>(value >> shift));
}

void append_row(std::string& out, const Parameters& fields) {
    append_big_endian(out, static_cast<std::uint32_t>(fields.values().size()), 2);
    for (const auto& field : fields.values()) {
        append_big_endian(
            out, field.is_null ? 0xffffffffU : static_cast<std::uint32_t>(field.bytes.size()), 4);
        if (!field.is_null) out += field.bytes;
    }
}

Result<void> check_row(const Query& query, const Parameters& fields, std::size_t columns) {
    if (fields.has_nul())
        return fail(ErrorKind::invalid, "invalid_text", "Text must not contain the NUL character.");
    if (fields.values().size() != columns)
        return fail(ErrorKind::internal, "database_error",
                    std::string(query.name) + ": a row has " +
                        std::to_string(fields.values().size()) + " fields instead of " +
                        std::to_string(columns));
    return {};
}

}  // namespace

Result<void> Connection::copy_in(const Query& query, std::size_t columns,
                                 const std::function<bool(Parameters&)>& fill) {
    if (auto begun = begin_now(); !begun) return begun;
    const auto began = std::chrono::steady_clock::now();
    if (auto started = run_text(query.name, std::string(query.text)); !started)
        return fail(started);

    const auto by = deadline();
    const auto send_chunk = [&](std::string& chunk) {
        int queued = 0;
        while ((queued = PQputCopyData(connection_.get(), chunk.data(),
                                       static_cast<int>(chunk.size()))) == 0)
            if (!wait(POLLOUT, by)) return false;
        chunk.clear();
        return queued == 1 && flush(by);
    };

    using namespace std::string_literals;
    std::string chunk = "PGCOPY\n\377\r\n\0"s + "\0\0\0\0\0\0\0\0"s;
    Parameters fields;
    while (fill(fields)) {
        if (auto checked = check_row(query, fields, columns); !checked) {
            (void)finish_copy(query.name, "a row is wrong", by);
            return checked;
        }
        append_row(chunk, fields);
        fields.clear();
        if (chunk.size() >= chunk_bytes && !send_chunk(chunk)) return tl::unexpected(lost());
    }
    append_big_endian(chunk, 0xffffU, 2);
    if (!send_chunk(chunk)) return tl::unexpected(lost());
    auto done = finish_copy(query.name, nullptr, by);
    if (metrics_ != nullptr)
        metrics_->observe_seconds(
            "stoa_postgres_query_duration_seconds", "Time a statement's answer was waited for.",
            {{"query", std::string(query.name)}},
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    return done;
}

Result<void> Connection::finish_copy(std::string_view name, const char* refusal, Deadline by) {
    int queued = 0;
    while ((queued = PQputCopyEnd(connection_.get(), refusal)) == 0)
        if (!wait(POLLOUT, by)) return tl::unexpected(lost());
    if (queued < 0 || !flush(by)) return tl::unexpected(lost());
    if (auto done = receive_text(name, by); !done) return fail(done);
    return {};
}

}  // namespace stoa::postgres
