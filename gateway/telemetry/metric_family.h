#pragma once

// Families of metrics in prometheus-cpp's form. Allocates.

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::telemetry {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

// Without values.
[[nodiscard]] prometheus::MetricFamily family(std::string name, std::string help,
                                              prometheus::MetricType type);
// REQUIRES: of a counter or a gauge.
void add(prometheus::MetricFamily& family, const LabelPairs& labels, double value);
// Of one value without labels.
[[nodiscard]] prometheus::MetricFamily single(std::string name, std::string help,
                                              prometheus::MetricType type, double value);

}  // namespace sluice::telemetry
