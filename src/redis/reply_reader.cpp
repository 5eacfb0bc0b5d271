// SPDX-License-Identifier: Apache-2.0
#include "redis/reply_reader.hpp"

#include <algorithm>
#include <array>

#include <hiredis/hiredis.h>

namespace stoa::redis {

namespace {

/// Redis quotes a wrong command's arguments: those stay out of our messages.
std::string without_arguments(std::string_view message) {
    return std::string(message.substr(0, std::min<std::size_t>(message.find(", with args"), 200)));
}

Reply to_reply(const redisReply& from) {
    Reply reply;
    switch (from.type) {
        case REDIS_REPLY_NIL:
            break;
        case REDIS_REPLY_INTEGER:
            reply.kind = Reply::Kind::integer;
            reply.integer = from.integer;
            break;
        case REDIS_REPLY_STRING:
        case REDIS_REPLY_STATUS:
            reply.kind = Reply::Kind::text;
            reply.text.assign(from.str, from.len);
            break;
        case REDIS_REPLY_ARRAY:
            reply.kind = Reply::Kind::list;
            reply.items.reserve(from.elements);
            for (std::size_t i = 0; i < from.elements; ++i) {
                reply.items.push_back(to_reply(*from.element[i]));
                if (reply.items.back().kind == Reply::Kind::error)
                    return Reply(std::move(reply.items.back()));
            }
            break;
        default:
            reply.kind = Reply::Kind::error;
            reply.text.assign(from.str, from.len);
    }
    return reply;
}

}  // namespace

std::string format_commands(std::span<const Command* const> commands) {
    std::string bytes;
    for (const Command* command : commands) {
        bytes += '*' + std::to_string(command->size()) + "\r\n";
        for (const auto& word : *command)
            bytes.append("$")
                .append(std::to_string(word.size()))
                .append("\r\n")
                .append(word)
                .append("\r\n");
    }
    return bytes;
}

void ReplyReader::Finish::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader() : reader_(redisReaderCreate()) {
    if (!reader_) throw std::bad_alloc();
}

bool ReplyReader::feed(std::string_view bytes) {
    return redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK;
}

bool ReplyReader::next(std::optional<Reply>& reply) {
    reply.reset();
    void* raw = nullptr;
    if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) return false;
    if (raw == nullptr) return true;
    const std::unique_ptr<void, void (*)(void*)> owned(raw, &freeReplyObject);
    reply = to_reply(*static_cast<const redisReply*>(raw));
    return true;
}

Error redis_unavailable() {
    return {ErrorKind::unavailable,
            "redis_unavailable",
            "A part of the server (Redis) does not answer; try again shortly.",
            {},
            std::chrono::seconds(1)};
}

bool is_passing_error(std::string_view message) {
    static constexpr std::array<std::string_view, 8> passing = {
        "LOADING",     "BUSY ",    "MASTERDOWN", "READONLY",
        "CLUSTERDOWN", "TRYAGAIN", "OOM",        "UNBLOCKED"};
    return std::ranges::any_of(passing, [&](auto start) { return message.starts_with(start); });
}

Error failure_of(std::string_view message) {
    if (is_passing_error(message)) return redis_unavailable();
    return {ErrorKind::internal, "redis_error", "Redis answered: " + without_arguments(message)};
}

}  // namespace stoa::redis
