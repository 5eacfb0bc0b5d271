// SPDX-License-Identifier: Apache-2.0
#include "app/idempotency.hpp"

#include "app/sql.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "crypto/hash.hpp"
#include "crypto/secret_box.hpp"
#include "postgres/commit_mark.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace stoa::app {
namespace {

constexpr std::size_t key_length_max = 255;
constexpr std::size_t answer_bytes_max = 1024 * 1024;
constexpr std::chrono::seconds renew_every{5};  ///< a third of the lease in the statements

struct KeptHeader {
    std::string name;
    std::string value;
};
BOOST_DESCRIBE_STRUCT(KeptHeader, (), (name, value))

/// What is kept is this as one line of JSON, then the body.
struct KeptHead {
    int status = 0;
    std::vector<KeptHeader> headers;
};
BOOST_DESCRIBE_STRUCT(KeptHead, (), (status, headers))

struct KeyRow {
    bool is_same = false;
    std::optional<postgres::Bytes> answer;
    bool is_abandoned = false;
};
BOOST_DESCRIBE_STRUCT(KeyRow, (), (is_same, answer, is_abandoned))

std::string pack(int status, const http::Headers& headers, std::string_view body) {
    KeptHead head{status, {}};
    for (const auto& [name, value] : headers) head.headers.push_back({name, value});
    return json::to_text(head) + '\n' + std::string(body);
}

std::optional<http::Response> unpack(std::string_view text) {
    const auto line = text.find('\n');
    if (line == std::string_view::npos) return std::nullopt;
    const auto head = json::read<KeptHead>(text.substr(0, line));
    if (!head) return std::nullopt;
    http::Response response{head->status, {}, std::string(text.substr(line + 1))};
    for (const auto& [name, value] : head->headers) response.headers.emplace_back(name, value);
    response.headers.emplace_back("Idempotent-Replayed", "true");
    return response;
}

/// With its length in front, so that no two lists of fields read the same.
void add_field(crypto::Sha256& hash, std::string_view field) {
    hash.update(std::to_string(field.size()) + ':');
    hash.update(field);
}

/// What makes two requests the same: method, target and body; of a file its hash; of an upload by
/// tus, which has no body yet, what its headers say of it.
std::string fingerprint(const http::Request& request) {
    crypto::Sha256 hash;
    add_field(hash, json::enum_name(request.method));
    add_field(hash, request.target);
    add_field(hash, request.body);
    for (const auto& part : request.parts) {
        for (const auto& field :
             {part.name, part.file_name, part.content_type, part.value, part.file_sha256_hex}) {
            add_field(hash, field);
        }
    }
    for (const auto* name : {"upload-length", "upload-metadata"}) {
        const auto header = request.find_header(name);
        if (!header) continue;
        add_field(hash, name);
        add_field(hash, *header);
    }
    return std::string(crypto::view(hash.finish()));
}

bool is_kept(int status) { return status < 500 && status != 429; }

tl::unexpected<Error> in_progress() {
    return tl::unexpected<Error>(
        Error{ErrorKind::conflict,
              "idempotency_key_in_progress",
              "A request under this Idempotency-Key is still under way; ask again in a moment.",
              {},
              std::chrono::seconds(1)});
}

const Error too_large_to_keep{ErrorKind::conflict,
                              "idempotency_answer_too_large",
                              "This was done already, but its answer was too large to be kept.",
                              {},
                              {}};

}  // namespace

/// Whose request under which key, and the secret that opens its answer.
struct Idempotency::Asked {
    UserId user;
    postgres::Bytes key_sha256;
    postgres::Bytes request_sha256;
    crypto::SecretKey secret;
    [[nodiscard]] std::string purpose() const { return "idempotency " + user.str(); }
};

/// The right to run one request. Unless its answer is kept, the key is free again in the end; but
/// not if what it changed was perhaps committed: then who asks again is told so.
class Idempotency::Claim {
  public:
    Claim(Idempotency& owner, Asked asked) : owner_(owner), asked_(std::move(asked)) {
        owner_.hold(lease_);
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    ~Claim() {
        owner_.let_go(lease_);
        if (!is_taken_ || is_kept_) return;
        log_failure(owner_.database_.run(sql::release_idempotency_key, asked_.user,
                                         asked_.key_sha256, lease_, is_unsure_));
    }

    Result<bool> take() {
        const auto rows = owner_.database_.run(sql::claim_idempotency_key, asked_.user,
                                               asked_.key_sha256, asked_.request_sha256, lease_);
        if (!rows) return fail(rows);
        is_taken_ = rows->affected() == 1;
        return is_taken_;
    }

    /// What `work` changes says so at the key.
    void run(const std::function<void()>& work) {
        const postgres::CommitMark mark(sql::mark_idempotent_change, asked_.user, asked_.key_sha256,
                                        lease_);
        is_unsure_ = true;
        work();
        is_unsure_ = mark.may_be_committed();
    }

    void keep(int status, const http::Headers& headers, std::string_view body) {
        if (body.size() > answer_bytes_max) {
            const auto problem = http::problem(too_large_to_keep, "");
            return keep(problem.status, problem.headers, std::get<std::string>(problem.body));
        }
        const postgres::Bytes sealed{
            crypto::seal(pack(status, headers, body), asked_.secret, asked_.purpose())};
        is_kept_ = true;
        log_failure(owner_.database_.run(sql::keep_idempotent_answer, asked_.user,
                                         asked_.key_sha256, lease_, sealed));
    }

  private:
    /// The asker has the answer all the same; the lease frees the key.
    static void log_failure(const Result<postgres::Rows>& done) {
        if (done) return;
        log::warning("an idempotency key could not be settled",
                     {{"error.code", std::string(done.error().code)}});
    }

    Idempotency& owner_;
    const Asked asked_;
    const RowId lease_ = RowId::make();
    bool is_taken_ = false;
    bool is_kept_ = false;
    bool is_unsure_ = false;  ///< something was done, or may be
};

/// Passes a stream on and remembers what went through.
class Idempotency::Recorder final : public http::Stream {
  public:
    explicit Recorder(http::Stream& inner) : inner_(inner) {}

    [[nodiscard]] bool write(std::string_view bytes) override {
        is_cut_ = !inner_.write(bytes) || is_cut_;
        text_ += bytes.substr(0, recorded_max - text_.size());
        return !is_cut_;
    }
    /// One that was cut is whole if it went on all the same, to the event that ends an answer.
    [[nodiscard]] bool is_whole() const {
        const auto has = [this](std::string_view event) {
            return text_.find(event) != std::string::npos;
        };
        return !has("event: error\n") && (!is_cut_ || has("event: done\n"));
    }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    static constexpr std::size_t recorded_max = answer_bytes_max + 1;  ///< one tells "too large"
    http::Stream& inner_;
    std::string text_;
    bool is_cut_ = false;
};

Idempotency::Idempotency(postgres::Database& database, accounts::SubjectKeys& keys)
    : database_(database),
      keys_(keys),
      renewer_([this](const std::stop_token& stop) { renew_leases(stop); }) {}

bool Idempotency::is_for(const http::Route& route) {
    const bool writes = route.method != http::Method::get && route.method != http::Method::head &&
                        route.method != http::Method::options;
    return writes && route.access == http::Access::signed_in &&
           !route.path.starts_with("/api/v1/auth/");
}

http::Handler Idempotency::wrap(const http::Route& route, http::Handler next) {
    return [this, is_streamed = route.is_slow, next = std::move(next)](http::Request& request) {
        // Who resumes an answer's stream asks for nothing new.
        const bool is_resumed = is_streamed && request.find_header("last-event-id").has_value();
        if (!request.caller || is_resumed || !request.find_header("idempotency-key")) {
            return next(request);
        }
        return handle(next, request);
    };
}

http::Response Idempotency::handle(const http::Handler& next, http::Request& request) {
    const auto key = read_key(request);
    if (!key) return http::problem(key.error(), request.request_id);
    auto claimed = claim(request, *key);
    if (!claimed) return http::problem(claimed.error(), request.request_id);
    if (!claimed->claim) return std::move(claimed->answer);

    const auto claim = std::move(claimed->claim);
    http::Response response;
    claim->run([&] { response = next(request); });
    if (!is_kept(response.status)) return response;
    if (const auto* body = std::get_if<std::string>(&response.body)) {
        claim->keep(response.status, response.headers, *body);
    } else if (auto* stream = std::get_if<http::StreamBody>(&response.body)) {
        response.body =
            http::StreamBody([claim, status = response.status, headers = response.headers,
                              write = std::move(*stream)](http::Stream& out) {
                Recorder recorder(out);
                claim->run([&] { write(recorder); });
                if (recorder.is_whole()) claim->keep(status, headers, recorder.text());
            });
    }
    return response;
}

Result<std::string> Idempotency::read_key(const http::Request& request) {
    const auto times = std::ranges::count(request.headers, "idempotency-key",
                                          [](const auto& header) { return header.first; });
    const auto key = request.find_header("idempotency-key").value_or("");
    const bool is_printable = std::ranges::all_of(key, [](char c) { return c >= ' ' && c <= '~'; });
    if (times == 1 && !key.empty() && key.size() <= key_length_max && is_printable) {
        return std::string(key);
    }
    return fail(ErrorKind::malformed, "idempotency_key_invalid",
                "An Idempotency-Key is sent once and has 1 to 255 printable ASCII characters.");
}

Result<Idempotency::Asked> Idempotency::asked(const http::Request& request,
                                              const std::string& key) {
    const auto own = keys_.key_of(request.caller->user);
    if (!own) return fail(own);
    const auto hash = crypto::sha256(key);
    return Asked{request.caller->user,
                 {std::string(crypto::view(hash))},
                 {fingerprint(request)},
                 own->derive("idempotency " + key)};
}

Result<Idempotency::Claimed> Idempotency::claim(const http::Request& request,
                                                const std::string& key) {
    const auto known = asked(request, key);
    if (!known) return fail(known);
    const auto& mine = *known;
    const auto claim = std::make_shared<Claim>(*this, mine);
    const auto taken = claim->take();
    if (!taken) return fail(taken);
    if (*taken) return Claimed{claim, {}};
    const auto row = database_.find<KeyRow>(sql::find_idempotency_key, mine.user, mine.key_sha256,
                                            mine.request_sha256);
    if (!row) return fail(row);
    if (!*row) return in_progress();  // it has just failed: free the next time
    if (!(*row)->is_same) {
        return fail(ErrorKind::conflict, "idempotency_key_reused",
                    "Another request was made under this Idempotency-Key; take a new one.");
    }
    if ((*row)->is_abandoned) {
        return fail(ErrorKind::conflict, "idempotency_outcome_unknown",
                    "The node that did this ended before its answer was kept. Look what was done "
                    "before you ask under a new key.");
    }
    if (!(*row)->answer) return in_progress();
    const auto text = crypto::open((*row)->answer->value, mine.secret, mine.purpose());
    auto answer = text ? unpack(*text) : std::nullopt;
    if (!answer) {
        return fail(ErrorKind::conflict, "idempotency_answer_lost",
                    "This was done already, but its answer cannot be opened any more.");
    }
    return Claimed{nullptr, std::move(*answer)};
}

void Idempotency::hold(const RowId& lease) {
    const std::lock_guard lock(mutex_);
    held_.insert(lease);
    if (held_.size() == 1) changed_.notify_all();
}

void Idempotency::let_go(const RowId& lease) {
    const std::lock_guard lock(mutex_);
    held_.erase(lease);
}

void Idempotency::renew_leases(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !held_.empty(); })) {
        changed_.wait_for(lock, stop, renew_every, [] { return false; });
        if (stop.stop_requested()) return;
        const std::vector<RowId> leases(held_.begin(), held_.end());
        if (leases.empty()) continue;
        lock.unlock();
        const auto renewed = database_.run(sql::renew_idempotency_leases, leases);
        if (!renewed) {
            log::warning("idempotency keys could not be renewed",
                         {{"error.code", std::string(renewed.error().code)}});
        }
        lock.lock();
    }
}

Result<std::uint64_t> purge_idempotency_keys(postgres::Database& database) {
    constexpr std::int64_t rows_at_once = 5'000;
    constexpr int steps_max = 10;
    std::uint64_t purged = 0;
    for (int step = 0; step < steps_max; ++step) {
        const auto rows = database.run(sql::purge_idempotency_keys, rows_at_once);
        if (!rows) return fail(rows);
        purged += rows->affected();
        if (rows->affected() < static_cast<std::size_t>(rows_at_once)) break;
    }
    return purged;
}

}  // namespace stoa::app
