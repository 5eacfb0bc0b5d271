// SPDX-License-Identifier: Apache-2.0
#include "documents/ingestion.hpp"

#include "base/log.hpp"
#include "documents/events.hpp"
#include "documents/highlight_reanchoring.hpp"
#include "documents/keyed_lexemes.hpp"
#include "documents/sealed_places.hpp"
#include "documents/sql.hpp"
#include "extraction/chunking.hpp"
#include "extraction/heading_trail.hpp"

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
    std::optional<int> version;  ///< absent from jobs that an older program queued: the first
};
BOOST_DESCRIBE_STRUCT(Arguments, (), (document_id, version))

struct Begun {
    int pages_done = 0;
    bool is_first = false;
    UserId owner;
    RowId file;
};
BOOST_DESCRIBE_STRUCT(Begun, (), (pages_done, is_first, owner, file))

/// What a document's text is sealed with, and its words are indexed under.
struct Keys {
    accounts::SubjectKey owner;
    KeyedLexemes lexemes;
};

Result<Keys> load_keys(accounts::SubjectKeys& keys, const UserId& owner) {
    const auto own = keys.key_of(owner);
    if (!own) return fail(own);
    const auto installation = keys.key_of_installation();
    if (!installation) return fail(installation);
    return Keys{*own, KeyedLexemes(installation->derive(lexemes_purpose))};
}

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
                       "Another run reads this document now, or it was replaced or deleted.");
}

/// One run over one document: it collects pages into a batch and writes full batches.
class Reading {
  public:
    Reading(postgres::Database& database, jobs::Queue& queue, rooms::RoomEvents& events,
            embedding::Encoder& encoder, const Originals& originals, jobs::Run& run,
            const DocumentId& document, int version)
        : database_(database),
          queue_(queue),
          events_(events),
          encoder_(encoder),
          originals_(originals),
          run_(run),
          document_(document),
          version_(version) {}

    /// The file to read; nothing if the version is gone or done.
    Result<std::optional<Original>> begin(accounts::SubjectKeys& keys);
    Result<void> set_page_count(int pages);
    Result<void> add(extraction::Page&& page);
    Result<void> finish(const extraction::Summary& summary);
    Result<void> fail_for_good(const Error& error);
    Result<void> acknowledge_only();

  private:
    Result<void> embed_batch();
    Result<void> copy_batch(postgres::Session& session);
    Result<void> write_batch();
    void forget_batch();
    Result<void> make_ready(postgres::Session& session, const extraction::Summary& summary);
    [[nodiscard]] std::string_view text_of(std::size_t chunk) const;
    [[nodiscard]] std::vector<std::string> with_headings() const;
    Result<std::vector<postgres::Bytes>> make_lexemes(const std::vector<std::string>& texts);
    Result<void> copy_pages(postgres::Session& session);
    Result<void> copy_chunks(postgres::Session& session);
    void publish(const std::vector<rooms::Event>& events);
    void publish_progress_sometimes();

    postgres::Database& database_;
    jobs::Queue& queue_;
    rooms::RoomEvents& events_;
    embedding::Encoder& encoder_;
    const Originals& originals_;
    jobs::Run& run_;
    const DocumentId document_;
    const int version_;
    const RowId token_ = RowId::make();
    std::optional<Keys> keys_;  ///< from `begin` on
    int pages_done_ = 0;
    std::int64_t chunks_done_ = 0;
    std::vector<extraction::Page> pages_;
    std::vector<extraction::Chunk> chunks_;
    std::vector<std::size_t> page_of_chunk_;  ///< index in pages_
    std::vector<std::string> heading_of_chunk_;
    std::vector<embedding::Embedding> embeddings_;  ///< from `embed_batch` on
    std::vector<postgres::Bytes> lexemes_;          ///< likewise
    extraction::HeadingTrail trail_;
    std::size_t bytes_ = 0;
    std::vector<RowId> superseded_;  ///< files that the ready version makes needless
    std::optional<JobId> reanchoring_;
    std::chrono::steady_clock::time_point published_{};
};

Result<std::optional<Original>> Reading::begin(accounts::SubjectKeys& keys) {
    std::vector<rooms::Event> events;
    auto begun =
        database_.transact([&](postgres::Session& session) -> Result<std::optional<Original>> {
            events.clear();
            auto taken = session.find<Begun>(sql::begin_ingestion, document_, token_, version_);
            if (!taken) return fail(taken);
            if (!*taken) return std::optional<Original>();
            pages_done_ = (*taken)->pages_done;
            if (pages_done_ > 0) {
                auto chunks = session.one<std::int64_t>(sql::count_chunks, document_);
                if (!chunks) return fail(chunks);
                chunks_done_ = *chunks;
            }
            if ((*taken)->is_first) {
                auto appended = append_status(session, document_);
                if (!appended) return fail(appended);
                events = std::move(*appended);
            }
            return std::optional(Original{(*taken)->file, (*taken)->owner});
        });
    if (!begun) return begun;
    publish(events);
    if (!*begun) return begun;
    auto loaded = load_keys(keys, (*begun)->owner);
    if (!loaded) return fail(loaded);
    keys_ = *loaded;
    return begun;
}

/// So that progress can be shown, of which a single page has none.
Result<void> Reading::set_page_count(int pages) {
    if (pages == 1) return {};
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
    if (page.number <= pages_done_) {
        trail_.pass(page);
        return {};
    }
    const auto first = chunks_done_ + static_cast<std::int64_t>(chunks_.size());
    const auto chunks =
        extraction::split_page(page, extraction::ChunkOptions{}, static_cast<int>(first));
    chunks_.insert(chunks_.end(), chunks.begin(), chunks.end());
    page_of_chunk_.insert(page_of_chunk_.end(), chunks.size(), pages_.size());
    for (const auto& chunk : chunks) heading_of_chunk_.push_back(trail_.path_at(page, chunk.begin));
    trail_.pass(page);
    bytes_ += page.text.size();
    pages_.push_back(std::move(page));
    if (chunks_.size() < batch_chunks_max && pages_.size() < batch_pages_max &&
        bytes_ < batch_bytes_max) {
        return {};
    }
    return write_batch();
}

Result<void> Reading::write_batch() {
    if (auto embedded = embed_batch(); !embedded) return embedded;
    auto written = database_.transact([&](postgres::Session& session) -> Result<void> {
        auto ours = session.run(sql::advance_ingestion, document_, token_, pages_.back().number);
        if (!ours) return fail(ours);
        if (ours->affected() == 0) return taken_over();
        return copy_batch(session);
    });
    if (!written) return written;
    forget_batch();
    publish_progress_sometimes();
    return {};
}

Result<void> Reading::embed_batch() {
    if (chunks_.empty()) return {};
    const auto searched = with_headings();
    auto embeddings =
        encoder_.encode(std::vector<std::string_view>(searched.begin(), searched.end()));
    if (!embeddings) return fail(embeddings);
    auto lexemes = make_lexemes(searched);
    if (!lexemes) return fail(lexemes);
    embeddings_ = std::move(*embeddings);
    lexemes_ = std::move(*lexemes);
    return {};
}

/// In a transaction that has found this run's token.
Result<void> Reading::copy_batch(postgres::Session& session) {
    if (pages_.empty()) return {};
    if (auto copied = copy_pages(session); !copied) return copied;
    return copy_chunks(session);
}

void Reading::forget_batch() {
    pages_done_ = pages_.back().number;
    chunks_done_ += static_cast<std::int64_t>(chunks_.size());
    pages_.clear();
    chunks_.clear();
    page_of_chunk_.clear();
    heading_of_chunk_.clear();
    bytes_ = 0;
}

std::string_view Reading::text_of(std::size_t chunk) const {
    const auto [begin, end] = std::pair(chunks_[chunk].begin, chunks_[chunk].end);
    return std::string_view(pages_[page_of_chunk_[chunk]].text).substr(begin, end - begin);
}

/// What each text is found by: itself, and the nearest heading over it, which often says what it is
/// about when the text itself does not.
std::vector<std::string> Reading::with_headings() const {
    std::vector<std::string> searched;
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        const auto text = text_of(i);
        const auto heading = extraction::nearest_heading(heading_of_chunk_[i]);
        const bool is_said = heading.empty() || text.starts_with(heading);
        searched.push_back(is_said ? std::string() : std::string(heading) + "\n");
        searched.back() += text;
    }
    return searched;
}

/// What the full-text index has of each text, keyed.
Result<std::vector<postgres::Bytes>> Reading::make_lexemes(const std::vector<std::string>& texts) {
    auto vectors = database_.list<postgres::Bytes>(sql::make_lexemes, texts);
    if (!vectors) return vectors;
    for (auto& vector : *vectors) {
        auto keyed = keys_->lexemes.of_vector(vector.value);
        if (!keyed) {
            return fail(ErrorKind::internal, "lexemes_malformed",
                        "PostgreSQL's words are in another format than this server knows.");
        }
        vector.value = std::move(*keyed);
    }
    return vectors;
}

Result<void> Reading::copy_pages(postgres::Session& session) {
    std::size_t next = 0;
    return session.copy_in(sql::copy_pages, 7, [&](postgres::Parameters& row) {
        if (next == pages_.size()) return false;
        const auto& page = pages_[next++];
        row.add(document_);
        row.add(static_cast<std::int32_t>(page.number));
        row.add(page.label);
        row.add(static_cast<double>(page.width));
        row.add(static_cast<double>(page.height));
        row.add(keys_->owner.seal(page.text, page_text_place(document_, page.number)));
        row.add(keys_->owner.seal(extraction::words_to_json(page.words),
                                  page_words_place(document_, page.number)));
        return true;
    });
}

Result<void> Reading::copy_chunks(postgres::Session& session) {
    if (chunks_.empty()) return {};
    std::size_t next = 0;
    return session.copy_in(sql::copy_chunks, 12, [&](postgres::Parameters& row) {
        if (next == chunks_.size()) return false;
        const auto& chunk = chunks_[next];
        const auto id = ChunkId::make();
        row.add(id);
        row.add(document_);
        row.add(static_cast<std::int32_t>(chunk.ordinal));
        row.add(static_cast<std::int32_t>(chunk.page));
        row.add(static_cast<std::int32_t>(chunk.begin));
        row.add(static_cast<std::int32_t>(chunk.end));
        row.add(keys_->owner.seal(text_of(next), chunk_place(id)));
        const auto& heading = heading_of_chunk_[next];
        row.add(heading.empty() ? std::optional<postgres::Bytes>()
                                : keys_->owner.seal(heading, chunk_heading_place(id)));
        row.add(lexemes_[next]);
        row.add(std::span<const float>(embeddings_[next]));
        row.add(embedding::Encoder::model);
        row.add(embedding::Encoder::model_version);
        ++next;
        return true;
    });
}

Result<void> Reading::finish(const extraction::Summary& summary) {
    // Scanned pages that nobody could read are a warning, not a failure.
    if (chunks_done_ == 0 && chunks_.empty() && summary.unread_scans == 0) {
        return fail_for_good(Error{
            ErrorKind::invalid, "no_text", "The file has no text that could be read.", {}, {}});
    }
    if (auto embedded = embed_batch(); !embedded) return embedded;
    std::vector<rooms::Event> events;
    auto finished = database_.transact([&](postgres::Session& session) -> Result<void> {
        if (auto ready = make_ready(session, summary); !ready) return ready;
        auto appended = append_status(session, document_);
        if (!appended) return fail(appended);
        events = std::move(*appended);
        return run_.acknowledge(session);
    });
    if (!finished) return finished;
    publish(events);
    for (const auto& file : superseded_) originals_.remove(file);
    if (reanchoring_) queue_.announce(*reanchoring_, reanchoring_job(document_, version_));
    return {};
}

/// The one step that makes a version answer, with the last batch, which of a small document is the
/// only one. What follows from that in the database (of a replaced document: `version_` is above 1)
/// belongs here, in the same transaction.
Result<void> Reading::make_ready(postgres::Session& session, const extraction::Summary& summary) {
    std::optional<postgres::Bytes> profile;
    if (summary.table) {
        profile = keys_->owner.seal(json::to_text(*summary.table), table_profile_place(document_));
    }
    const json::Raw warnings{json::to_text(extraction::warnings_of(summary))};
    auto ready = session.run(sql::finish_ingestion, document_, token_, summary.page_count, warnings,
                             summary.unread_scans > 0, profile);
    if (!ready) return fail(ready);
    if (ready->affected() == 0) return taken_over();
    if (auto copied = copy_batch(session); !copied) return copied;
    if (auto words = session.run(sql::collect_words, document_); !words) return fail(words);
    if (version_ == 1) return {};
    auto superseded = session.list<RowId>(sql::take_replaced_file, document_);
    if (!superseded) return fail(superseded);
    superseded_ = std::move(*superseded);
    const auto queued = queue_.enqueue(session, reanchoring_job(document_, version_));
    if (!queued) return fail(queued);
    reanchoring_ = *queued;
    return {};
}

/// What a failed document leaves: its row with the reason, and nothing that could answer.
Result<std::vector<rooms::Event>> record_failure(postgres::Session& session,
                                                 const DocumentId& document, int version,
                                                 const Error& error) {
    // What broke inside is for the log: people read this.
    const std::string_view why = error.kind == ErrorKind::internal
                                     ? "The server failed at this file; upload it again later."
                                     : std::string_view(error.message);
    auto failed = session.run(sql::fail_ingestion, document, version, error.code, why);
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
        auto appended = record_failure(session, document_, version_, error);
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

jobs::NewJob ingestion_job(const DocumentId& document, int version) {
    jobs::NewJob job;
    job.task = ingestion_task;
    job.arguments_json = json::to_text(Arguments{document, version});
    job.unique_key = "ingest:" + document.str() + ':' + std::to_string(version);
    job.attempts_max = 20;  // each death of a worker is an attempt
    return job;
}

Result<void> give_up_ingestion(postgres::Session& session, const std::string& arguments_json,
                               const Error& error) {
    auto arguments = json::read<Arguments>(arguments_json);
    if (!arguments) return fail(arguments);
    // The events are not published here, before the commit; readers find them by their seq.
    auto recorded =
        record_failure(session, arguments->document_id, arguments->version.value_or(1), error);
    if (!recorded) return fail(recorded);
    return {};
}

Result<void> cancel_ingestion(postgres::Session& session, const std::string& arguments_json) {
    return give_up_ingestion(session, arguments_json,
                             {ErrorKind::conflict,
                              "reading_cancelled",
                              "Reading this file was cancelled by the operator; upload it again.",
                              {},
                              {}});
}

Ingestion::Ingestion(postgres::Database& database, jobs::Queue& queue, rooms::RoomEvents& events,
                     const extraction::Extractor& extractor, embedding::Encoder& encoder,
                     accounts::SubjectKeys& keys, const std::filesystem::path& data_dir)
    : database_(database),
      queue_(queue),
      events_(events),
      extractor_(extractor),
      encoder_(encoder),
      keys_(keys),
      originals_(data_dir, keys) {}

jobs::Task Ingestion::task() {
    return jobs::Task{
        [this](jobs::Run& run) { return this->run(run); },
        [](postgres::Session& session, const std::string& arguments_json, const Error& error) {
            return error.code == "job_revoked" ? cancel_ingestion(session, arguments_json)
                                               : give_up_ingestion(session, arguments_json, error);
        }};
}

Result<void> Ingestion::run(jobs::Run& run) {
    const auto arguments = json::read<Arguments>(run.arguments_json());
    if (!arguments) return fail(arguments);
    const auto& document = arguments->document_id;
    Reading reading(database_, queue_, events_, encoder_, originals_, run, document,
                    arguments->version.value_or(1));
    const auto original = reading.begin(keys_);
    if (!original) return fail(original);
    if (!*original) return reading.acknowledge_only();
    const auto file = originals_.unseal(**original);
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
