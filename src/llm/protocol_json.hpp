// SPDX-License-Identifier: Apache-2.0
// Private to the protocols: members of a foreign object, where what is missing or of another kind
// reads as nothing, and the error for what is no event. Pure functions; any thread.
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace stoa::llm {

using Object = boost::json::object;

const Object* find_object(const Object& object, std::string_view name);
std::string find_text(const Object& object, std::string_view name);
/// A count that is neither negative nor beyond a thousand million; 0 otherwise.
std::int64_t find_count(const Object& object, std::string_view name);

/// `model_unavailable`: this is none of the protocol's events.
tl::unexpected<Error> garbage();

}  // namespace stoa::llm
