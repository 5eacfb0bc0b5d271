// SPDX-License-Identifier: Apache-2.0
#include "redis/client.hpp"

#include "redis/cluster.hpp"
#include "redis/command_metrics.hpp"
#include "redis/transport.hpp"

#include <array>

#include <openssl/evp.h>

namespace stoa::redis {

namespace {

std::string sha1_hex(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned int size = 0;
    EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha1(), nullptr);
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) {
        hex += digits[hash[i] >> 4U];
        hex += digits[hash[i] & 15U];
    }
    return hex;
}

Result<std::unique_ptr<Transport>> make_transport(const Options& options, CommandMetrics& metrics) {
    const auto location = parse_url(options.url);
    if (!location) return fail(location);
    if (location->is_cluster)
        return std::make_unique<Cluster>(location->addresses, options, metrics);
    return std::make_unique<Standalone>(location->addresses.front(), options, metrics);
}

}  // namespace

Script::Script(std::string_view text) : text_(text), sha1_(sha1_hex(text)) {}

Client::Client(Options options, Metrics& metrics)
    : metrics_(std::make_unique<CommandMetrics>(metrics)),
      transport_(make_transport(options, *metrics_)) {}

Client::~Client() = default;

Result<std::vector<Reply>> Client::exchange(const std::vector<Command>& commands,
                                            std::chrono::milliseconds extra) {
    if (commands.empty()) return std::vector<Reply>();
    if (!transport_) return fail(transport_);
    const auto began = std::chrono::steady_clock::now();
    auto replies = (*transport_)->exchange(commands, extra);
    if (!replies) return tl::unexpected(metrics_->counted(std::move(replies.error())));
    if (extra.count() == 0) {  // a blocking command's time says nothing
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        metrics_->observe(commands.front().front(), took.count());
    }
    return replies;
}

Result<Reply> Client::result_of(Reply reply) const {
    if (reply.kind != Reply::Kind::error) return reply;
    return tl::unexpected(metrics_->counted(failure_of(reply.text)));
}

Result<std::vector<Reply>> Client::pipeline(const std::vector<Command>& commands) {
    auto replies = exchange(commands, {});
    if (!replies) return replies;
    for (auto& reply : *replies) {
        auto result = result_of(std::move(reply));
        if (!result) return fail(result);
        reply = std::move(*result);
    }
    return replies;
}

Result<Reply> Client::run(const Command& command, std::chrono::milliseconds extra) {
    auto replies = exchange({command}, extra);
    if (!replies) return fail(replies);
    return result_of(std::move(replies->front()));
}

Result<Reply> Client::run_script(const Script& script, const std::vector<std::string>& keys,
                                 const std::vector<std::string>& arguments) {
    Command command{"EVALSHA", script.sha1(), std::to_string(keys.size())};
    command.insert(command.end(), keys.begin(), keys.end());
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto replies = exchange({command}, {});
    if (!replies) return fail(replies);
    auto& reply = replies->front();
    const bool is_unknown = reply.kind == Reply::Kind::error && reply.text.starts_with("NOSCRIPT");
    if (!is_unknown) return result_of(std::move(reply));
    command[0] = "EVAL";
    command[1] = script.text();
    return run(command);
}

Result<std::int64_t> Client::publish(std::string_view channel, std::string_view payload) {
    auto reply = run({"PUBLISH", std::string(channel), std::string(payload)});
    if (!reply) return fail(reply);
    return reply->integer;
}

Result<void> Client::ping() {
    auto reply = run({"PING"});
    if (!reply) return fail(reply);
    return {};
}

}  // namespace stoa::redis
