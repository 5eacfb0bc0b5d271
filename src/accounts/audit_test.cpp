// SPDX-License-Identifier: Apache-2.0
#include "accounts/administration.hpp"
#include "accounts/audit_checkpoints.hpp"
#include "support/private_postgres.hpp"

#include <gtest/gtest.h>

namespace stoa::accounts {
namespace {

class Audit : public ::testing::Test {
  protected:
    void record_some(int count) {
        for (int i = 0; i < count; ++i) {
            const auto done = database_.transact([](postgres::Session& session) {
                return record(session, {.action = AuditAction::signed_in, .subject = "a session"});
            });
            ASSERT_TRUE(done) << done.error().message;
        }
    }
    bool sign() { return sign_audit_log(database_, key_).value(); }
    void execute(const char* statement) {
        const auto done = database_.run({"test.execute", statement});
        ASSERT_TRUE(done) << done.error().message;
    }
    std::string found(std::int64_t entries_min = 0) {
        const auto done = verify_audit_log(database_, {key_.public_key}, entries_min);
        if (done) return "whole";
        EXPECT_EQ(done.error().code, "audit_broken");
        return done.error().message;
    }
    UserId make_user(PlatformRole role = PlatformRole::user) {
        return database_
            .one<UserId>({"test.user", "INSERT INTO users (role) VALUES ($1) RETURNING id"}, role)
            .value();
    }

    testing::TestDatabase place_;
    Metrics metrics_;
    postgres::Database database_{place_.options(), metrics_};
    const crypto::KeyPair key_ = audit_key("a master key");
    Administration administration_{database_};
};

TEST_F(Audit, ChangesAreNamed) {
    record_some(3);
    EXPECT_EQ(found(), "whole");
    execute("UPDATE audit_log SET detail = '{}' WHERE seq = 2");
    EXPECT_EQ(found(), "Entry 2 of the audit log was changed.");
    execute("DELETE FROM audit_log WHERE seq = 2");
    EXPECT_EQ(found(), "Entry 2 of the audit log is missing.");
}

TEST_F(Audit, ACheckpointIsMadeWhenThereIsSomethingNew) {
    EXPECT_FALSE(sign());
    record_some(2);
    EXPECT_TRUE(sign());
    EXPECT_FALSE(sign());
    record_some(3);
    EXPECT_TRUE(sign());
    record_some(1);
    const auto verified = verify_audit_log(database_, {key_.public_key}).value();
    EXPECT_EQ(verified.entries, 6);
    EXPECT_EQ(verified.checkpoints, 2);
    EXPECT_EQ(verified.entries_signed, 5);
}

TEST_F(Audit, ASignedEndCannotBeCutOff) {
    record_some(5);
    ASSERT_TRUE(sign());
    execute("DELETE FROM audit_log WHERE seq > 3");
    EXPECT_EQ(found(),
              "Entry 4 of the audit log was cut off: checkpoint 1 signed the entries up to 5.");
    execute("DELETE FROM audit_checkpoints");
    EXPECT_EQ(found(), "whole");  // all that is left to help is a count kept elsewhere
    EXPECT_EQ(found(5), "Entry 4 of the audit log was cut off: there should be at least 5.");
}

TEST_F(Audit, AChainThatWasComputedAnewIsNotTheSignedOne) {
    record_some(1);
    ASSERT_TRUE(sign());
    record_some(2);
    ASSERT_TRUE(sign());
    execute("DELETE FROM audit_log WHERE seq >= 2");
    record_some(4);
    EXPECT_EQ(found(),
              "Entry 2 of the audit log or one after it, up to 3, is not what checkpoint "
              "2 signed.");
}

TEST_F(Audit, CheckpointsCannotBeForgedOrLeftOut) {
    record_some(1);
    ASSERT_TRUE(sign());
    record_some(1);
    ASSERT_TRUE(sign());
    execute("UPDATE audit_checkpoints SET seq = 1 WHERE number = 2");
    EXPECT_EQ(found(), "Checkpoint 2 of the audit log has a forged signature.");
    execute("DELETE FROM audit_checkpoints WHERE number = 1");
    EXPECT_EQ(found(), "Checkpoint 1 of the audit log is missing.");
    execute("DELETE FROM audit_checkpoints");
    ASSERT_TRUE(sign_audit_log(database_, audit_key("another master key")).value());
    EXPECT_EQ(found(),
              "Checkpoint 1 of the audit log is signed by another key than this master "
              "key gives.");
}

TEST_F(Audit, OnlyAdminsGiveRolesAndReadTheLog) {
    const auto admin = make_user(PlatformRole::admin);
    const auto moderator = make_user(PlatformRole::moderator);
    const auto user = make_user();
    for (const auto& other : {moderator, user}) {
        const auto tried = administration_.set_role(other, other, PlatformRole::admin);
        EXPECT_EQ(tried.error().code, "admin_only");
        EXPECT_EQ(administration_.list_audit_log(other, {}).error().code, "admin_only");
    }
    EXPECT_EQ(administration_.set_role(admin, user, PlatformRole::moderator)->role,
              PlatformRole::moderator);
    EXPECT_EQ(administration_.set_role(admin, UserId::make(), PlatformRole::user).error().code,
              "user_not_found");
    const auto log = administration_.list_audit_log(admin, {}).value();
    ASSERT_EQ(log.items.size(), 1U);
    EXPECT_EQ(log.items[0].actor_id, admin);
    EXPECT_EQ(log.items[0].action, "role_changed");
    EXPECT_EQ(log.items[0].subject, user.str());
}

TEST_F(Audit, TheLastAdminStays) {
    const auto first = make_user(PlatformRole::admin);
    EXPECT_EQ(administration_.set_role(first, first, PlatformRole::user).error().code,
              "last_admin");
    const auto second = make_user();
    ASSERT_TRUE(administration_.set_role(std::nullopt, second, PlatformRole::admin));
    EXPECT_EQ(administration_.set_role(first, first, PlatformRole::user)->role, PlatformRole::user);
}

TEST_F(Audit, TheLogIsReadInPages) {
    const auto admin = make_user(PlatformRole::admin);
    record_some(3);
    AuditQuery query;
    query.limit = Int<1, 100>{2};
    const auto first = administration_.list_audit_log(admin, query).value();
    ASSERT_EQ(first.items.size(), 2U);
    EXPECT_EQ(first.items[0].seq, 3);
    query.cursor = Text<1, 200>{first.next_cursor.value()};
    const auto second = administration_.list_audit_log(admin, query).value();
    ASSERT_EQ(second.items.size(), 1U);
    EXPECT_FALSE(second.next_cursor);
    query.cursor = Text<1, 200>{"1x"};
    EXPECT_EQ(administration_.list_audit_log(admin, query).error().code, "cursor_invalid");
}

}  // namespace
}  // namespace stoa::accounts
