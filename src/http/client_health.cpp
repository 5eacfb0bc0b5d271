// SPDX-License-Identifier: Apache-2.0
#include "http/client_health.hpp"

#include <algorithm>

namespace stoa::http {

ClientHealth::Origin& ClientHealth::find(const std::string& name, Clock::time_point now) {
    auto found = origins_.find(name);
    if (found == origins_.end()) {
        if (origins_.size() == origins_max) {
            origins_.erase(std::ranges::min_element(
                origins_, {}, [](const auto& entry) { return entry.second.asked_at; }));
        }
        found = origins_.try_emplace(name).first;
    }
    found->second.asked_at = now;
    return found->second;
}

Result<ClientHealth::Ticket> ClientHealth::admit(const std::string& name, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    auto& origin = find(name, now);
    if (!origin.is_open()) return Ticket{};
    if (now >= origin.open_until && !origin.on_trial) {
        origin.on_trial = true;
        return Ticket{.is_trial = true};
    }
    const auto left = std::chrono::ceil<std::chrono::seconds>(origin.open_until - now);
    return unavailable("upstream_unavailable",
                       "The other server failed several times; it is left alone for a moment.",
                       std::max(left, std::chrono::seconds(1)));
}

bool ClientHealth::report(const std::string& name, Ticket ticket, Outcome outcome,
                          Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    auto& origin = find(name, now);
    if (ticket.is_trial) origin.on_trial = false;
    if (outcome == Outcome::unknown || (origin.is_open() && !ticket.is_trial)) return false;
    if (outcome == Outcome::answered) {
        origin.failures = 0;
        origin.open_for = std::chrono::seconds(0);
        return false;
    }
    ++origin.failures;
    if (!origin.is_open() && origin.failures < failures_to_open) return false;
    origin.open_for = origin.is_open() ? std::min(2 * origin.open_for, open_max) : open_first;
    origin.open_until = now + origin.open_for;
    return true;
}

void ClientHealth::earn_retries(const std::string& name, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    auto& retries = find(name, now).retries;
    retries = std::min(retries + retries_per_request, retries_saved_max);
}

bool ClientHealth::spend_retry(const std::string& name, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    auto& retries = find(name, now).retries;
    if (retries < 1) return false;
    retries -= 1;
    return true;
}

std::size_t ClientHealth::size() const {
    const std::lock_guard lock(mutex_);
    return origins_.size();
}

}  // namespace stoa::http
