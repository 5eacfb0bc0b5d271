// SPDX-License-Identifier: Apache-2.0
#include "documents/ingestion.hpp"

#include "base/log.hpp"
#include "documents/events.hpp"
#include "documents/sql.hpp"
#include "extraction/chunking.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace stoa::documents {

namespace {

struct Arguments {
    DocumentId document_id;
};
BOOST_DESCRIBE_STRUCT(Arguments, (), (document_id))

struct Begun {
    int pages_done = 0;
    bool is_first = false;
};
BOOST_DESCRIBE_STRUCT(Begun, (), (pages_done, is_first))

/// Kept small: what is lost when a worker dies is one batch, and memory is flat for any document.
constexpr std::size_t batch_chunks_max = 32;
constexpr std::size_t batch_pages_max = 64;
constexpr std::size_t batch_bytes_max = 1 << 20;
constexpr std::chrono::milliseconds progress_every{250};

/// The file itself is at fault: no retry will do better.
bool is_for_good(const Error& error) {
    return error.kind == ErrorKind::invalid || error.kind == ErrorKind::unsupported_type ||
           error.kind == ErrorKind::too_large;
}

tl::unexpected<Error> taken_over() {
    return unavailable("ingestion_taken_over",
                       "Another run reads this document now, or it was deleted.");
}

/// One run over one document: it collects pages into a batch and writes full batches.
class Reading {
  public:
    Reading(postgres::Database& database, rooms::RoomEvents& events, embedding::Encoder& encoder,
            jobs::Run& run, const DocumentId& document)
        : database_(database), events_(events), encoder_(encoder), run_(run), document_(document) {}

    /// False if there is nothing to read: the document is gone or done.
    Result<bool> begin();
    Result<void> set_page_count(int pages);
    Result<void> add(extraction::Page&& page);
    Result<void> finish(const extraction::Summary& summary);
    Result<void> fail_for_good(const Error& error);
    Result<void> acknowledge_only();

  private:
    Result<void> write_batch();
    Result<void> copy_batch(postgres::Session& session, const std::vector<std::string_view>& texts,
                            const std::vector<embedding::Embedding>& embeddings);
    void publish(const std::vector<rooms::Event>& events);
    void publish_progress_sometimes();

    postgres::Database& database_;
    rooms::RoomEvents& events_;
    embedding::Encoder& encoder_;
    jobs::Run& run_;
    const DocumentId document_;
    const RowId token_ = RowId::make();
    int pages_done_ = 0;
    std::int64_t chunks_done_ = 0;
    std::vector<extraction::Page> pages_;
    std::vector<extraction::Chunk> chunks_;
    std::vector<std::size_t> page_of_chunk_;  ///< index in pages_
    std::size_t bytes_ = 0;
    std::chrono::steady_clock::time_point published_{};
};

Result<bool> Reading::begin() {
    std::vector<rooms::Event> events;
    auto begun = database_.transact([&](postgres::Session& session) -> Result<bool> {
        events.clear();
        auto taken = session.find<Begun>(sql::begin_ingestion, document_, token_);
        if (!taken) return fail(taken);
        if (!*taken) return false;
        auto chunks = session.one<std::int64_t>(sql::count_chunks, document_);
        if (!chunks) return fail(chunks);
        pages_done_ = (*taken)->pages_done;
        chunks_done_ = *chunks;
        if ((*taken)->is_first) {
            auto appended = append_status(session, document_);
            if (!appended) return fail(appended);
            events = std::move(*appended);
        }
        return true;
    });
    if (begun) publish(events);
    return begun;
}

Result<void> Reading::set_page_count(int pages) {
    auto updated = database_.run(sql::set_page_count, document_, token_, pages);
    if (!updated) return fail(updated);
    if (updated->affected() == 0) return taken_over();
    publish_progress_sometimes();
    return {};
}

Result<void> Reading::add(extraction::Page&& page) {
    if (!run_.still_ours()) {
        return unavailable("job_stopping", "The worker stops or has lost this job.");
    }
    if (page.number <= pages_done_) return {};
    const auto first = chunks_done_ + static_cast<std::int64_t>(chunks_.size());
    const auto chunks =
        extraction::split_page(page, extraction::ChunkOptions{}, static_cast<int>(first));
    chunks_.insert(chunks_.end(), chunks.begin(), chunks.end());
    page_of_chunk_.insert(page_of_chunk_.end(), chunks.size(), pages_.size());
    bytes_ += page.text.size();
    pages_.push_back(std::move(page));
    if (chunks_.size() < batch_chunks_max && pages_.size() < batch_pages_max &&
        bytes_ < batch_bytes_max) {
        return {};
    }
    return write_batch();
}

Result<void> Reading::write_batch() {
    if (pages_.empty()) return {};
    std::vector<std::string_view> texts;
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        const std::string_view text = pages_[page_of_chunk_[i]].text;
        texts.push_back(text.substr(chunks_[i].begin, chunks_[i].end - chunks_[i].begin));
    }
    auto embeddings = encoder_.encode(texts);
    if (!embeddings) return fail(embeddings);
    const int last_page = pages_.back().number;
    auto written = database_.transact([&](postgres::Session& session) -> Result<void> {
        auto ours = session.run(sql::advance_ingestion, document_, token_, last_page);
        if (!ours) return fail(ours);
        if (ours->affected() == 0) return taken_over();
        return copy_batch(session, texts, *embeddings);
    });
    if (!written) return written;
    pages_done_ = last_page;
    chunks_done_ += static_cast<std::int64_t>(chunks_.size());
    pages_.clear();
    chunks_.clear();
    page_of_chunk_.clear();
    bytes_ = 0;
    publish_progress_sometimes();
    return {};
}

Result<void> Reading::copy_batch(postgres::Session& session,
                                 const std::vector<std::string_view>& texts,
                                 const std::vector<embedding::Embedding>& embeddings) {
    std::size_t next = 0;
    auto pages = session.copy_in(sql::copy_pages, 7, [&](postgres::Parameters& row) {
        if (next == pages_.size()) return false;
        const auto& page = pages_[next++];
        row.add(document_);
        row.add(static_cast<std::int32_t>(page.number));
        row.add(page.label);
        row.add(static_cast<double>(page.width));
        row.add(static_cast<double>(page.height));
        row.add(page.text);
        row.add(extraction::words_to_json(page.words));
        return true;
    });
    if (!pages) return pages;
    next = 0;
    return session.copy_in(sql::copy_chunks, 10, [&](postgres::Parameters& row) {
        if (next == chunks_.size()) return false;
        const auto& chunk = chunks_[next];
        row.add(ChunkId::make());
        row.add(document_);
        row.add(static_cast<std::int32_t>(chunk.ordinal));
        row.add(static_cast<std::int32_t>(chunk.page));
        row.add(static_cast<std::int32_t>(chunk.begin));
        row.add(static_cast<std::int32_t>(chunk.end));
        row.add(texts[next]);
        row.add(std::span<const float>(embeddings[next]));
        row.add(embedding::Encoder::model);
        row.add(embedding::Encoder::model_version);
        ++next;
        return true;
    });
}

Result<void> Reading::finish(const extraction::Summary& summary) {
    if (auto written = write_batch(); !written) return written;
    // Scanned pages that nobody could read are a warning, not a failure.
    if (chunks_done_ == 0 && summary.unread_scans == 0) {
        return fail_for_good(Error{
            ErrorKind::invalid, "no_text", "The file has no text that could be read.", {}, {}});
    }
    std::vector<rooms::Event> events;
    auto finished = database_.transact([&](postgres::Session& session) -> Result<void> {
        std::optional<postgres::Bytes> profile;
        if (summary.table) profile = postgres::Bytes{json::to_text(*summary.table)};
        const json::Raw warnings{json::to_text(extraction::warnings_of(summary))};
        auto ready = session.run(sql::finish_ingestion, document_, token_, summary.page_count,
                                 warnings, summary.unread_scans > 0, profile);
        if (!ready) return fail(ready);
        if (ready->affected() == 0) return taken_over();
        auto appended = append_status(session, document_);
        if (!appended) return fail(appended);
        events = std::move(*appended);
        return run_.acknowledge(session);
    });
    if (finished) publish(events);
    return finished;
}

/// What a failed document leaves: its row with the reason, and nothing that could answer.
Result<std::vector<rooms::Event>> record_failure(postgres::Session& session,
                                                 const DocumentId& document, const Error& error) {
    // What broke inside is for the log: people read this.
    const std::string_view why = error.kind == ErrorKind::internal
                                     ? "The server failed at this file; upload it again later."
                                     : std::string_view(error.message);
    auto failed = session.run(sql::fail_ingestion, document, error.code, why);
    if (!failed) return fail(failed);
    if (failed->affected() == 0) return std::vector<rooms::Event>();
    for (const auto& query : {sql::delete_chunks, sql::delete_pages}) {
        if (auto deleted = session.run(query, document); !deleted) return fail(deleted);
    }
    return append_status(session, document);
}

Result<void> Reading::fail_for_good(const Error& error) {
    std::vector<rooms::Event> events;
    auto recorded = database_.transact([&](postgres::Session& session) -> Result<void> {
        auto appended = record_failure(session, document_, error);
        if (!appended) return fail(appended);
        events = std::move(*appended);
        return run_.acknowledge(session);
    });
    if (recorded) publish(events);
    return recorded;
}

Result<void> Reading::acknowledge_only() {
    return database_.transact(
        [&](postgres::Session& session) { return run_.acknowledge(session); });
}

void Reading::publish(const std::vector<rooms::Event>& events) {
    for (const auto& event : events) events_.publish(event);
}

void Reading::publish_progress_sometimes() {
    const auto now = std::chrono::steady_clock::now();
    if (now - published_ < progress_every) return;
    published_ = now;
    publish_progress(database_, events_, document_);
}

}  // namespace

jobs::NewJob ingestion_job(const DocumentId& document) {
    jobs::NewJob job;
    job.task = ingestion_task;
    job.arguments_json = json::to_text(Arguments{document});
    job.unique_key = "ingest:" + document.str();
    job.attempts_max = 20;  // each death of a worker is an attempt
    return job;
}

Ingestion::Ingestion(postgres::Database& database, rooms::RoomEvents& events,
                     const extraction::Extractor& extractor, embedding::Encoder& encoder,
                     std::filesystem::path data_dir)
    : database_(database),
      events_(events),
      extractor_(extractor),
      encoder_(encoder),
      directory_(std::move(data_dir) / "documents") {}

jobs::Task Ingestion::task() {
    return jobs::Task{[this](jobs::Run& run) { return this->run(run); },
                      [](postgres::Session& session, const std::string& arguments_json,
                         const Error& error) -> Result<void> {
                          auto arguments = json::read<Arguments>(arguments_json);
                          if (!arguments) return fail(arguments);
                          // The events are not published here, before the commit; readers find them
                          // by their seq.
                          auto recorded = record_failure(session, arguments->document_id, error);
                          if (!recorded) return fail(recorded);
                          return {};
                      }};
}

Result<void> Ingestion::run(jobs::Run& run) {
    const auto arguments = json::read<Arguments>(run.arguments_json());
    if (!arguments) return fail(arguments);
    const auto& document = arguments->document_id;
    Reading reading(database_, events_, encoder_, run, document);
    const auto begun = reading.begin();
    if (!begun) return fail(begun);
    if (!*begun) return reading.acknowledge_only();
    const auto file = extraction::InputFile::open(directory_ / document.str());
    if (!file) return fail(file);
    const auto summary = extractor_.extract(
        *file, [&](int pages) { return reading.set_page_count(pages); },
        [&](extraction::Page&& page) { return reading.add(std::move(page)); });
    if (summary) return reading.finish(*summary);
    log::info(
        "reading a document ended early",
        {{"stoa.document.id", document.str()}, {"error.code", std::string(summary.error().code)}});
    if (is_for_good(summary.error())) return reading.fail_for_good(summary.error());
    Error error = summary.error();
    if (error.kind == ErrorKind::conflict) error.kind = ErrorKind::unavailable;  // worth a retry
    return tl::unexpected<Error>(std::move(error));
}

}  // namespace stoa::documents
