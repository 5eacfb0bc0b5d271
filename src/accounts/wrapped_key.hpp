// SPDX-License-Identifier: Apache-2.0
// Private to this module: a key as it lies in the database, wrapped by a master key, and the names
// of the places that keys are wrapped for. Pure.
#pragma once

#include "postgres/codec.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <boost/describe.hpp>

namespace stoa::accounts {

struct WrappedKey {
    std::string name;  ///< of its row: a person, a kid
    postgres::Bytes wrapped_key;
    std::optional<std::string> master_key_id;
};
BOOST_DESCRIBE_STRUCT(WrappedKey, (), (name, wrapped_key, master_key_id))

inline std::string subject_key_place(std::string_view user) {
    return "stoa subject key " + std::string(user);
}
inline std::string signing_key_place(std::string_view kid) {
    return "stoa signing key " + std::string(kid);
}

}  // namespace stoa::accounts
