// SPDX-License-Identifier: Apache-2.0
// A bounded cache in this process: what was not asked for the longest goes first once the costs
// (bytes, or one each) pass their sum's limit. It knows nothing of validity: whoever finds a value
// checks that it still holds. Owner: whoever caches; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace stoa {

template <class Key, class Value, class Hash = std::hash<Key>>
class LruCache {
  public:
    explicit LruCache(std::size_t cost_max) : cost_max_(cost_max) {}

    /// The value kept under `key`, or null.
    [[nodiscard]] std::shared_ptr<const Value> find(const Key& key) {
        const std::lock_guard lock(mutex_);
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) return nullptr;
        entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->value;
    }

    /// Keeps `value` in place of the one before; a value that alone costs more than an eighth of
    /// all is not kept, lest it push out everything else.
    void put(const Key& key, std::shared_ptr<const Value> value, std::size_t cost) {
        const std::lock_guard lock(mutex_);
        if (const auto before = by_key_.find(key); before != by_key_.end()) drop(before->second);
        if (cost > cost_max_ / 8) return;
        entries_.push_front({key, std::move(value), cost});
        by_key_.emplace(key, entries_.begin());
        cost_ += cost;
        while (cost_ > cost_max_) drop(std::prev(entries_.end()));
    }

    [[nodiscard]] std::size_t cost() const {
        const std::lock_guard lock(mutex_);
        return cost_;
    }

  private:
    struct Entry {
        Key key;
        std::shared_ptr<const Value> value;
        std::size_t cost;
    };
    using Place = typename std::list<Entry>::iterator;

    void drop(Place place) {
        cost_ -= place->cost;
        by_key_.erase(place->key);
        entries_.erase(place);
    }

    const std::size_t cost_max_;
    mutable std::mutex mutex_;
    std::list<Entry> entries_;  // the last used first
    std::unordered_map<Key, Place, Hash> by_key_;
    std::size_t cost_ = 0;
};

}  // namespace stoa
