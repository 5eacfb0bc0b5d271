// SPDX-License-Identifier: Apache-2.0
#include "http/socket.hpp"

#include <algorithm>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace stoa::http {

struct Hub::State {
    mutable std::shared_mutex mutex;
    std::unordered_map<RoomId, std::vector<std::shared_ptr<Subscriber>>> rooms;
};

Hub::Hub() : state_(std::make_unique<State>()) {}
Hub::~Hub() = default;

void Hub::join(const RoomId& room, const std::shared_ptr<Subscriber>& subscriber) {
    const std::lock_guard lock(state_->mutex);
    auto& members = state_->rooms[room];
    if (std::ranges::find(members, subscriber) == members.end()) members.push_back(subscriber);
}

void Hub::leave(const RoomId& room, const std::shared_ptr<Subscriber>& subscriber) {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->rooms.find(room);
    if (found == state_->rooms.end()) return;
    std::erase(found->second, subscriber);
    if (found->second.empty()) state_->rooms.erase(found);
}

std::size_t Hub::publish(const RoomId& room, std::string_view text) {
    const std::shared_lock lock(state_->mutex);
    const auto found = state_->rooms.find(room);
    if (found == state_->rooms.end()) return 0;
    const TextFrame frame(text);
    for (const auto& member : found->second) member->send_frame(frame);
    return found->second.size();
}

std::size_t Hub::count(const RoomId& room) const {
    const std::shared_lock lock(state_->mutex);
    const auto found = state_->rooms.find(room);
    return found == state_->rooms.end() ? 0 : found->second.size();
}

}  // namespace stoa::http
