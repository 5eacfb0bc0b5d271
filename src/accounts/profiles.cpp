// SPDX-License-Identifier: Apache-2.0
#include "accounts/profiles.hpp"

#include "accounts/sql.hpp"

namespace stoa::accounts {
namespace {

constexpr std::size_t profiles_max = 10'000;  // of up to 9 kB with the longest bio

bool is_username(std::string_view text) {
    return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
           std::string_view::npos;
}

}  // namespace

Result<Profile> Profiles::find_profile(const UserId& id) {
    const auto find = [&]() -> Result<Profile> {
        auto found = database_.find<Profile>(sql::find_profile, id);
        if (!found) return fail(found);
        if (!*found) return fail(ErrorKind::not_found, "user_not_found", "There is no such user.");
        return std::move(**found);
    };
    if (!profiles_) return find();
    return profiles_->get("user:" + id.str(), "", find);
}

Result<User> Profiles::find_user(const UserId& id) {
    auto profile = find_profile(id);
    if (!profile) return fail(profile);
    return User(std::move(*profile));
}

void Profiles::remember_people(redis::Invalidations& invalidations, Metrics& metrics) {
    invalidations_ = &invalidations;
    profiles_ = std::make_unique<redis::FactCache<Profile>>("profiles", profiles_max, invalidations,
                                                            metrics);
}

Result<Profile> Profiles::change(const UserId& id, const ProfileChange& change) {
    if (change.username && !is_username(change.username->value)) {
        std::string message = "A username has letters a-z, digits and underscores only.";
        return tl::unexpected<Error>(
            Error{ErrorKind::invalid,
                  "username_invalid",
                  message,
                  {{{"body", "username"}, message, "string_pattern_mismatch"}},
                  {}});
    }
    const auto changed =
        database_.run(sql::update_profile, id, change.name, change.username, change.bio);
    const bool is_taken = changed ? change.username && changed->affected() == 0
                                  : changed.error().code == "unique_violation";
    if (is_taken) {
        return fail(ErrorKind::conflict, "username_taken",
                    "Somebody else has this username; choose another.");
    }
    if (!changed) return fail(changed);
    if (invalidations_ != nullptr) invalidations_->announce("user:" + id.str());
    return find_profile(id);
}

}  // namespace stoa::accounts
