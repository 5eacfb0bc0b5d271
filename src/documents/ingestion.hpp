// SPDX-License-Identifier: Apache-2.0
// Reads an uploaded document so that questions can be asked about it: pages, chunks, embeddings,
// step by step. Each step is one transaction that writes the pages of a batch, their chunks and
// `pages_done`, and the last one, of a small document the only one, makes it ready; so a run that
// is killed anywhere is continued after the last step, and nothing is there twice. A run writes
// only while its token stands in the row; a later run takes the token, and so does a replacement.
// Writes document_pages, document_chunks and the status columns of pdf_uploads; ends rows of
// replaced_files. Owner: `stoa work`.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "documents/originals.hpp"
#include "embedding/encoder.hpp"
#include "extraction/extractor.hpp"
#include "jobs/queue.hpp"
#include "jobs/worker.hpp"
#include "postgres/database.hpp"
#include "rooms/events.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace stoa::documents {

inline constexpr std::string_view ingestion_task = "stoa.documents.ingest";

/// Each version has a job of its own.
jobs::NewJob ingestion_job(const DocumentId& document, int version);

/// In the transaction that ends the job of these arguments unfinished: the document is `failed`
/// because of `error`, unless it is ready by now. When the job is revived it is read all over.
Result<void> give_up_ingestion(postgres::Session& session, const std::string& arguments_json,
                               const Error& error);
/// The same where an operator ended it: `reading_cancelled`.
Result<void> cancel_ingestion(postgres::Session& session, const std::string& arguments_json);

class Ingestion {
  public:
    Ingestion(postgres::Database& database, jobs::Queue& queue, rooms::RoomEvents& events,
              const extraction::Extractor& extractor, embedding::Encoder& encoder,
              accounts::SubjectKeys& keys, const std::filesystem::path& data_dir);

    /// For the worker's table under `ingestion_task`; this object must outlive the worker.
    jobs::Task task();

    /// One run of the task. What is wrong with the file for good makes the document `failed`; what
    /// may pass (a part that is away, another run that took over) is an error to be retried.
    Result<void> run(jobs::Run& run);

  private:
    postgres::Database& database_;
    jobs::Queue& queue_;
    rooms::RoomEvents& events_;
    const extraction::Extractor& extractor_;
    embedding::Encoder& encoder_;
    accounts::SubjectKeys& keys_;
    const Originals originals_;
};

}  // namespace stoa::documents
