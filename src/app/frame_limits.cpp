// SPDX-License-Identifier: Apache-2.0
#include "app/frame_limits.hpp"

#include "base/json.hpp"

namespace stoa::app {
namespace {

http::Limit limit_of(chat::FrameType type) {
    switch (type) {
        case chat::FrameType::chat_message:
        case chat::FrameType::message_edit:
        case chat::FrameType::highlight_create:
            return RateLimits::writes;
        case chat::FrameType::socratic_query:
            return RateLimits::questions;
        default:
            return RateLimits::requests;
    }
}

}  // namespace

chat::FrameLimiter limit_frames(http::Limiter limiter, const RateLimits& limits) {
    if (!limiter) return {};
    return [limiter = std::move(limiter), limits](const UserId& user,
                                                  chat::FrameType type) -> Result<void> {
        const std::string name(json::enum_name(type));
        const auto allowance =
            limiter("socket " + name + " user:" + user.str(), limits.find(limit_of(type)));
        if (allowance.allowed) return {};
        auto error = http::rate_limited(allowance);
        error.message =
            "These are too many " + name + " frames: " + std::to_string(allowance.limit) +
            " are allowed in a minute. Wait " + std::to_string(allowance.reset.count()) + " s.";
        return tl::unexpected(std::move(error));
    };
}

}  // namespace stoa::app
