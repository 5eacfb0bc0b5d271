// SPDX-License-Identifier: Apache-2.0
// Pages of messages as they were last written, each with what it was made of. A page is never
// trusted for its age: `Rooms::access_page` says at each request whether it still shows what is
// there. Owner: Messages; any thread.
#pragma once

#include "base/id.hpp"
#include "base/lru_cache.hpp"
#include "base/metrics.hpp"
#include "rooms/rooms.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace stoa::chat {

struct MessageFilter;

struct Page {
    rooms::PageSources sources;
    std::string json;
};

class PageCache {
  public:
    /// 0 bytes keep nothing.
    PageCache(std::size_t bytes_max, Metrics& metrics);

    [[nodiscard]] std::shared_ptr<const Page> find(const RoomId& room, const MessageFilter& filter);
    void put(const RoomId& room, const MessageFilter& filter, std::shared_ptr<const Page> page);
    /// Whether a request was answered from here.
    void count(bool is_hit);

  private:
    LruCache<std::string, Page> pages_;
    CounterHandle hits_;
    CounterHandle misses_;
};

}  // namespace stoa::chat
