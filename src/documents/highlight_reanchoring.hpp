// SPDX-License-Identifier: Apache-2.0
// When another version of a document can be read, its highlights are looked for in it: word for
// word, else as far as the edit distance says that they were reworded, else they are orphans, which
// the next version may take in again. A durable job in batches, each one transaction: a run that
// dies is continued behind its last batch. Rooms hear `highlights_reanchored`. Writes highlights.
// Owner: `stoa work`.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "jobs/queue.hpp"
#include "jobs/worker.hpp"
#include "postgres/database.hpp"
#include "rooms/events.hpp"

#include <string_view>

namespace stoa::documents {

inline constexpr std::string_view reanchoring_task = "stoa.documents.reanchor";

/// To be enqueued in the transaction from which on this version can be read.
jobs::NewJob reanchoring_job(const DocumentId& document, int version);

class HighlightReanchoring {
  public:
    HighlightReanchoring(postgres::Database& database, rooms::RoomEvents& events,
                         accounts::SubjectKeys& keys);

    /// For the worker's table under `reanchoring_task`; this object must outlive the worker.
    jobs::Task task();
    /// One run of the task. Does nothing once another version has come.
    Result<void> run(jobs::Run& run);

  private:
    postgres::Database& database_;
    rooms::RoomEvents& events_;
    accounts::SubjectKeys& keys_;
};

}  // namespace stoa::documents
