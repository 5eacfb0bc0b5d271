// SPDX-License-Identifier: Apache-2.0
#include "postgres/conninfo.hpp"

#include <memory>
#include <string_view>

#include <libpq-fe.h>

namespace stoa::postgres {

Result<void> check_conninfo(const std::string& conninfo) {
    const auto wrong = [](std::string message) {
        return fail(ErrorKind::invalid, "settings_invalid", std::move(message));
    };
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
        PQconninfoParse(conninfo.c_str(), nullptr), &PQconninfoFree);
    if (!parsed) {
        return wrong(
            "database_url should be a connection URI, postgresql://user@host/database, or a list "
            "of key=value");
    }
    for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
        const std::string_view key = option->keyword;
        const std::string_view value = option->val == nullptr ? "" : option->val;
        if (key == "host" && value.find('@') != std::string_view::npos)
            return wrong("the host of database_url has an @; one in a password is written %40");
        if (key == "port" && value.find_first_not_of("0123456789,") != std::string_view::npos)
            return wrong("the port of database_url should be a number");
    }
    return {};
}

}  // namespace stoa::postgres
