// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.hpp"

#include "http/guard.hpp"
#include "http/url.hpp"

#include <algorithm>

namespace stoa::http {
namespace {

bool is_lower_hex(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string without_dashes(std::string_view uuid) {
    std::string hex;
    hex.reserve(32);
    std::ranges::copy_if(uuid, std::back_inserter(hex), [](char c) { return c != '-'; });
    return hex;
}

}  // namespace

Exchange::Exchange() {
    request.request_id = to_string(make_uuid());
    request.trace_id = without_dashes(request.request_id);
}

Exchange::Exchange(RequestHead head, const std::vector<std::string>& allowed_origins)
    : method_known(head.method_known),
      http11(head.http11),
      keep_alive(head.keep_alive),
      wants_upgrade(head.upgrade),
      expects_continue(head.expects_continue) {
    request.method = head.method;
    request.target = std::move(head.target);
    request.headers = std::move(head.headers);
    request.request_id = to_string(make_uuid());
    const auto traceparent = request.find_header("traceparent");
    auto trace_id = traceparent ? parse_traceparent(*traceparent) : std::nullopt;
    request.trace_id = trace_id ? std::move(*trace_id) : without_dashes(request.request_id);
    varies_by_origin = !allowed_origins.empty();
    const auto origin = request.find_header("origin");
    if (origin && is_allowed_origin(*origin, allowed_origins)) allowed_origin = *origin;
}

Exchange::~Exchange() {
    if (!sink || sink_pool == nullptr) return;
    auto cut = [left = std::shared_ptr<BodySink>(std::move(sink)), rest = std::move(chunk),
                request_id = request.request_id, trace_id = request.trace_id] {
        const log::TraceScope trace(trace_id);
        const auto done = guard([&] {
            if (rest.empty() || !left->write(rest)) left->cut();
            return true;
        });
        if (!done) log_thrown(done.error(), request_id);
    };
    // Where no worker is free, what came last has to be sent again.
    (void)sink_pool->submit(std::move(cut));
}

std::optional<std::string> parse_traceparent(std::string_view header) {
    // version "-" trace-id "-" parent-id "-" flags; later versions may append fields.
    if (header.size() < 55 || (header.size() > 55 && header[55] != '-') || header[2] != '-' ||
        header[35] != '-' || header[52] != '-') {
        return std::nullopt;
    }
    const auto version = header.substr(0, 2);
    const auto trace_id = header.substr(3, 32);
    const auto parent_id = header.substr(36, 16);
    const bool is_hex = is_lower_hex(version) && is_lower_hex(trace_id) &&
                        is_lower_hex(parent_id) && is_lower_hex(header.substr(53, 2));
    const auto is_zero = [](std::string_view text) {
        return text.find_first_not_of('0') == std::string_view::npos;
    };
    if (!is_hex || version == "ff" || (version == "00" && header.size() != 55) ||
        is_zero(trace_id) || is_zero(parent_id)) {
        return std::nullopt;
    }
    return std::string(trace_id);
}

bool is_own_origin(std::string_view origin, std::string_view host) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (origin.starts_with(scheme)) {
            return equals_ignoring_case(origin.substr(scheme.size()), host);
        }
    }
    return false;
}

bool is_allowed_origin(std::string_view origin, const std::vector<std::string>& allowed) {
    return std::ranges::any_of(allowed,
                               [&](const auto& one) { return equals_ignoring_case(one, origin); });
}

std::optional<std::string_view> find_protocol_bearer(std::string_view protocols) {
    constexpr std::string_view prefix = "bearer.";
    while (!protocols.empty()) {
        const auto item = protocols.substr(0, protocols.find(','));
        protocols.remove_prefix(std::min(protocols.size(), item.size() + 1));
        const auto protocol = trim_blanks(item);
        if (protocol.size() > prefix.size() && protocol.starts_with(prefix)) {
            return protocol.substr(prefix.size());
        }
    }
    return std::nullopt;
}

}  // namespace stoa::http
