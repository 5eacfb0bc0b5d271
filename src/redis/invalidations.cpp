// SPDX-License-Identifier: Apache-2.0
#include "redis/invalidations.hpp"

#include "base/log.hpp"

namespace stoa::redis {

void Invalidations::listen(const Options& options) {
    subscriber_ = std::make_unique<Subscriber>(
        options,
        Subscriber::Handlers{[this](std::string_view, std::string_view subject) { tell(subject); },
                             [this] { tell(std::nullopt); }});
    subscriber_->subscribe(std::string(invalidations_channel));
}

void Invalidations::announce(std::string_view subject) {
    using std::chrono::steady_clock;
    constexpr std::chrono::seconds rest{1};
    tell(subject);
    if (steady_clock::now() < away_until_.load()) return;
    const auto sent = client_.publish(invalidations_channel, subject);
    if (sent) return;
    away_until_ = steady_clock::now() + rest;
    log::debug("other nodes learn of a change by age",
               {{"error.code", std::string(sent.error().code)}});
}

void Invalidations::add_listener(const void* owner, Listener listener) {
    const std::lock_guard lock(mutex_);
    listeners_.emplace(owner, std::move(listener));
}

void Invalidations::remove_listener(const void* owner) {
    const std::lock_guard lock(mutex_);
    listeners_.erase(owner);
}

void Invalidations::tell(std::optional<std::string_view> subject) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [owner, listener] : listeners_) listener(subject);
}

}  // namespace stoa::redis
