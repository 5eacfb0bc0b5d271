// SPDX-License-Identifier: Apache-2.0
#include "postgres/connection.hpp"

#include "postgres/conninfo.hpp"
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
    if (const auto checked = check_conninfo(options_.conninfo); !checked) {
        why = checked.error().message;
        return tl::unexpected(lost());
    }
    const char* const keys[] = {"dbname", "fallback_application_name", "client_encoding", nullptr};
    const char* const values[] = {options_.conninfo.c_str(), "stoa", "UTF8", nullptr};
    connection_.reset(PQconnectStartParams(keys, values, 1));
    if (!connection_) throw std::bad_alloc();
    const auto by = steady_clock::now() + options_.connect_timeout;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (PQstatus(connection_.get()) != CONNECTION_BAD && status != PGRES_POLLING_OK &&
           status != PGRES_POLLING_FAILED) {
        if (!wait(status == PGRES_POLLING_READING ? POLLIN : POLLOUT, by)) break;
        status = PQconnectPoll(connection_.get());
    }
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        why = PQerrorMessage(connection_.get());
        if (why.empty()) why = "no connection in time";
        while (why.ends_with('\n')) why.pop_back();
        return tl::unexpected(lost());
    }
    PQsetnonblocking(connection_.get(), 1);
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
    return {};
}

Result<void> Connection::configure() {
    Parameters parameters;
    parameters.add(std::to_string(options_.statement_timeout.count()) + "ms");
    auto done = run(sql::configure_session, parameters);
    if (!done) return fail(done);
    return {};
}

Result<Rows> Connection::run(const Query& query, const Parameters& parameters) {
    if (parameters.has_nul())
        return fail(ErrorKind::invalid, "invalid_text", "Text must not contain the NUL character.");
    if (is_broken_) return tl::unexpected(lost());
    const auto began = steady_clock::now();
    const auto by = deadline();
    auto& statement = statement_for(query, parameters);
    auto* const first_use = statement.is_prepared ? nullptr : &statement;
    if (!send(statement, parameters) || !flush(by)) return tl::unexpected(lost());
    auto rows = receive(query.name, by, first_use);
    observe(query.name, began);
    return rows;
}

Connection::Statement& Connection::statement_for(const Query& query, const Parameters& parameters) {
    // A statement's meaning depends on its parameters' types: each combination is one of its own.
    key_.assign(query.name);
    for (const auto& value : parameters.values()) {
        key_ += ',';
        key_ += std::to_string(value.type);
    }
    if (const auto known = statements_.find(key_); known != statements_.end()) {
        if (known->second.text == query.text) return known->second;
        known->second = {known->second.name + "_", std::string(query.text)};
        return known->second;
    }
    Statement statement{"s" + std::to_string(statements_.size()), std::string(query.text)};
    return statements_.emplace(key_, std::move(statement)).first->second;
}

bool Connection::send(const Statement& statement, const Parameters& parameters) {
    const auto& values = parameters.values();
    std::vector<::Oid> types;
    std::vector<const char*> bytes;
    std::vector<int> lengths;
    std::vector<int> formats;
    for (const auto& value : values) {
        types.push_back(value.type);
        bytes.push_back(value.is_null ? nullptr : value.bytes.c_str());
        lengths.push_back(static_cast<int>(value.bytes.size()));
        formats.push_back(value.is_binary ? 1 : 0);
    }
    const int count = static_cast<int>(values.size());
    auto* const connection = connection_.get();
    const bool pipelined = begin_pending_ || !statement.is_prepared;
    if (pipelined && PQenterPipelineMode(connection) == 0) return false;
    if (begin_pending_ &&
        PQsendQueryParams(connection, "BEGIN", 0, nullptr, nullptr, nullptr, nullptr, 0) == 0)
        return false;
    if (!statement.is_prepared && PQsendPrepare(connection, statement.name.c_str(),
                                                statement.text.c_str(), count, types.data()) == 0)
        return false;
    if (PQsendQueryPrepared(connection, statement.name.c_str(), count, bytes.data(), lengths.data(),
                            formats.data(), 1) == 0)
        return false;
    return !pipelined || PQpipelineSync(connection) != 0;
}

Result<Rows> Connection::receive(std::string_view name, Deadline by, Statement* prepared) {
    auto* const connection = connection_.get();
    const bool pipelined = PQpipelineStatus(connection) != PQ_PIPELINE_OFF;
    // In a pipeline: what came before the statement itself, each answered in order.
    int to_skip = (begin_pending_ ? 1 : 0) + (prepared != nullptr ? 1 : 0);
    begin_pending_ = false;
    Answer rows;
    std::optional<Error> error;
    for (;;) {
        auto answer = next_answer(by);
        if (is_broken_) return tl::unexpected(error ? std::move(*error) : lost());
        if (!answer) {
            if (!pipelined) break;
            continue;
        }
        const auto status = PQresultStatus(answer.get());
        if (status == PGRES_PIPELINE_SYNC) break;
        if (status == PGRES_COPY_IN) return Rows(std::move(answer));  // it waits for the data
        if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
            const char* sqlstate = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
            is_broken_ |= is_connection_lost(sqlstate == nullptr ? "" : sqlstate);
            error = counted(failure_of(answer.get(), name));
            if (is_broken_) return tl::unexpected(std::move(*error));
        } else if (status != PGRES_PIPELINE_ABORTED) {
            if (prepared != nullptr && to_skip == 1) prepared->is_prepared = true;
            if (to_skip-- <= 0) rows = std::move(answer);
        }
    }
    if (pipelined && PQexitPipelineMode(connection) == 0) return tl::unexpected(lost());
    if (error) return tl::unexpected(std::move(*error));
    if (!rows) return tl::unexpected(lost());
    return Rows(std::move(rows));
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
    return receive(name, deadline(), nullptr);
}

Result<void> Connection::run_script(std::string_view name, const std::string& text) {
    if (auto begun = begin_now(); !begun) return begun;
    if (auto done = run_text(name, text); !done) return fail(done);
    return {};
}

Result<void> Connection::begin_now() {
    if (!begin_pending_) return {};
    begin_pending_ = false;
    if (auto begun = run_text("begin", "BEGIN"); !begun) return fail(begun);
    return {};
}

Result<void> Connection::commit() {
    if (begin_pending_) {  // nothing was done
        begin_pending_ = false;
        return {};
    }
    if (is_broken_ || is_stale()) return tl::unexpected(lost());
    auto done = run_text("commit", "COMMIT");
    if (!done && is_broken_)
        return unavailable("commit_unknown",
                           "The database went away during the commit; look whether it was done.");
    if (!done) return fail(done);
    // COMMIT of a failed transaction is answered by ROLLBACK, not by an error.
    if (std::string_view(PQcmdStatus(done->result().get())) != "COMMIT")
        return fail(ErrorKind::internal, "database_error",
                    "a statement of the transaction failed, and its error was passed over");
    return {};
}

void Connection::rollback() {
    begin_pending_ = false;
    const auto status = PQtransactionStatus(connection_.get());
    if (is_broken_ || status == PQTRANS_IDLE) return;
    if (status == PQTRANS_ACTIVE || !run_text("rollback", "ROLLBACK")) is_broken_ = true;
}

bool Connection::is_reusable() const {
    return !is_broken_ && !begin_pending_ && statements_.size() < statements_max &&
           PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

bool Connection::is_stale() const {
    pollfd entry{PQsocket(connection_.get()), POLLIN, 0};
    return poll(&entry, 1, 0) != 0;
}

Deadline Connection::deadline() const {
    return steady_clock::now() + options_.statement_timeout + answer_grace;
}

Error Connection::lost() {
    is_broken_ = true;
    return counted(database_unavailable());
}

void Connection::observe(std::string_view query, steady_clock::time_point began) const {
    if (metrics_ == nullptr) return;
    const std::chrono::duration<double> took = steady_clock::now() - began;
    metrics_->observe_seconds("stoa_postgres_query_duration_seconds",
                              "Time from sending a statement to its whole answer.",
                              {{"query", std::string(query)}}, took.count());
}

Error Connection::counted(Error error) const {
    if (metrics_ != nullptr)
        metrics_->count("stoa_postgres_errors_total", "Failed statements and connections, by code.",
                        {{"code", std::string(error.code)}});
    return error;
}

}  // namespace stoa::postgres
