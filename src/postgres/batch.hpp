// SPDX-License-Identifier: Apache-2.0
// Statements that are sent together and answered in one round trip. A value; one thread at a time.
#pragma once

#include "base/result.hpp"
#include "postgres/codec.hpp"
#include "postgres/query.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace stoa::postgres {

/// One statement with its arguments.
struct Call {
    Query query;
    Parameters parameters;
};

template <class... A>
Call make_call(const Query& query, const A&... arguments) {
    Call call{query, {}};
    (call.parameters.add(arguments), ...);
    return call;
}

/// At most 100 calls. None sees the rows of another, but each sees what those before it changed.
///     Batch batch;
///     batch.add(sql::find_member, room, user);
///     batch.add(sql::list_messages, room, limit);
///     auto rows = database.run(batch);  // rows->at(0), rows->at(1)
class Batch {
  public:
    template <class... A>
    void add(const Query& query, const A&... arguments) {
        calls_.push_back(make_call(query, arguments...));
    }
    void append(Call call) { calls_.push_back(std::move(call)); }
    [[nodiscard]] const std::vector<Call>& calls() const { return calls_; }

  private:
    std::vector<Call> calls_;
};

/// The first row as a T, or nothing.
template <class T>
std::optional<T> first_as(const Rows& rows) {
    if (rows.size() == 0) return std::nullopt;
    return rows[0].template as<T>();
}

/// The only row as a T; `database_error` (internal) if there is none.
template <class T>
Result<T> only_as(const Query& query, const Rows& rows) {
    if (rows.size() == 0)
        return fail(ErrorKind::internal, "database_error",
                    std::string(query.name) + " gave no row");
    return rows[0].template as<T>();
}

}  // namespace stoa::postgres
