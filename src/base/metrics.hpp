// SPDX-License-Identifier: Apache-2.0
// The process's metrics, by Prometheus' naming rules: `stoa_` prefix, base units last, `_total` on
// counters. Labels must be bounded: route templates, query names, states; never ids or input.
// Owner: the composition root, which hands it by reference. Any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
}  // namespace prometheus

namespace stoa {

/// Handles to one series each, for paths too hot to look its labels up every time. Valid as long as
/// the Metrics they came from; any thread.
class CounterHandle {
  public:
    explicit CounterHandle(prometheus::Counter& series) : series_(&series) {}
    void add(double by = 1);

  private:
    prometheus::Counter* series_;
};
class GaugeHandle {
  public:
    explicit GaugeHandle(prometheus::Gauge& series) : series_(&series) {}
    void add(double by);

  private:
    prometheus::Gauge* series_;
};
class SecondsHandle {
  public:
    explicit SecondsHandle(prometheus::Histogram& series) : series_(&series) {}
    void observe(double seconds);

  private:
    prometheus::Histogram* series_;
};

class Metrics {
  public:
    using Labels = std::map<std::string, std::string>;

    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// Adds to the counter `name` (made at its first use; `help` is of that time).
    void count(const std::string& name, const std::string& help, const Labels& labels = {},
               double by = 1);
    void set(const std::string& name, const std::string& help, const Labels& labels, double value);
    /// A histogram in seconds, with buckets from 0.5 ms to 10 s.
    void observe_seconds(const std::string& name, const std::string& help, const Labels& labels,
                         double seconds);
    [[nodiscard]] CounterHandle counter(const std::string& name, const std::string& help,
                                        const Labels& labels = {});
    [[nodiscard]] GaugeHandle gauge(const std::string& name, const std::string& help,
                                    const Labels& labels = {});
    [[nodiscard]] SecondsHandle seconds(const std::string& name, const std::string& help,
                                        const Labels& labels = {});
    /// `collector` sets what is cheaper to ask for than to keep; called before each `expose`, on
    /// its thread, one at a time. What it refers to has to outlive the last `expose`.
    void add_collector(std::function<void()> collector);
    /// The text exposition format 0.0.4 of everything, sorted by name.
    [[nodiscard]] std::string expose();

  private:
    std::mutex mutex_;
    std::vector<std::function<void()>> collectors_;
    std::shared_ptr<prometheus::Registry> registry_;
};

}  // namespace stoa
