// SPDX-License-Identifier: Apache-2.0
#include "postgres/hosts.hpp"

#include "postgres/conninfo.hpp"

#include <memory>
#include <new>

#include <libpq-fe.h>

namespace stoa::postgres {

namespace {

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> items;
    std::size_t begin = 0;
    for (std::size_t comma = 0; comma != std::string::npos; begin = comma + 1) {
        comma = list.find(',', begin);
        items.push_back(list.substr(begin, comma - begin));
    }
    return items;
}

Result<Host> parse(const std::string& conninfo) {
    if (auto checked = check_conninfo(conninfo); !checked) return fail(checked);
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(conninfo.c_str(), nullptr), &PQconninfoFree);
    if (!options) throw std::bad_alloc();
    Host given;
    for (const auto* option = options.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr) given[option->keyword] = option->val;
    return given;
}

}  // namespace

Result<std::vector<Host>> hosts_of(const std::string& conninfo) {
    auto given = parse(conninfo);
    if (!given) return fail(given);
    std::map<std::string, std::vector<std::string>> lists;
    std::size_t count = 1;
    for (const char* key : {"host", "hostaddr", "port"}) {
        if (!given->contains(key)) continue;
        lists[key] = split(given->at(key));
        count = std::max(count, lists[key].size());
    }
    if (count > 1) given->try_emplace("target_session_attrs", "read-write");
    std::vector<Host> hosts(count, *given);
    for (const auto& [key, list] : lists) {
        if (list.size() != 1 && list.size() != count)
            return fail(ErrorKind::invalid, "settings_invalid",
                        "database_url has " + std::to_string(list.size()) + " of " + key + " for " +
                            std::to_string(count) + " servers");
        for (std::size_t i = 0; i < count; ++i) hosts[i][key] = list[list.size() == 1 ? 0 : i];
    }
    return hosts;
}

}  // namespace stoa::postgres
