// SPDX-License-Identifier: Apache-2.0
#include "postgres/connection.hpp"

#include "postgres/failure.hpp"
#include "postgres/sql.hpp"

#include <poll.h>

namespace stoa::postgres {

namespace {

using std::chrono::steady_clock;

// The server ends a statement at its own timeout; this much later it counts as gone.
constexpr std::chrono::seconds answer_grace{5};
// All of this program's statements with all their parameter types are well below.
constexpr std::size_t statements_max = 1'000;

int milliseconds_until(Deadline deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const Options& options, Metrics* metrics,
                                                     std::string& why) {
    std::unique_ptr<Connection> opened(new Connection(options, metrics));
    if (auto connected = opened->connect(why); !connected) return fail(connected);
    if (auto configured = opened->configure(); !configured) return fail(configured);
    return opened;
}

Result<void> Connection::connect(std::string& why) {
    const auto hosts = hosts_of(options_.conninfo);
    if (!hosts) {
        why = hosts.error().message;
        return tl::unexpected(lost());
    }
    for (const auto& host : *hosts)
        if (connect_to(host, why)) return {};
    return tl::unexpected(lost());
}

bool Connection::connect_to(Host host, std::string& why) {
    host.try_emplace("fallback_application_name", "stoa");
    host["client_encoding"] = "UTF8";
    std::vector<const char*> keys;
    std::vector<const char*> values;
    for (const auto& [key, value] : host) {
        keys.push_back(key.c_str());
        values.push_back(value.c_str());
    }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(keys.data(), values.data(), 0));
    if (!connection_) throw std::bad_alloc();
    const auto by = steady_clock::now() + options_.connect_timeout;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (PQstatus(connection_.get()) != CONNECTION_BAD && status != PGRES_POLLING_OK &&
           status != PGRES_POLLING_FAILED) {
        if (!wait(status == PGRES_POLLING_READING ? POLLIN : POLLOUT, by)) break;
        status = PQconnectPoll(connection_.get());
    }
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        std::string words = PQerrorMessage(connection_.get());
        while (words.ends_with('\n')) words.pop_back();
        why += (why.empty() ? "" : "; ") + (words.empty() ? "no connection in time" : words);
        return false;
    }
    PQsetnonblocking(connection_.get(), 1);
    watch_notices();
    return true;
}

Result<void> Connection::configure() {
    const auto text = [](std::chrono::milliseconds time) {
        return std::to_string(time.count()) + "ms";
    };
    Query settings = sql::configure_session;
    settings.is_read_only = true;  // of data, which is what commits are about
    const Call call = make_call(settings, text(options_.statement_timeout),
                                text(options_.lock_timeout), text(options_.idle_timeout));
    if (auto done = run({&call, 1}); !done) return fail(done);
    return {};
}

void Connection::watch_notices() {
    // A commit whose wait for the synchronous standby was cut short is answered as done, with this
    // warning. Its text is in the server's language, its place in the source is not.
    PQsetNoticeReceiver(
        connection_.get(),
        [](void* self, const PGresult* notice) {
            const char* place = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);
            if (place != nullptr && std::string_view(place) == "SyncRepWaitForLSN")
                static_cast<Connection*>(self)->is_replication_unsure_ = true;
        },
        this);
}

Connection::Answer Connection::next_answer(Deadline by) {
    auto* const connection = connection_.get();
    while (PQisBusy(connection) != 0) {
        if (!wait(POLLIN, by) || PQconsumeInput(connection) == 0) {
            is_broken_ = true;
            return nullptr;
        }
    }
    Answer answer(PQgetResult(connection), &PQclear);
    if (!answer && PQstatus(connection) == CONNECTION_BAD) is_broken_ = true;
    return answer;
}

bool Connection::flush(Deadline by) {
    for (;;) {
        const int left = PQflush(connection_.get());
        if (left <= 0) return left == 0;
        // Reading too: a server whose own output is stuck would never take more of ours.
        if (!wait(POLLIN | POLLOUT, by) || PQconsumeInput(connection_.get()) == 0) return false;
    }
}

bool Connection::wait(short events, Deadline by) const {
    pollfd entry{PQsocket(connection_.get()), events, 0};
    for (;;) {
        const int ready = poll(&entry, 1, milliseconds_until(by));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

Result<Rows> Connection::run_text(std::string_view name, const std::string& text) {
    if (is_broken_ || PQsendQuery(connection_.get(), text.c_str()) == 0 || !flush(deadline()))
        return tl::unexpected(lost());
    return receive_text(name, deadline());
}

Result<Rows> Connection::receive_text(std::string_view name, Deadline by) {
    Answer last;
    std::optional<Error> error;
    for (;;) {
        auto answer = next_answer(by);
        if (is_broken_) return tl::unexpected(error ? std::move(*error) : lost());
        if (!answer) break;
        const auto status = PQresultStatus(answer.get());
        if (status == PGRES_COPY_IN) return Rows(std::move(answer));  // it waits for the data
        if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
            error = failed(answer.get(), name);
            if (is_broken_) return tl::unexpected(std::move(*error));
        }
        last = std::move(answer);
    }
    if (error) return tl::unexpected(std::move(*error));
    if (!last) return tl::unexpected(lost());
    return Rows(std::move(last));
}

Result<void> Connection::run_script(std::string_view name, const std::string& text) {
    if (auto begun = begin_now(); !begun) return begun;
    if (auto done = run_text(name, text); !done) return fail(done);
    return {};
}

Result<void> Connection::begin_now() {
    if (time_limit_ != options_.statement_timeout)  // of the statement before
        defer(make_call(sql::set_statement_timeout,
                        std::to_string(options_.statement_timeout.count()) + "ms"));
    if (!deferred_.empty()) {
        if (auto done = exchange({}, false); !done) return fail(done);
        return {};
    }
    if (!std::exchange(begin_pending_, false)) return {};
    if (auto begun = run_text("begin", "BEGIN"); !begun) return fail(begun);
    return {};
}

void Connection::rollback() {
    begin_pending_ = false;
    deferred_.clear();
    time_limit_ = options_.statement_timeout;
    const auto status = PQtransactionStatus(connection_.get());
    if (is_broken_ || status == PQTRANS_IDLE) return;
    if (status == PQTRANS_ACTIVE || !run_text("rollback", "ROLLBACK")) is_broken_ = true;
}

bool Connection::is_reusable() const {
    return !is_broken_ && !begin_pending_ && deferred_.empty() && !is_outdated() &&
           statements_.size() < statements_max &&
           PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

bool Connection::is_stale() const {
    pollfd entry{PQsocket(connection_.get()), POLLIN, 0};
    return poll(&entry, 1, 0) != 0;
}

bool Connection::is_outdated() const {
    if (is_outdated_) return true;
    const auto is_on = [&](const char* parameter) {
        const char* value = PQparameterStatus(connection_.get(), parameter);
        return value != nullptr && std::string_view(value) == "on";
    };
    return is_on("default_transaction_read_only") || is_on("in_hot_standby");
}

Deadline Connection::deadline(std::chrono::milliseconds timeout) const {
    return steady_clock::now() + timeout + answer_grace;
}

Error Connection::lost() {
    is_broken_ = true;
    return counted(database_unavailable(), "08");
}

Error Connection::counted(Error error, std::string_view sqlstate) const {
    if (metrics_ != nullptr)
        metrics_->count("stoa_postgres_errors_total",
                        "Failed statements and connections, by code and class of SQLSTATE.",
                        {{"code", std::string(error.code)},
                         {"sqlstate_class", std::string(sqlstate.substr(0, 2))}});
    return error;
}

}  // namespace stoa::postgres
