// SPDX-License-Identifier: Apache-2.0
#include "llm/protocol_json.hpp"

#include <chrono>

namespace stoa::llm {

const Object* find_object(const Object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

std::string find_text(const Object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) return {};
    return std::string(value->get_string());
}

std::int64_t find_count(const Object& object, std::string_view name) {
    constexpr std::int64_t count_max = 1'000'000'000;
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_int64()) return 0;
    const auto count = value->get_int64();
    return count < 0 || count > count_max ? 0 : count;
}

tl::unexpected<Error> garbage() {
    return unavailable("model_unavailable",
                       "The language model answered something that is no part of an answer.",
                       std::chrono::seconds(5));
}

}  // namespace stoa::llm
