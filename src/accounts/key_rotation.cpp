// SPDX-License-Identifier: Apache-2.0
#include "accounts/key_rotation.hpp"

#include "accounts/audit.hpp"
#include "accounts/audit_checkpoints.hpp"
#include "accounts/sql.hpp"
#include "accounts/wrapped_key.hpp"
#include "crypto/base64.hpp"

#include <array>
#include <utility>

namespace stoa::accounts {
namespace {

constexpr std::int64_t keys_at_once = 100;  // a batch's bound; one transaction
constexpr int passes_max = 3;               // those that were wrapped while the first one ran

/// One table of wrapped keys.
struct Table {
    postgres::Query list;
    postgres::Query rewrap;
    std::string (*place)(std::string_view name);
};

class Rotation {
  public:
    Rotation(postgres::Database& database, MasterKeys& keys, const MasterKey& target,
             const std::function<void(std::int64_t)>& told)
        : database_(database), keys_(keys), target_(target), told_(told) {}

    Result<std::int64_t> run() {
        const std::array tables{
            Table{sql::list_stale_subject_keys, sql::rewrap_subject_key, subject_key_place},
            Table{sql::list_stale_signing_keys, sql::rewrap_signing_key, signing_key_place}};
        auto changed = database_.run(sql::change_active_master_key, target_.id);
        if (!changed) return fail(changed);
        for (int pass = 0; pass < passes_max; ++pass) {
            for (const auto& table : tables) {
                if (auto done = rewrap(table); !done) return fail(done);
            }
            const auto left = count_left();
            if (!left) return fail(left);
            if (*left == 0) return rewrapped_;
            if (const auto superseded = check_target(); !superseded) return fail(superseded);
            if (unreadable_) return tl::unexpected<Error>(*unreadable_);
        }
        return fail(ErrorKind::conflict, "rotation_unfinished",
                    "Some keys were changed again and again meanwhile; run it once more.");
    }

  private:
    Result<void> rewrap(const Table& table) {
        std::optional<std::string> last;
        while (true) {
            auto page = database_.list<WrappedKey>(table.list, target_.id, last, keys_at_once);
            if (!page) return fail(page);
            if (page->empty()) return {};
            last = page->back().name;
            if (auto done = rewrap(table, *page); !done) return done;
            told_(rewrapped_);
        }
    }

    Result<void> rewrap(const Table& table, const std::vector<WrappedKey>& page) {
        postgres::Batch batch;
        for (const auto& row : page) {
            const auto place = table.place(row.name);
            const auto plain = keys_.unwrap(row.wrapped_key, row.master_key_id, place);
            if (!plain) {
                unreadable_ = plain.error();
                continue;
            }
            batch.add(table.rewrap, row.name, row.wrapped_key, target_.wrap(*plain, place),
                      target_.id);
        }
        if (batch.calls().empty()) return {};
        const auto done = database_.run(batch);
        if (!done) return fail(done);
        for (const auto& rows : *done) rewrapped_ += static_cast<std::int64_t>(rows.affected());
        return {};
    }

    Result<std::int64_t> count_left() {
        const auto uses = list_master_key_use(database_);
        if (!uses) return fail(uses);
        std::int64_t left = 0;
        for (const auto& use : *uses) {
            if (use.id != target_.id) left += use.subject_keys + use.signing_keys;
        }
        return left;
    }

    Result<void> check_target() {
        const auto active = database_.find<std::string>(sql::find_active_master_key);
        if (!active) return fail(active);
        if (*active == target_.id) return {};
        return fail(ErrorKind::conflict, "rotation_superseded",
                    "Another rotation made " + active->value_or("another key") +
                        " the active master key meanwhile.");
    }

    postgres::Database& database_;
    MasterKeys& keys_;
    const MasterKey& target_;
    const std::function<void(std::int64_t)>& told_;
    std::int64_t rewrapped_ = 0;
    std::optional<Error> unreadable_;
};

/// The trail says once for each key that it was replaced and which checkpoints were its.
Result<void> record_retirement(postgres::Database& database, const MasterKey& retired) {
    const auto public_key = audit_key(crypto::view(retired.key)).public_key;
    return database.transact([&](postgres::Session& session) -> Result<void> {
        if (auto locked = session.run(sql::lock_audit_log); !locked) return fail(locked);
        const auto said = session.find<std::int64_t>(sql::find_master_key_retirement, retired.id);
        if (!said) return fail(said);
        if (*said) return {};
        AuditEvent event{.action = AuditAction::master_key_rotated, .subject = retired.id};
        event.detail.public_key = crypto::to_base64url(crypto::view(public_key));
        return record(session, event);
    });
}

}  // namespace

Result<std::vector<MasterKeyUse>> list_master_key_use(postgres::Database& database) {
    return database.list<MasterKeyUse>(sql::list_master_key_use);
}

Result<std::int64_t> rotate_master_key(postgres::Database& database, MasterKeys& keys,
                                       const MasterKey& target,
                                       const std::function<void(std::int64_t)>& told) {
    auto rewrapped = Rotation(database, keys, target, told).run();
    if (!rewrapped) return rewrapped;
    for (const auto& key : keys.list()) {
        if (key.id == target.id) continue;
        if (auto recorded = record_retirement(database, key); !recorded) return fail(recorded);
    }
    const auto sealed = sign_audit_log(database, audit_key(crypto::view(target.key)));
    if (!sealed) return fail(sealed);
    return rewrapped;
}

}  // namespace stoa::accounts
