// SPDX-License-Identifier: Apache-2.0
#include "accounts/audit.hpp"

#include "accounts/sql.hpp"
#include "crypto/hash.hpp"

namespace stoa::accounts {
namespace {

constexpr std::int64_t entries_at_once = 1000;

struct Entry {
    std::int64_t seq = 0;
    std::optional<postgres::Bytes> prev_hash;
    std::optional<postgres::Bytes> hash;
    std::string entry;
};
BOOST_DESCRIBE_STRUCT(Entry, (), (seq, prev_hash, hash, entry))

tl::unexpected<Error> broken(std::int64_t seq, std::string_view how) {
    return fail(ErrorKind::conflict, "audit_broken",
                "Entry " + std::to_string(seq) + " of the audit log " + std::string(how) + ".");
}

}  // namespace

Result<void> record(postgres::Session& session, const AuditEvent& event) {
    if (auto locked = session.run(sql::lock_audit_log); !locked) return fail(locked);
    auto recorded = session.run(sql::record_audit_entry, event.actor, json::enum_name(event.action),
                                event.subject, json::Raw{json::to_text(event.detail)});
    if (!recorded) return fail(recorded);
    return {};
}

Result<std::int64_t> verify_audit_chain(postgres::Database& database) {
    std::int64_t last = 0;
    std::string last_hash{crypto::view(crypto::sha256(""))};
    while (true) {
        const auto entries = database.list<Entry>(sql::list_audit_entries, last, entries_at_once);
        if (!entries) return fail(entries);
        if (entries->empty()) return last;
        for (const auto& entry : *entries) {
            if (entry.seq != last + 1) return broken(last + 1, "is missing");
            if (!entry.prev_hash || entry.prev_hash->value != last_hash)
                return broken(entry.seq, "does not follow from the one before it");
            const auto hash = crypto::sha256(last_hash + entry.entry);
            if (!entry.hash || entry.hash->value != crypto::view(hash))
                return broken(entry.seq, "was changed");
            last = entry.seq;
            last_hash = entry.hash->value;
        }
    }
}

}  // namespace stoa::accounts
