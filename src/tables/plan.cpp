// SPDX-License-Identifier: Apache-2.0
#include "tables/plan.hpp"

#include "base/json.hpp"

namespace stoa::tables {
namespace {

std::string describe(const Filter& filter) {
    switch (filter.comparison) {
        case Comparison::equal:
            return filter.column + " is " + filter.value;
        case Comparison::not_equal:
            return filter.column + " is not " + filter.value;
        case Comparison::less:
            return filter.column + " < " + filter.value;
        case Comparison::less_equal:
            return filter.column + " ≤ " + filter.value;
        case Comparison::greater:
            return filter.column + " > " + filter.value;
        case Comparison::greater_equal:
            return filter.column + " ≥ " + filter.value;
        case Comparison::contains:
            return filter.column + " contains " + filter.value;
        case Comparison::is_missing:
            return filter.column + " is missing";
        case Comparison::is_present:
            break;
    }
    return filter.column + " is present";
}

std::string describe(const Aggregate& aggregate) {
    if (!aggregate.column) return "number of rows";
    const std::string name(json::enum_name(aggregate.function));
    return (aggregate.function == Function::count ? "number of values" : name) + " of " +
           *aggregate.column;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
    std::string text;
    for (const auto& part : parts) {
        if (!text.empty()) text += between;
        text += part;
    }
    return text;
}

}  // namespace

std::string name_of(const Aggregate& aggregate) {
    std::string name(json::enum_name(aggregate.function));
    return aggregate.column ? name + "(" + *aggregate.column + ")" : name;
}

std::string describe(const Plan& plan) {
    std::vector<std::string> what;
    for (const Aggregate& aggregate : plan.aggregates) what.push_back(describe(aggregate));
    std::string text = joined(what, ", ");
    if (plan.aggregates.empty()) {
        text = plan.select.empty() ? "rows" : joined(plan.select, ", ") + " of the rows";
    }
    if (!plan.group_by.empty()) text += " by " + joined(plan.group_by, ", ");
    std::vector<std::string> conditions;
    for (const Filter& filter : plan.filters) conditions.push_back(describe(filter));
    if (!conditions.empty()) text += " where " + joined(conditions, " and ");
    if (plan.order) {
        text += ", by " + plan.order->by +
                (plan.order->descending ? ", greatest first" : ", least first");
    }
    if (plan.order || plan.aggregates.empty()) {
        text += ", at most " + std::to_string(plan.limit);
    }
    if (text[0] >= 'a' && text[0] <= 'z' && !plan.aggregates.empty()) {
        text[0] = static_cast<char>(text[0] - 'a' + 'A');
    }
    return text + ".";
}

}  // namespace stoa::tables
