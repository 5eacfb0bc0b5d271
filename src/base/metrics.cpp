// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace stoa {

Metrics::Metrics() : registry_(std::make_shared<prometheus::Registry>()) {}
Metrics::~Metrics() = default;

void CounterHandle::add(double by) { series_->Increment(by); }
void GaugeHandle::add(double by) { series_->Increment(by); }
void SecondsHandle::observe(double seconds) { series_->Observe(seconds); }

CounterHandle Metrics::counter(const std::string& name, const std::string& help,
                               const Labels& labels) {
    return CounterHandle(
        prometheus::BuildCounter().Name(name).Help(help).Register(*registry_).Add(labels));
}

GaugeHandle Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    return GaugeHandle(
        prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add(labels));
}

SecondsHandle Metrics::seconds(const std::string& name, const std::string& help,
                               const Labels& labels) {
    static const prometheus::Histogram::BucketBoundaries buckets{
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
    return SecondsHandle(prometheus::BuildHistogram()
                             .Name(name)
                             .Help(help)
                             .Register(*registry_)
                             .Add(labels, buckets));
}

void Metrics::count(const std::string& name, const std::string& help, const Labels& labels,
                    double by) {
    counter(name, help, labels).add(by);
}

void Metrics::set(const std::string& name, const std::string& help, const Labels& labels,
                  double value) {
    prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add(labels).Set(value);
}

void Metrics::observe_seconds(const std::string& name, const std::string& help,
                              const Labels& labels, double seconds_taken) {
    seconds(name, help, labels).observe(seconds_taken);
}

void Metrics::add_collector(std::function<void()> collector) {
    const std::lock_guard lock(mutex_);
    collectors_.push_back(std::move(collector));
}

std::string Metrics::expose() {
    const std::lock_guard lock(mutex_);
    for (const auto& collect : collectors_) collect();
    return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace stoa
