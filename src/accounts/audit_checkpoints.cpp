// SPDX-License-Identifier: Apache-2.0
#include "accounts/audit_checkpoints.hpp"

#include "accounts/sql.hpp"
#include "base/log.hpp"
#include "crypto/base64.hpp"
#include "crypto/hash.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace stoa::accounts {
namespace {

constexpr std::int64_t rows_at_once = 1000;

struct End {
    std::int64_t seq = 0;
    postgres::Bytes hash;
    std::int64_t number = 0;
    std::int64_t covered = 0;
};
BOOST_DESCRIBE_STRUCT(End, (), (seq, hash, number, covered))

struct Entry {
    std::int64_t seq = 0;
    std::optional<postgres::Bytes> prev_hash;
    std::optional<postgres::Bytes> hash;
    std::string entry;
    std::optional<std::string> retired_key;
};
BOOST_DESCRIBE_STRUCT(Entry, (), (seq, prev_hash, hash, entry, retired_key))

struct Checkpoint {
    std::int64_t number = 0;
    std::int64_t seq = 0;
    postgres::Bytes hash;
    postgres::Bytes public_key;
    postgres::Bytes signature;
};
BOOST_DESCRIBE_STRUCT(Checkpoint, (), (number, seq, hash, public_key, signature))

std::string signed_text(std::int64_t number, std::int64_t seq, std::string_view hash) {
    return "stoa audit checkpoint " + std::to_string(number) + "\n" + std::to_string(seq) + "\n" +
           crypto::to_hex(hash);
}

tl::unexpected<Error> broken(std::string_view what, std::int64_t number, std::string_view how) {
    return fail(
        ErrorKind::conflict, "audit_broken",
        std::string(what) + " " + std::to_string(number) + " of the audit log " + std::string(how));
}

/// The checkpoints in order, a page at a time; each is checked by itself when it is read.
class Checkpoints {
  public:
    Checkpoints(postgres::Database& database, const std::vector<crypto::PublicKey>& keys)
        : database_(database), keys_(keys) {}

    /// By one of the keys at hand, not by one that was replaced.
    [[nodiscard]] bool is_by_own_key(const Checkpoint& checkpoint) const {
        return std::ranges::any_of(keys_, [&](const crypto::PublicKey& key) {
            return crypto::view(key) == checkpoint.public_key.value;
        });
    }
    /// The first checkpoint by each other key.
    [[nodiscard]] const std::map<std::string, std::int64_t>& foreign() const { return foreign_; }

    /// The next one, if there is one.
    Result<const Checkpoint*> peek() {
        if (at_ < page_.size()) return &page_[at_];
        auto page = database_.list<Checkpoint>(sql::list_audit_checkpoints, last_, rows_at_once);
        if (!page) return fail(page);
        page_ = std::move(*page);
        at_ = 0;
        for (const auto& checkpoint : page_) {
            if (auto good = check(checkpoint); !good) return fail(good);
            last_ = checkpoint.number;
        }
        return page_.empty() ? nullptr : page_.data();
    }
    void pop() { ++at_; }
    [[nodiscard]] std::int64_t count() const { return last_; }

  private:
    Result<void> check(const Checkpoint& checkpoint) {
        if (checkpoint.number != last_ + 1) return broken("Checkpoint", last_ + 1, "is missing.");
        if (!is_by_own_key(checkpoint)) {
            foreign_.emplace(checkpoint.public_key.value, checkpoint.number);
        }
        const auto key = crypto::to_array<32>(checkpoint.public_key.value);
        const auto signature = crypto::to_array<64>(checkpoint.signature.value);
        const auto text = signed_text(checkpoint.number, checkpoint.seq, checkpoint.hash.value);
        if (!key || !signature || !crypto::verify(text, *signature, *key)) {
            return broken("Checkpoint", checkpoint.number, "has a forged signature.");
        }
        return {};
    }

    postgres::Database& database_;
    const std::vector<crypto::PublicKey> keys_;
    std::map<std::string, std::int64_t> foreign_;
    std::vector<Checkpoint> page_;
    std::size_t at_ = 0;
    std::int64_t last_ = 0;
};

/// Is the entry what comes after `last`, whole and unchanged?
Result<void> check_entry(const Entry& entry, std::int64_t last, std::string_view last_hash) {
    if (entry.seq != last + 1) return broken("Entry", last + 1, "is missing.");
    if (!entry.prev_hash || entry.prev_hash->value != last_hash) {
        return broken("Entry", entry.seq, "does not follow from the one before it.");
    }
    const auto hash = crypto::sha256(std::string(last_hash) + entry.entry);
    if (!entry.hash || entry.hash->value != crypto::view(hash)) {
        return broken("Entry", entry.seq, "was changed.");
    }
    return {};
}

/// Compares the entry with the checkpoints that cover exactly it.
Result<void> check_signed(Checkpoints& checkpoints, const Entry& entry, std::int64_t& covered) {
    while (true) {
        auto next = checkpoints.peek();
        if (!next) return fail(next);
        if (*next == nullptr || (*next)->seq > entry.seq) return {};
        if ((*next)->seq < entry.seq || (*next)->hash.value != entry.hash->value) {
            return broken("Entry", covered + 1,
                          "or one after it, up to " + std::to_string((*next)->seq) +
                              ", is not what checkpoint " + std::to_string((*next)->number) +
                              " signed.");
        }
        if (checkpoints.is_by_own_key(**next)) covered = entry.seq;
        checkpoints.pop();
    }
}

/// Public keys of master keys that were replaced, and the first entry that says so.
using Vouchers = std::map<std::string, std::int64_t>;

/// An entry vouches for a key once a checkpoint by a key at hand covers it.
Result<void> check_foreign(const Checkpoints& checkpoints, const Vouchers& vouchers,
                           std::int64_t covered) {
    std::int64_t first = 0;
    for (const auto& [key, number] : checkpoints.foreign()) {
        const auto voucher = vouchers.find(crypto::to_base64url(key));
        if (voucher != vouchers.end() && voucher->second <= covered) continue;
        if (first == 0 || number < first) first = number;
    }
    if (first == 0) return {};
    return broken("Checkpoint", first, "is signed by another key than this master key gives.");
}

}  // namespace

crypto::KeyPair audit_key(std::string_view master_key) {
    return crypto::key_pair_of(crypto::hmac_sha256(master_key, "stoa audit checkpoints"));
}

Result<bool> sign_audit_log(postgres::Database& database, const crypto::KeyPair& key) {
    const auto end = database.find<End>(sql::find_audit_end);
    if (!end) return fail(end);
    if (!*end || (*end)->covered >= (*end)->seq) return false;
    const std::int64_t number = (*end)->number + 1;
    const auto signature = crypto::sign(signed_text(number, (*end)->seq, (*end)->hash.value), key);
    auto inserted = database.run(sql::insert_audit_checkpoint, number, (*end)->seq, (*end)->hash,
                                 postgres::Bytes{std::string(crypto::view(key.public_key))},
                                 postgres::Bytes{std::string(crypto::view(signature))});
    if (!inserted) return fail(inserted);
    // Where logs are shipped away, this is the count that `audit verify --at-least` asks for.
    log::info("audit log signed", {{"event.action", "audit_checkpoint"},
                                   {"stoa.audit.entries", std::to_string((*end)->seq)}});
    return true;
}

Result<VerifiedAudit> verify_audit_log(postgres::Database& database,
                                       const std::vector<crypto::PublicKey>& keys,
                                       std::int64_t entries_min) {
    VerifiedAudit done;
    Checkpoints checkpoints(database, keys);
    Vouchers vouchers;
    std::string last_hash{crypto::view(crypto::sha256(""))};
    while (true) {
        const auto page = database.list<Entry>(sql::list_audit_entries, done.entries, rows_at_once);
        if (!page) return fail(page);
        for (const auto& entry : *page) {
            if (auto good = check_entry(entry, done.entries, last_hash); !good) return fail(good);
            auto good = check_signed(checkpoints, entry, done.entries_signed);
            if (!good) return fail(good);
            if (entry.retired_key) vouchers.emplace(*entry.retired_key, entry.seq);
            done.entries = entry.seq;
            last_hash = entry.hash->value;
        }
        if (page->empty()) break;
    }
    const auto beyond = checkpoints.peek();
    if (!beyond) return fail(beyond);
    if (*beyond != nullptr) {
        return broken("Entry", done.entries + 1,
                      "was cut off: checkpoint " + std::to_string((*beyond)->number) +
                          " signed the entries up to " + std::to_string((*beyond)->seq) + ".");
    }
    if (done.entries < entries_min) {
        return broken("Entry", done.entries + 1,
                      "was cut off: there should be at least " + std::to_string(entries_min) + ".");
    }
    if (auto good = check_foreign(checkpoints, vouchers, done.entries_signed); !good) {
        return fail(good);
    }
    done.checkpoints = checkpoints.count();
    return done;
}

}  // namespace stoa::accounts
