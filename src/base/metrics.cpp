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

void Metrics::count(const std::string& name, const std::string& help, const Labels& labels,
                    double by) {
    prometheus::BuildCounter().Name(name).Help(help).Register(*registry_).Add(labels).Increment(by);
}

void Metrics::set(const std::string& name, const std::string& help, const Labels& labels,
                  double value) {
    prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add(labels).Set(value);
}

void Metrics::observe_seconds(const std::string& name, const std::string& help,
                              const Labels& labels, double seconds) {
    static const prometheus::Histogram::BucketBoundaries buckets{
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
    prometheus::BuildHistogram()
        .Name(name)
        .Help(help)
        .Register(*registry_)
        .Add(labels, buckets)
        .Observe(seconds);
}

std::string Metrics::expose() const {
    return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace stoa
