// SPDX-License-Identifier: Apache-2.0
#include "chat/page_cache.hpp"

#include "chat/messages.hpp"

namespace stoa::chat {
namespace {

constexpr std::string_view requests_name = "stoa_chat_page_requests_total";
constexpr std::string_view requests_help = "Pages of messages asked for, by where they came from.";

std::string key_of(const RoomId& room, const MessageFilter& filter) {
    std::string key(reinterpret_cast<const char*>(room.uuid.data()), room.uuid.size());
    json::append_number(key, filter.before_seq);
    key += filter.oldest_first ? '<' : '>';
    json::append_number(key, filter.after_seq);
    key += '/';
    json::append_number(key, filter.limit);
    key += filter.is_pinned ? (*filter.is_pinned ? 'p' : 'u') : '-';
    if (filter.text) key += '?' + *filter.text;
    return key;
}

std::size_t cost_of(const std::string& key, const Page& page) {
    constexpr std::size_t of_entry = 256;  // its nodes in the cache
    constexpr std::size_t of_user = sizeof(UserId) + sizeof(std::string);
    return of_entry + 2 * key.size() + sizeof(Page) + page.json.capacity() +
           page.sources.users.size() * of_user + page.sources.documents.size() * sizeof(DocumentId);
}

}  // namespace

PageCache::PageCache(std::size_t bytes_max, Metrics& metrics)
    : pages_(bytes_max),
      hits_(metrics.counter(std::string(requests_name), std::string(requests_help),
                            {{"source", "cache"}})),
      misses_(metrics.counter(std::string(requests_name), std::string(requests_help),
                              {{"source", "database"}})) {}

std::shared_ptr<const Page> PageCache::find(const RoomId& room, const MessageFilter& filter) {
    return pages_.find(key_of(room, filter));
}

void PageCache::put(const RoomId& room, const MessageFilter& filter,
                    std::shared_ptr<const Page> page) {
    const auto key = key_of(room, filter);
    const auto cost = cost_of(key, *page);
    pages_.put(key, std::move(page), cost);
}

void PageCache::count(bool is_hit) { (is_hit ? hits_ : misses_).add(); }

}  // namespace stoa::chat
