// SPDX-License-Identifier: Apache-2.0
// Statements over PostgreSQL's extended protocol, in libpq's pipeline mode: everything up to one
// Sync is sent at once and answered in order, and is one transaction if none was begun.
#include "postgres/commit_mark.hpp"
#include "postgres/connection.hpp"
#include "postgres/failure.hpp"
#include "postgres/sql.hpp"

#include <algorithm>
#include <stdexcept>

namespace stoa::postgres {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t calls_max = 100;

}  // namespace

Result<std::vector<Rows>> Connection::run(std::span<const Call> calls) {
    auto rows = exchange(calls, false);
    if (rows && rows->size() > calls.size())  // what was deferred has no reader
        rows->erase(rows->begin(), rows->end() - static_cast<std::ptrdiff_t>(calls.size()));
    return rows;
}

Result<void> Connection::commit() {
    if (begin_pending_ && deferred_.empty()) {  // nothing was done
        begin_pending_ = false;
        return {};
    }
    if (is_broken_ || is_stale()) return tl::unexpected(lost());
    if (auto done = exchange({}, true); !done) return fail(done);
    return {};
}

Result<std::vector<Rows>> Connection::exchange(std::span<const Call> calls, bool with_commit) {
    if (is_broken_) return tl::unexpected(lost());
    auto joined = std::exchange(deferred_, {});
    const bool ends_change = this->ends_change(calls, with_commit);
    const auto* mark = ends_change ? CommitMark::due() : nullptr;
    if (!joined.empty() || mark != nullptr) {
        joined.insert(joined.end(), calls.begin(), calls.end());
        if (mark != nullptr) joined.push_back(*mark);
        calls = joined;
    }
    if (calls.size() > calls_max + (mark != nullptr ? 1 : 0))
        throw std::logic_error("a batch has at most 100 calls");
    for (const auto& call : calls)
        if (call.parameters.has_nul())
            return fail(ErrorKind::invalid, "invalid_text",
                        "Text must not contain the NUL character.");
    auto planned = plan(calls, with_commit);
    planned.ends_change = ends_change;
    if (planned.steps.empty()) return std::vector<Rows>{};
    if (!send(planned)) return tl::unexpected(torn(planned));
    auto rows = receive(planned);
    if (PQtransactionStatus(connection_.get()) == PQTRANS_IDLE)
        time_limit_ = options_.statement_timeout;
    if (!is_broken_ && PQexitPipelineMode(connection_.get()) == 0)
        return tl::unexpected(torn(planned));
    if (rows && planned.ends_change && is_replication_unsure_) {
        is_broken_ = true;
        CommitMark::not_answered();
        return tl::unexpected(counted(commit_unknown(), "01000"));
    }
    if (rows && mark != nullptr) {
        rows->pop_back();
        CommitMark::committed();
    }
    return rows;
}

/// Whether a change may be committed by what is sent now.
bool Connection::ends_change(std::span<const Call> calls, bool with_commit) const {
    const bool is_begun = begin_pending_ || PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
    const auto is_read = [](const Call& call) { return call.query.is_read_only; };
    return with_commit || (!is_begun && !std::ranges::all_of(calls, is_read));
}

Connection::Exchange Connection::plan(std::span<const Call> calls, bool with_commit) {
    Exchange exchange;
    exchange.steps.reserve(calls.size() + 4);
    exchange.time_limits.reserve(calls.size() * 2);  // never moved: the steps point to them
    exchange.patience = options_.statement_timeout;
    if (std::exchange(begin_pending_, false))
        exchange.steps.push_back({Step::Kind::begin, nullptr, nullptr});
    for (const auto& call : calls) {
        const auto limit =
            call.query.timeout.count() > 0 ? call.query.timeout : options_.statement_timeout;
        exchange.patience = std::max(exchange.patience, limit);
        if (limit != time_limit_) {
            exchange.time_limits.push_back(
                make_call(sql::set_statement_timeout, std::to_string(limit.count()) + "ms"));
            plan_call(exchange, exchange.time_limits.back());
            exchange.steps.back().kind = Step::Kind::time_limit;
            time_limit_ = limit;
        }
        plan_call(exchange, call);
    }
    if (with_commit) exchange.steps.push_back({Step::Kind::commit, nullptr, nullptr});
    return exchange;
}

void Connection::plan_call(Exchange& exchange, const Call& call) {
    auto& statement = statement_for(call);
    bool is_prepared = statement.is_prepared;
    for (const auto& step : exchange.steps) is_prepared |= step.statement == &statement;
    // A plan is kept until the statistics change, however many rows come meanwhile: for some
    // statements too long. They take the nameless place, and the next one takes it from them.
    if (call.query.is_planned_anew) is_prepared = false;
    if (!is_prepared) exchange.steps.push_back({Step::Kind::preparation, &statement, &call});
    exchange.steps.push_back({Step::Kind::call, &statement, &call});
}

Connection::Statement& Connection::statement_for(const Call& call) {
    // A statement's meaning depends on its parameters' types: each combination is one of its own.
    key_.assign(call.query.name);
    for (const auto& value : call.parameters.values()) {
        key_ += ',';
        key_ += std::to_string(value.type);
    }
    if (const auto known = statements_.find(key_); known != statements_.end()) {
        if (known->second.text != call.query.text) {
            if (!known->second.name.empty()) known->second.name += '_';
            known->second.text = call.query.text;
            known->second.is_prepared = false;
        }
        return known->second;
    }
    Statement statement{
        call.query.is_planned_anew ? std::string() : "s" + std::to_string(statements_.size()),
        std::string(call.query.text)};
    if (metrics_ != nullptr)
        statement.seconds = metrics_->seconds("stoa_postgres_query_duration_seconds",
                                              "Time a statement's answer was waited for.",
                                              {{"query", std::string(call.query.name)}});
    return statements_.emplace(key_, std::move(statement)).first->second;
}

bool Connection::send(const Exchange& exchange) {
    if (PQenterPipelineMode(connection_.get()) == 0) return false;
    for (const auto& step : exchange.steps)
        if (!send_step(step)) return false;
    return PQpipelineSync(connection_.get()) != 0 && flush(deadline(exchange.patience));
}

bool Connection::send_step(const Step& step) {
    auto* const connection = connection_.get();
    if (step.kind == Step::Kind::begin || step.kind == Step::Kind::commit) {
        const char* const text = step.kind == Step::Kind::begin ? "BEGIN" : "COMMIT";
        return PQsendQueryParams(connection, text, 0, nullptr, nullptr, nullptr, nullptr, 0) != 0;
    }
    const auto& values = step.call->parameters.values();
    const int count = static_cast<int>(values.size());
    const char* const name = step.statement->name.c_str();
    if (step.kind == Step::Kind::preparation) {
        std::vector<::Oid> types;
        for (const auto& value : values) types.push_back(value.type);
        return PQsendPrepare(connection, name, step.statement->text.c_str(), count, types.data()) !=
               0;
    }
    std::vector<const char*> bytes;
    std::vector<int> lengths;
    std::vector<int> formats;
    bytes.reserve(values.size());
    lengths.reserve(values.size());
    formats.reserve(values.size());
    for (const auto& value : values) {
        bytes.push_back(value.is_null ? nullptr : value.bytes.c_str());
        lengths.push_back(static_cast<int>(value.bytes.size()));
        formats.push_back(value.is_binary ? 1 : 0);
    }
    return PQsendQueryPrepared(connection, name, count, bytes.data(), lengths.data(),
                               formats.data(), 1) != 0;
}

Result<std::vector<Rows>> Connection::receive(const Exchange& exchange) {
    std::vector<Rows> rows;
    std::optional<Error> error;
    auto step = exchange.steps.begin();
    auto began = steady_clock::now();
    for (;;) {
        auto answer = next_answer(deadline(exchange.patience));
        if (is_broken_) return tl::unexpected(error ? std::move(*error) : torn(exchange));
        if (!answer) continue;
        const auto status = PQresultStatus(answer.get());
        if (status == PGRES_PIPELINE_SYNC) break;
        const bool is_late = step == exchange.steps.end();  // an error of the commit at the Sync
        const auto& at = is_late ? exchange.steps.back() : *step;
        if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
            error = failed(answer.get(), at.call == nullptr ? "commit" : at.call->query.name);
            if (is_broken_ && exchange.ends_change && !is_outdated_)
                return tl::unexpected(torn(exchange));
            if (is_broken_) return tl::unexpected(std::move(*error));
        } else if (status != PGRES_PIPELINE_ABORTED && !is_late) {
            const auto now = steady_clock::now();
            if (at.kind == Step::Kind::call && at.statement->seconds)
                at.statement->seconds->observe(std::chrono::duration<double>(now - began).count());
            began = now;
            // COMMIT of a failed transaction is answered by ROLLBACK, not by an error.
            if (at.kind == Step::Kind::commit &&
                std::string_view(PQcmdStatus(answer.get())) != "COMMIT")
                error = Error{ErrorKind::internal, "database_error",
                              "a statement of the transaction failed, and its error was passed "
                              "over"};
            if (at.kind == Step::Kind::preparation) at.statement->is_prepared = true;
            if (at.kind == Step::Kind::call) rows.emplace_back(std::move(answer));
        }
        if (!is_late) ++step;
    }
    if (error) return tl::unexpected(std::move(*error));
    return rows;
}

Error Connection::failed(const PGresult* answer, std::string_view name) {
    const char* const sqlstate = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const auto fault = fault_of(answer);
    is_broken_ |= fault != Fault::statement;
    is_outdated_ |= fault == Fault::outdated;
    return counted(failure_of(answer, name), sqlstate == nullptr ? "" : sqlstate);
}

Error Connection::torn(const Exchange& exchange) {
    if (!exchange.ends_change) return lost();
    is_broken_ = true;
    CommitMark::not_answered();
    return counted(commit_unknown(), "08");
}

}  // namespace stoa::postgres
