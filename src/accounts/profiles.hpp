// SPDX-License-Identifier: Apache-2.0
// People as they see themselves (`Profile`) and as others see them (`User`). Changes names, bios
// and nothing else of `users`: sign-in writes wallets, `progress` writes points. Any thread.
#pragma once

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "postgres/database.hpp"
#include "redis/fact_cache.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace stoa::accounts {

enum class PlatformRole { user, moderator, admin };
BOOST_DESCRIBE_ENUM(PlatformRole, user, moderator, admin)

/// Who wrote something, as it is shown beside it. `Chars` is std::string, or std::string_view if
/// another keeps the text.
template <class Chars>
struct BasicAuthor {
    UserId id;
    std::optional<Chars> name;
    std::optional<Chars> username;
    BOOST_DESCRIBE_CLASS(BasicAuthor, (), (id, name, username), (), ())
};
using Author = BasicAuthor<std::string>;

struct User {
    UserId id;
    std::optional<std::string> name;
    std::optional<std::string> username;
    std::optional<std::string> wallet_address;
    PlatformRole role = PlatformRole::user;
    std::optional<std::string> bio;
    int reputation_score = 0;
    int total_xp = 0;
    int level = 1;
    std::optional<std::string> level_name;
    std::optional<std::string> profile_nft_mint;
    Time created_at;
};
BOOST_DESCRIBE_STRUCT(User, (),
                      (id, name, username, wallet_address, role, bio, reputation_score, total_xp,
                       level, level_name, profile_nft_mint, created_at))

struct Profile : User {
    std::vector<std::string> wallets;  ///< in the order of linking
    Time updated_at;
};
BOOST_DESCRIBE_STRUCT(Profile, (User), (wallets, updated_at))

/// What is absent (or null) stays as it is; an empty bio clears it.
struct ProfileChange {
    std::optional<Text<1, 100>> name;
    std::optional<Text<3, 30>> username;  ///< a-z, 0-9 and _
    std::optional<Text<0, 2000>> bio;
};
BOOST_DESCRIBE_STRUCT(ProfileChange, (), (name, username, bio))

class Profiles {
  public:
    explicit Profiles(postgres::Database& database) : database_(database) {}

    /// From now on people are shown as they were at most `redis::fact_age_max` ago, or since a
    /// change was announced. Before the first request.
    void remember_people(redis::Invalidations& invalidations, Metrics& metrics);

    /// `user_not_found` (404).
    Result<Profile> find_profile(const UserId& id);
    /// `user_not_found` (404).
    Result<User> find_user(const UserId& id);
    /// `username_taken` (409), `username_invalid` (422).
    Result<Profile> change(const UserId& id, const ProfileChange& change);

  private:
    postgres::Database& database_;
    redis::Invalidations* invalidations_ = nullptr;
    std::unique_ptr<redis::FactCache<Profile>> profiles_;
};

}  // namespace stoa::accounts
