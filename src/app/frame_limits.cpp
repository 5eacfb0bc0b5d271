// SPDX-License-Identifier: Apache-2.0
#include "app/frame_limits.hpp"

#include "base/json.hpp"

namespace stoa::app {

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

chat::FrameLimiter limit_frames(http::Limiter limiter, const RateLimits& limits) {
    if (!limiter) return {};
    return [limiter = std::move(limiter), limits](const UserId& user,
                                                  chat::FrameType type) -> Result<void> {
        const auto key = "socket " + std::string(json::enum_name(type)) + " user:" + user.str();
        const auto allowance = limiter(key, limits.find(limit_of(type)));
        if (allowance.allowed) return {};
        return tl::unexpected(Error{ErrorKind::limited,
                                    "rate_limited",
                                    "These are too many " + std::string(json::enum_name(type)) +
                                        " frames: " + std::to_string(allowance.limit) +
                                        " are allowed in a minute. Wait " +
                                        std::to_string(allowance.reset.count()) + " s.",
                                    {},
                                    allowance.reset});
    };
}

}  // namespace stoa::app
