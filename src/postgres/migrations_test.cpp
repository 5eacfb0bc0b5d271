// SPDX-License-Identifier: Apache-2.0
#include "postgres/migrations.hpp"

#include "postgres/database.hpp"
#include "postgres/sql.hpp"
#include "support/private_postgres.hpp"

#include <future>

#include <gtest/gtest.h>

namespace stoa::postgres {
namespace {

class MigrationsTest : public ::testing::Test {
  protected:
    bool has_table(const char* name) {
        return *database_.one<bool>({"test.table", "SELECT to_regclass($1) IS NOT NULL"}, name);
    }

    testing::TestDatabase place_{"template1"};
    std::string conninfo_ = place_.conninfo();
    Metrics metrics_;
    Database database_{place_.options(), metrics_};
    std::vector<Migration> two_{
        {1, "first", "CREATE TABLE a (n int); CREATE TABLE b (n int);", "1a"},
        {2, "second", "INSERT INTO a VALUES (1);", "2a"}};
};

TEST_F(MigrationsTest, A_fresh_database_gets_all_and_a_second_run_nothing) {
    EXPECT_EQ(check_schema(conninfo_).error().code, "schema_older");
    const auto first = migrate(conninfo_);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(*first, static_cast<int>(all_migrations().size()));
    EXPECT_EQ(*migrate(conninfo_), 0);
    EXPECT_TRUE(check_schema(conninfo_));
    EXPECT_TRUE(has_table("jobs"));
}

TEST_F(MigrationsTest, What_is_missing_is_added_and_told) {
    ASSERT_EQ(*migrate(conninfo_, {two_[0]}), 1);
    const auto before = migration_status(conninfo_, two_);
    ASSERT_EQ(before->size(), 2U);
    EXPECT_TRUE((*before)[0].applied);
    EXPECT_FALSE((*before)[1].applied);
    EXPECT_EQ((*before)[1].name, "second");
    EXPECT_EQ(*migrate(conninfo_, two_), 1);
    EXPECT_TRUE((*migration_status(conninfo_, two_))[1].applied);
}

TEST_F(MigrationsTest, A_newer_schema_is_left_alone) {
    ASSERT_EQ(*migrate(conninfo_, two_), 2);
    EXPECT_EQ(migrate(conninfo_, {two_[0]}).error().code, "schema_newer");
    EXPECT_EQ(check_schema(conninfo_, {two_[0]}).error().code, "schema_newer");
    EXPECT_EQ(check_schema(conninfo_, {two_[0]}).error().kind, ErrorKind::unavailable);
}

TEST_F(MigrationsTest, A_released_migration_must_not_change) {
    ASSERT_EQ(*migrate(conninfo_, two_), 2);
    two_[0].sha256 = "1b";
    const auto changed = migrate(conninfo_, two_);
    EXPECT_EQ(changed.error().code, "migration_changed");
    EXPECT_NE(changed.error().message.find("first"), std::string::npos);
}

TEST_F(MigrationsTest, A_failing_migration_leaves_nothing) {
    two_[1].sql = "CREATE TABLE c (n int); INSERT INTO nowhere VALUES (1);";
    const auto failed = migrate(conninfo_, two_);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, "migration_failed");
    EXPECT_NE(failed.error().message.find("2 (second)"), std::string::npos);
    EXPECT_NE(failed.error().message.find("nowhere"), std::string::npos);
    EXPECT_TRUE(has_table("a")) << "the first stays";
    EXPECT_FALSE(has_table("c"));
    EXPECT_EQ(check_schema(conninfo_, two_).error().code, "schema_older");
    two_[1].sql = "CREATE TABLE c (n int);";
    EXPECT_EQ(*migrate(conninfo_, two_), 1);
}

TEST_F(MigrationsTest, Of_many_processes_one_applies) {
    two_[0].sql = "CREATE TABLE a (n int); SELECT pg_sleep(0.1);";
    std::vector<std::future<Result<int>>> runs;
    for (int i = 0; i < 4; ++i)
        runs.push_back(std::async(std::launch::async, [&] { return migrate(conninfo_, two_); }));
    int applied = 0;
    for (auto& run : runs) {
        const auto done = run.get();
        ASSERT_TRUE(done) << done.error().message;
        applied += *done;
    }
    EXPECT_EQ(applied, 2);
}

TEST_F(MigrationsTest, A_server_that_is_away) {
    const auto away = migrate("host=/nowhere");
    EXPECT_EQ(away.error().code, "database_unavailable");
    EXPECT_NE(away.error().message.find("/nowhere"), std::string::npos) << "for the operator";
}

}  // namespace
}  // namespace stoa::postgres
