// SPDX-License-Identifier: Apache-2.0
#include "app/check_settings.hpp"

#include "app/master_key.hpp"
#include "app/serve.hpp"
#include "postgres/conninfo.hpp"
#include "redis/url.hpp"

namespace stoa::app {

Result<void> check_settings(const Settings& settings) {
    std::string mistakes;
    const auto check = [&mistakes](const auto& result) {
        if (result) return;
        mistakes += (mistakes.empty() ? "" : "\n") + result.error().message;
    };
    check(postgres::check_conninfo(settings.database_url));
    check(redis::parse_url(settings.redis_url));
    check(check_master_keys(settings));
    check(server_options(settings));
    if (mistakes.empty()) return {};
    return fail(ErrorKind::invalid, "settings_invalid", std::move(mistakes));
}

}  // namespace stoa::app
