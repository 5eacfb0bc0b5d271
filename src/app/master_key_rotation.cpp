// SPDX-License-Identifier: Apache-2.0
#include "app/master_key_rotation.hpp"

#include "accounts/key_rotation.hpp"
#include "app/command_place.hpp"
#include "app/master_key.hpp"

#include <algorithm>
#include <iostream>

namespace stoa::app {
namespace {

/// The keys with the new one in front; made only if those there are open this database.
Result<std::vector<crypto::SecretKey>> begin_rotation(const Settings& settings,
                                                      postgres::Database& database) {
    auto keys = load_master_keys(settings);
    if (!keys) return keys;
    auto known = make_master_keys(database, settings, *keys);
    if (auto active = known.active(); !active) return fail(active);
    if (!settings.master_key.empty()) return keys;
    return add_master_key(settings.data_dir);
}

/// At each thousand, so that one sees it move.
void tell(std::int64_t rewrapped, std::int64_t& told) {
    constexpr std::int64_t step = 1000;
    if (rewrapped / step == told / step) return;
    told = rewrapped;
    std::cout << rewrapped << " keys wrapped anew …" << std::endl;
}

}  // namespace

Result<void> rotate_master_key(const Settings& settings) {
    Place place(settings);
    const auto secrets = begin_rotation(settings, place.database);
    if (!secrets) return fail(secrets);
    const accounts::MasterKey target(secrets->front());
    auto keys = make_master_keys(place.database, settings, *secrets);
    std::cout << "Master key " << target.id << " takes over." << std::endl;
    std::int64_t told = 0;
    const auto done = accounts::rotate_master_key(
        place.database, keys, target, [&](std::int64_t rewrapped) { tell(rewrapped, told); });
    if (!done) return fail(done);
    std::cout << *done << " keys wrapped anew; all that is stored is under " << target.id << ".\n";
    if (settings.master_key.empty()) {
        auto dropped = drop_replaced_master_keys(settings.data_dir, target.key);
        if (!dropped) return dropped;
        std::cout << "data_dir/master.key holds only this one now: back it up.\n";
    } else if (!settings.master_key_previous.empty()) {
        std::cout << "master_key_previous is needed no more.\n";
    }
    return {};
}

Result<void> print_key_status(const Settings& settings) {
    const auto secrets = load_master_keys(settings);
    if (!secrets) return fail(secrets);
    Place place(settings);
    const auto uses = accounts::list_master_key_use(place.database);
    if (!uses) return fail(uses);
    std::vector<std::string> given;
    for (const auto& secret : *secrets) given.push_back(accounts::MasterKey(secret).id);
    for (const auto& use : *uses) {
        const auto id = use.id.value_or("unnamed");
        std::cout << id << "  " << use.subject_keys << " keys of people, " << use.signing_keys
                  << " signing keys" << (use.is_active ? ", active" : "");
        if (use.id && std::ranges::find(given, id) == given.end()) std::cout << ", not given here";
        std::cout << '\n';
    }
    for (const auto& id : given) {
        const auto wraps = [&](const auto& use) { return use.id == id; };
        if (std::ranges::none_of(*uses, wraps)) std::cout << id << "  nothing; given here\n";
    }
    return {};
}

}  // namespace stoa::app
