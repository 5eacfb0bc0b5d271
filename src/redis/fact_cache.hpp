// SPDX-License-Identifier: Apache-2.0
// Facts read from PostgreSQL, kept in this process for less than a second: sessions, profiles,
// rooms and places in them, rights to documents. An announced change ends them at once. Their age
// ends them in any case, so that a revoked session or a ban holds everywhere within a second, also
// where Redis is away, partitioned or slow. A fact that ends by itself says so (`ends_in`).
// Bounded; owner: whoever asks for the facts; any thread.
#pragma once

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "redis/invalidations.hpp"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace stoa::redis {

/// From before a fact is read: the rest of the second is for reading it and for the request.
inline constexpr std::chrono::milliseconds fact_age_max{900};

/// A fact that holds for some time only, from before it was read.
template <class Fact>
concept Ending = requires(const Fact& fact) {
    { fact.ends_in } -> std::convertible_to<std::optional<std::chrono::milliseconds>>;
};

template <class Fact>
class FactCache {
  public:
    using SteadyTime = std::chrono::steady_clock::time_point;
    using SteadyClock = std::function<SteadyTime()>;

    /// `name` is the metrics' label; at most `facts_max` are kept. A change of a subject of the
    /// kind `ended_by` ("room:") ends all of them, for facts that follow from such subjects too.
    FactCache(std::string name, std::size_t facts_max, Invalidations& invalidations,
              Metrics& metrics, SteadyClock clock = std::chrono::steady_clock::now,
              std::string ended_by = {})
        : facts_max_(facts_max),
          clock_(std::move(clock)),
          ended_by_(std::move(ended_by)),
          hits_(counter(metrics, name, "hit")),
          misses_(counter(metrics, name, "miss")),
          invalidations_(invalidations) {
        invalidations_.add_listener(
            this, [this](std::optional<std::string_view> subject) { forget(subject); });
    }
    ~FactCache() { invalidations_.remove_listener(this); }
    FactCache(const FactCache&) = delete;
    FactCache& operator=(const FactCache&) = delete;

    /// What `load()` says about `detail` of the subject, or said within `fact_age_max` and has not
    /// ended by itself. Failures are not kept, nor is what was read while the subject changed.
    template <class Load>
    Result<Fact> get(const std::string& subject, const std::string& detail, Load&& load) {
        const auto began = clock_();
        std::uint64_t changes = 0;
        {
            const std::lock_guard lock(mutex_);
            changes = changes_;
            if (const Fact* fact = find(subject, detail, began)) {
                hits_.add();
                return *fact;
            }
        }
        misses_.add();
        Result<Fact> fact = load();
        if (!fact) return fact;
        const std::lock_guard lock(mutex_);
        if (changes == changes_) keep(subject, detail, *fact, began);
        return fact;
    }

  private:
    struct Kept {
        Fact fact;
        SteadyTime ends_at;
    };
    using Subjects = std::unordered_map<std::string, std::unordered_map<std::string, Kept>>;

    static CounterHandle counter(Metrics& metrics, const std::string& name, const char* result) {
        return metrics.counter("stoa_cache_lookups_total", "Lookups of cached facts, by result.",
                               {{"cache", name}, {"result", result}});
    }

    const Fact* find(const std::string& subject, const std::string& detail, SteadyTime now) {
        const auto of_subject = facts_.find(subject);
        if (of_subject == facts_.end()) return nullptr;
        const auto found = of_subject->second.find(detail);
        if (found == of_subject->second.end()) return nullptr;
        return now < found->second.ends_at ? &found->second.fact : nullptr;
    }

    static SteadyTime end_of(const Fact& fact, SteadyTime read_at) {
        if constexpr (Ending<Fact>) {
            if (fact.ends_in) return read_at + std::min(*fact.ends_in, fact_age_max);
        }
        return read_at + fact_age_max;
    }

    void keep(const std::string& subject, const std::string& detail, const Fact& fact,
              SteadyTime read_at) {
        // Everything older is over: one sweep a second bounds the memory to what is in use.
        if (read_at - swept_at_ >= fact_age_max) {
            for (auto& [name, details] : facts_)
                std::erase_if(details,
                              [&](const auto& entry) { return read_at >= entry.second.ends_at; });
            std::erase_if(facts_, [](const auto& entry) { return entry.second.empty(); });
            count_ = 0;
            for (const auto& [name, details] : facts_) count_ += details.size();
            swept_at_ = read_at;
        }
        if (count_ >= facts_max_) return;
        const Kept kept{fact, end_of(fact, read_at)};
        if (facts_[subject].insert_or_assign(detail, kept).second) ++count_;
    }

    void forget(std::optional<std::string_view> subject) {
        const std::lock_guard lock(mutex_);
        ++changes_;
        const bool is_broad = !ended_by_.empty() && subject && subject->starts_with(ended_by_);
        if (!subject || is_broad) {
            facts_.clear();
            count_ = 0;
        } else if (const auto found = facts_.find(std::string(*subject)); found != facts_.end()) {
            count_ -= found->second.size();
            facts_.erase(found);
        }
    }

    const std::size_t facts_max_;
    const SteadyClock clock_;
    const std::string ended_by_;
    CounterHandle hits_;
    CounterHandle misses_;
    Invalidations& invalidations_;
    std::mutex mutex_;
    Subjects facts_;
    std::size_t count_ = 0;
    std::uint64_t changes_ = 0;
    SteadyTime swept_at_{};
};

}  // namespace stoa::redis
