// SPDX-License-Identifier: Apache-2.0
#include "accounts/key_rotation.hpp"

#include "accounts/audit.hpp"
#include "accounts/audit_checkpoints.hpp"
#include "accounts/subject_keys.hpp"
#include "accounts/tokens.hpp"
#include "support/private_postgres.hpp"

#include <future>

#include <gtest/gtest.h>

namespace stoa::accounts {
namespace {

class KeyRotation : public ::testing::Test {
  protected:
    crypto::SecretKey derived(MasterKeys& masters, const UserId& user) {
        return SubjectKeys(database_, masters).key_of(user).value().derive("same");
    }
    Result<std::int64_t> rotate(MasterKeys& keys, const crypto::SecretKey& target) {
        return rotate_master_key(database_, keys, MasterKey(target), [](std::int64_t) {});
    }
    std::int64_t ask(const char* statement) {
        return database_.one<std::int64_t>({"test.ask", statement}).value();
    }
    void execute(const char* statement) {
        const auto done = database_.run({"test.execute", statement});
        ASSERT_TRUE(done) << done.error().message;
    }
    static crypto::KeyPair audit_key_of(const crypto::SecretKey& master) {
        return audit_key(crypto::view(master));
    }
    void record_one() {
        ASSERT_TRUE(database_.transact([](postgres::Session& session) {
            return record(session, {.action = AuditAction::signed_in, .subject = "a session"});
        }));
    }
    std::string verified(const std::vector<crypto::SecretKey>& masters) {
        std::vector<crypto::PublicKey> keys;
        for (const auto& master : masters) keys.push_back(audit_key_of(master).public_key);
        const auto done = verify_audit_log(database_, keys);
        return done ? std::to_string(done->entries_signed) + " signed" : done.error().message;
    }

    testing::TestDatabase place_;
    Metrics metrics_;
    postgres::Database database_{place_.options(), metrics_};
    const crypto::SecretKey old_{1};
    const crypto::SecretKey new_{2};
    MasterKeys only_old_{database_, {old_}};
    MasterKeys only_new_{database_, {new_}};
    MasterKeys both_{database_, {new_, old_}};
    const UserId ada_ = UserId::make();
    const UserId bob_ = UserId::make();
};

TEST_F(KeyRotation, TheDatabaseSaysWhichKeyWrapsWhatIsNew) {
    ASSERT_TRUE(SubjectKeys(database_, only_old_).key_of(ada_));
    EXPECT_EQ(both_.active()->id, MasterKey(old_).id);  // though it stands second there
    const auto key = derived(both_, bob_);
    EXPECT_EQ(derived(only_old_, bob_), key);  // who has the old one only still reads it
    EXPECT_EQ(only_new_.active().error().code, "master_key_wrong");
}

TEST_F(KeyRotation, EverythingIsWrappedAnewAndStaysReadable) {
    std::vector<UserId> people{UserId{}};  // the installation's own too
    for (int i = 0; i < 250; ++i) people.push_back(UserId::make());
    std::vector<crypto::SecretKey> keys;
    for (const auto& person : people) keys.push_back(derived(only_old_, person));
    Tokens tokens(database_, {.issuer = "here"}, only_old_);
    const auto token = tokens.issue({.user = ada_, .session = SessionId::make()}, "").value();

    EXPECT_EQ(rotate(both_, new_).value(), 252);
    EXPECT_EQ(rotate(both_, new_).value(), 0);
    const auto uses = list_master_key_use(database_).value();
    ASSERT_EQ(uses.size(), 1U);
    EXPECT_EQ(uses[0].id, MasterKey(new_).id);
    EXPECT_EQ(uses[0].subject_keys, 251);
    EXPECT_EQ(uses[0].signing_keys, 1);
    for (std::size_t i = 0; i < people.size(); ++i) {
        EXPECT_EQ(derived(only_new_, people[i]), keys[i]);
    }
    Tokens later(database_, {.issuer = "here"}, only_new_);
    EXPECT_TRUE(later.verify(token.access_token));
    EXPECT_TRUE(later.issue({.user = ada_, .session = SessionId::make()}, ""));
    EXPECT_EQ(ask("SELECT count(*) FROM signing_keys"), 1);
    EXPECT_EQ(SubjectKeys(database_, only_old_).key_of(ada_).error().code, "master_key_wrong");
}

TEST_F(KeyRotation, KeysFromBeforeTheyHadNamesAreTaken) {
    const auto key = derived(only_old_, ada_);
    execute("UPDATE subject_keys SET master_key_id = NULL");
    execute("DELETE FROM active_master_key");
    MasterKeys wrong(database_, {new_});
    EXPECT_EQ(wrong.active().error().code, "master_key_wrong");  // it must not name itself
    EXPECT_EQ(both_.active()->id, MasterKey(old_).id);
    EXPECT_EQ(derived(only_old_, ada_), key);
    EXPECT_EQ(rotate(both_, new_).value(), 1);
    EXPECT_EQ(derived(only_new_, ada_), key);
}

TEST_F(KeyRotation, SeveralAtOnceDoItOnce) {
    for (int i = 0; i < 300; ++i) derived(only_old_, UserId::make());
    std::vector<std::future<std::int64_t>> runs;
    for (int i = 0; i < 4; ++i) {
        runs.push_back(
            std::async(std::launch::async, [this] { return rotate(both_, new_).value(); }));
    }
    std::int64_t sum = 0;
    for (auto& run : runs) sum += run.get();
    EXPECT_EQ(sum, 300);
    EXPECT_EQ(ask("SELECT count(*) FROM audit_log WHERE action = 'master_key_rotated'"), 1);
}

TEST_F(KeyRotation, WhatAKeyWrapsThatIsNotGivenIsToldAndTheRestIsDone) {
    derived(only_old_, ada_);
    derived(only_old_, bob_);
    execute(
        "UPDATE subject_keys SET master_key_id = 'another' WHERE user_id = (SELECT "
        "min(user_id::text)"
        "::uuid FROM subject_keys)");
    EXPECT_EQ(rotate(both_, new_).error().code, "master_key_wrong");
    EXPECT_EQ(ask("SELECT count(*) FROM subject_keys WHERE master_key_id = 'another'"), 1);
    const auto active = both_.active().value();
    EXPECT_EQ(active.id, MasterKey(new_).id);
    EXPECT_EQ(ask("SELECT count(*) FROM subject_keys s JOIN active_master_key a "
                  "ON s.master_key_id = a.id"),
              1);
    EXPECT_EQ(ask("SELECT count(*) FROM audit_log"), 0);  // it is not over yet
}

TEST_F(KeyRotation, AProcessFindsANewKeyWhereItReadsThem) {
    std::vector<crypto::SecretKey> file{old_};
    MasterKeys running(database_, file, [&] { return Result<decltype(file)>(file); });
    const auto key = derived(running, ada_);
    file = {new_, old_};
    ASSERT_TRUE(rotate(both_, new_));
    EXPECT_EQ(derived(running, ada_), key);
    EXPECT_EQ(running.list().size(), 2U);
    const crypto::SecretKey third{3};  // right after it
    file = {third, new_};
    MasterKeys later(database_, file);
    ASSERT_TRUE(rotate(later, third));
    EXPECT_EQ(derived(running, ada_), key);
}

TEST_F(KeyRotation, CheckpointsOfTheOldKeyStayGood) {
    derived(only_old_, ada_);
    record_one();
    ASSERT_TRUE(sign_audit_log(database_, audit_key_of(old_)).value());
    EXPECT_NE(verified({new_}), "1 signed");
    ASSERT_TRUE(rotate(both_, new_));
    EXPECT_EQ(verified({new_}), "2 signed");
    EXPECT_EQ(verified({new_, old_}), "2 signed");
    // A worker that had not heard of it signs once more by the old one.
    record_one();
    ASSERT_TRUE(sign_audit_log(database_, audit_key_of(old_)).value());
    EXPECT_EQ(verified({new_}), "2 signed");
    const crypto::SecretKey third{3};
    MasterKeys later(database_, {third, new_});
    ASSERT_TRUE(rotate(later, third));
    EXPECT_EQ(verified({third}), "4 signed");
}

TEST_F(KeyRotation, NobodyVouchesForAKeyThatWasNeverTheOne) {
    derived(only_old_, ada_);
    record_one();
    ASSERT_TRUE(rotate(both_, new_));
    record_one();
    ASSERT_TRUE(sign_audit_log(database_, audit_key_of(crypto::SecretKey{9})).value());
    const std::string forged =
        "Checkpoint 2 of the audit log is signed by another key than this master key gives.";
    EXPECT_EQ(verified({new_}), forged);
    // Whoever has the old key and the database cannot make the time before the rotation theirs.
    execute("DELETE FROM audit_checkpoints");
    execute("DELETE FROM audit_log WHERE seq > 1");
    ASSERT_TRUE(sign_audit_log(database_, audit_key_of(old_)).value());
    EXPECT_EQ(verified({new_}),
              "Checkpoint 1 of the audit log is signed by another key than this master key gives.");
}

}  // namespace
}  // namespace stoa::accounts
