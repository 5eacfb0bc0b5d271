// SPDX-License-Identifier: Apache-2.0
#include "accounts/profiles.hpp"

#include "accounts/sql.hpp"

namespace stoa::accounts {
namespace {

template <class T>
Result<T> find_person(postgres::Database& database, const postgres::Query& query,
                      const UserId& id) {
    auto found = database.find<T>(query, id);
    if (!found) return fail(found);
    if (!*found) return fail(ErrorKind::not_found, "user_not_found", "There is no such user.");
    return std::move(**found);
}

bool is_username(std::string_view text) {
    return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
           std::string_view::npos;
}

}  // namespace

Result<Profile> Profiles::find_profile(const UserId& id) {
    return find_person<Profile>(database_, sql::find_profile, id);
}

Result<User> Profiles::find_user(const UserId& id) {
    return find_person<User>(database_, sql::find_user, id);
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
    if (!changed && changed.error().code == "unique_violation")
        return fail(ErrorKind::conflict, "username_taken",
                    "Somebody else has this username; choose another.");
    if (!changed) return fail(changed);
    return find_profile(id);
}

}  // namespace stoa::accounts
