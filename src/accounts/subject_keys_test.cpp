// SPDX-License-Identifier: Apache-2.0
#include "accounts/subject_keys.hpp"

#include "support/private_postgres.hpp"

#include <future>
#include <vector>

#include <gtest/gtest.h>

namespace stoa::accounts {
namespace {

class SubjectKeysTest : public ::testing::Test {
  protected:
    testing::TestDatabase place;
    Metrics metrics;
    postgres::Database database{place.options(), metrics};
    MasterKeys masters{database, {crypto::SecretKey{1}}};
    SubjectKeys keys{database, masters};
    const UserId ada = UserId::make();
    const UserId bob = UserId::make();
};

TEST_F(SubjectKeysTest, What_is_sealed_opens_in_its_place_and_with_its_key_only) {
    const auto key = keys.key_of(ada).value();
    const auto sealed = key.seal("the secret of caesium", "notes.text 1");
    EXPECT_EQ(sealed.value.find("caesium"), std::string::npos);
    EXPECT_EQ(key.open(sealed, "notes.text 1").value(), "the secret of caesium");
    EXPECT_EQ(key.open(sealed, "notes.text 2").error().code, "sealed_unreadable");
    EXPECT_FALSE(keys.key_of(bob).value().open(sealed, "notes.text 1"));
    EXPECT_NE(key.derive("one"), key.derive("two"));
}

TEST_F(SubjectKeysTest, A_key_is_made_once_and_every_process_finds_it) {
    std::vector<std::future<std::string>> made;
    for (int i = 0; i < 4; ++i) {
        made.push_back(std::async(std::launch::async, [this] {
            SubjectKeys process(database, masters);
            const auto key = process.key_of(ada).value().derive("same");
            return std::string(crypto::view(key));
        }));
    }
    const auto key = keys.key_of(ada).value().derive("same");
    for (auto& one : made) EXPECT_EQ(one.get(), crypto::view(key));
}

TEST_F(SubjectKeysTest, Another_master_key_is_told_of) {
    ASSERT_TRUE(keys.key_of(ada));
    MasterKeys wrong(database, {crypto::SecretKey{2}});
    SubjectKeys other(database, wrong);
    EXPECT_EQ(other.key_of(ada).error().code, "master_key_wrong");
    EXPECT_EQ(other.key_of(bob).error().code, "master_key_wrong");
    EXPECT_TRUE(keys.key_of(bob));
}

TEST_F(SubjectKeysTest, A_key_that_was_destroyed_is_not_made_again) {
    ASSERT_TRUE(keys.key_of(ada));
    const postgres::Query erase{
        "test.erase",
        "UPDATE subject_keys SET wrapped_key = '', erased_at = now() WHERE user_id = $1"};
    ASSERT_TRUE(database.run(erase, ada));
    SubjectKeys later(database, masters);
    EXPECT_EQ(later.key_of(ada).error().code, "subject_erased");
}

}  // namespace
}  // namespace stoa::accounts
