// SPDX-License-Identifier: Apache-2.0
#include "documents/highlight_reanchoring.hpp"

#include "base/log.hpp"
#include "documents/highlight_target.hpp"
#include "documents/opened_pages.hpp"
#include "documents/sql.hpp"
#include "documents/text_selection.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace stoa::documents {
namespace {

struct Arguments {
    DocumentId document_id;
    int version = 0;
};
BOOST_DESCRIBE_STRUCT(Arguments, (), (document_id, version))

struct Row {
    HighlightId id;
    UserId user_id;
    int page = 0;
    int page_end = 0;
    std::int64_t text_begin = 0;
    int document_version = 0;
    postgres::Bytes sealed_target;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (id, user_id, page, page_end, text_begin, document_version, sealed_target))

struct ReanchoredEvent {
    DocumentId document_id;
    int document_version = 0;
};
BOOST_DESCRIBE_STRUCT(ReanchoredEvent, (), (document_id, document_version))

/// One pass over the document for each batch; what is lost when a worker dies is one batch.
constexpr std::int64_t batch_rows = 100;

/// A highlight on its way to its new place.
struct Moving {
    Row row;
    accounts::SubjectKey key;
    HighlightTarget target;
    FoldedSelector selector;
    PlaceChoice choice{};
};

TextQuoteSelector selector_of(const HighlightTarget& target) {
    return {target.quote, target.prefix, target.suffix};
}

/// One run over one version of a document.
class Reanchoring {
  public:
    Reanchoring(postgres::Database& database, rooms::RoomEvents& events,
                accounts::SubjectKeys& keys, jobs::Run& run, const Arguments& arguments)
        : database_(database),
          events_(events),
          keys_(keys),
          run_(run),
          document_(arguments.document_id),
          version_(arguments.version) {}

    Result<void> go();

  private:
    Result<std::vector<Moving>> read_batch();
    Result<void> find_places(std::vector<Moving>& batch, bool is_exact);
    Result<void> settle(Moving& moving);
    Result<void> write(const std::vector<Moving>& batch);
    Result<void> finish();
    /// The document is gone, or the job of another version does it.
    Result<void> acknowledge_only();

    postgres::Database& database_;
    rooms::RoomEvents& events_;
    accounts::SubjectKeys& keys_;
    jobs::Run& run_;
    const DocumentId document_;
    const int version_;
    std::optional<OpenedPages> pages_;
    int page_count_ = 0;
    std::optional<HighlightId> last_;  ///< of the batches that are done
    bool is_end_ = false;
};

Result<std::vector<Moving>> Reanchoring::read_batch() {
    const auto rows = database_.list<Row>(sql::list_unanchored_highlights, document_, version_,
                                          last_, batch_rows);
    if (!rows) return fail(rows);
    is_end_ = std::cmp_less(rows->size(), batch_rows);
    std::vector<Moving> batch;
    for (const auto& row : *rows) {
        last_ = row.id;
        const auto key = keys_.key_of(row.user_id);
        // Whose key is destroyed, theirs are gone in a moment.
        if (!key && key.error().code == std::string_view("subject_erased")) continue;
        if (!key) return fail(key);
        auto target = open_target(*key, row.id, row.sealed_target);
        if (!target) return fail(target);
        FoldedSelector selector(selector_of(*target));
        batch.push_back({row, *key, std::move(*target), std::move(selector)});
    }
    return batch;
}

/// Considers all places in the document that read like those of the batch without a place.
Result<void> Reanchoring::find_places(std::vector<Moving>& batch, bool is_exact) {
    std::vector<Moving*> wanted;
    std::size_t overlap = 0;
    for (auto& moving : batch) {
        if (moving.choice.is_sure()) continue;
        wanted.push_back(&moving);
        overlap = std::max(overlap, 2 * moving.selector.around.size());
    }
    if (wanted.empty()) return {};
    return pages_->visit_runs(
        {1, page_count_}, overlap,
        [&](const FoldedPages& pages, const PageRange& own) -> Result<void> {
            for (auto* moving : wanted) {
                if (!run_.still_ours()) {
                    return unavailable("job_stopping", "The worker stops or has lost this job.");
                }
                auto& [row, key, target, selector, choice] = *moving;
                std::vector<Candidate> found;
                if (is_exact) {
                    find_exact(pages, own, selector, found);
                    choice.consider_exact(found, selector, row.page);
                } else {
                    find_similar(pages, own, selector, found);
                    choice.consider_similar(found, selector, row.page);
                }
            }
            return {};
        });
}

/// Reads what stands at the new place.
Result<void> Reanchoring::settle(Moving& moving) {
    const auto& place = *moving.choice.best();
    const auto around = pages_->list({place.page - 1, place.page_end + 1});
    if (!around) return fail(around);
    auto anchor = anchor_at(place, *around);
    if (!anchor) return unavailable("document_replaced", "The document was replaced meanwhile.");
    moving.row.page = anchor->page;
    moving.row.page_end = anchor->page_end;
    moving.row.text_begin = static_cast<std::int64_t>(anchor->text_begin);
    auto before = std::exchange(moving.target, target_of(std::move(*anchor)));
    auto original = before.original_quote.value_or(std::move(before.quote));
    if (fold(original, Folding::typography) != fold(moving.target.quote, Folding::typography)) {
        moving.target.original_quote = std::move(original);
    }
    return {};
}

Result<void> Reanchoring::write(const std::vector<Moving>& batch) {
    return database_.transact([&](postgres::Session& session) -> Result<void> {
        auto locked = lock_version(session, document_, version_);
        if (!locked) return locked;
        for (const auto& moving : batch) {
            const auto& row = moving.row;
            session.defer(sql::move_highlight, row.id, row.document_version,
                          seal_target(moving.key, row.id, moving.target), row.page, row.page_end,
                          row.text_begin, !moving.choice.best(), version_);
        }
        return {};
    });
}

Result<void> Reanchoring::finish() {
    std::vector<rooms::Event> events;
    auto finished = database_.transact([&](postgres::Session& session) -> Result<void> {
        events.clear();
        auto rooms = session.list<RoomId>(sql::list_rooms_of, document_);
        if (!rooms) return fail(rooms);
        for (const auto& room : *rooms) {
            auto event = rooms::append_event(session, room, "highlights_reanchored",
                                             json::to_text(ReanchoredEvent{document_, version_}));
            if (!event) return fail(event);
            events.push_back(std::move(*event));
        }
        return run_.acknowledge(session);
    });
    if (!finished) return finished;
    for (const auto& event : events) events_.publish(event);
    return {};
}

Result<void> Reanchoring::acknowledge_only() {
    return database_.transact(
        [&](postgres::Session& session) { return run_.acknowledge(session); });
}

Result<void> Reanchoring::go() {
    const auto found = database_.find<Readiness>(sql::find_readiness, document_);
    if (!found) return fail(found);
    const bool is_current = *found && (*found)->is_ready && (*found)->version == version_;
    if (!is_current) return acknowledge_only();
    const auto key = keys_.key_of((*found)->owner);
    if (!key) return fail(key);
    pages_.emplace(database_, *key, document_);
    page_count_ = (*found)->page_count;
    while (!is_end_) {
        auto batch = read_batch();
        if (!batch) return fail(batch);
        for (const bool is_exact : {true, false}) {
            if (auto done = find_places(*batch, is_exact); !done) return done;
        }
        std::size_t orphans = 0;
        for (auto& moving : *batch) {
            if (!moving.choice.best()) {
                ++orphans;
            } else if (auto settled = settle(moving); !settled) {
                return settled;
            }
        }
        auto written = write(*batch);
        if (!written && written.error().code == std::string_view("document_replaced")) {
            return acknowledge_only();
        }
        if (!written) return written;
        log::info("highlights were looked for in another version",
                  {{"stoa.document.id", document_.str()},
                   {"stoa.highlights", static_cast<std::int64_t>(batch->size())},
                   {"stoa.highlights.orphans", static_cast<std::int64_t>(orphans)}});
    }
    return finish();
}

}  // namespace

jobs::NewJob reanchoring_job(const DocumentId& document, int version) {
    jobs::NewJob job;
    job.task = reanchoring_task;
    job.arguments_json = json::to_text(Arguments{document, version});
    // The version is in the key: a job of the last one that ends right now must not stand for this.
    job.unique_key = "reanchor:" + document.str() + ':' + std::to_string(version);
    job.attempts_max = 20;  // each death of a worker is an attempt
    return job;
}

HighlightReanchoring::HighlightReanchoring(postgres::Database& database, rooms::RoomEvents& events,
                                           accounts::SubjectKeys& keys)
    : database_(database), events_(events), keys_(keys) {}

jobs::Task HighlightReanchoring::task() {
    return jobs::Task{[this](jobs::Run& run) { return this->run(run); }};
}

Result<void> HighlightReanchoring::run(jobs::Run& run) {
    const auto arguments = json::read<Arguments>(run.arguments_json());
    if (!arguments) return fail(arguments);
    return Reanchoring(database_, events_, keys_, run, *arguments).go();
}

}  // namespace stoa::documents
