// SPDX-License-Identifier: Apache-2.0
#include "documents/retrieval.hpp"

#include "documents/fusion.hpp"
#include "documents/keyed_lexemes.hpp"
#include "documents/sealed_places.hpp"
#include "documents/sql.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <unordered_map>
#include <utility>

namespace stoa::documents {

namespace {

struct Found {
    ChunkId chunk;
    DocumentId document;
    UserId owner;
    int version = 1;
    std::string title;
    int page = 0;
    std::string label;
    std::uint32_t text_begin = 0;
    postgres::Bytes sealed_text;
    std::optional<postgres::Bytes> sealed_heading;
};
BOOST_DESCRIBE_STRUCT(Found, (),
                      (chunk, document, owner, version, title, page, label, text_begin, sealed_text,
                       sealed_heading))

/// Up to here everything in the scope is looked at: some ten milliseconds, and nothing is missed.
constexpr std::int64_t exact_chunks_max = 20'000;
bool is_small(std::int64_t chunks) { return chunks <= exact_chunks_max; }

struct Begun {
    std::int64_t chunks = 0;  ///< in the scope, counted no further than exact_chunks_max + 1
    std::string every;
    std::string some;
};
BOOST_DESCRIBE_STRUCT(Begun, (), (chunks, every, some))

/// Of each ranking; more than is ever asked for, so that the two have something to agree on.
constexpr std::int64_t candidates = 40;

using Ranking = std::vector<ChunkId>;

Result<Ranking> list_nearest(postgres::Database& database, const Scope& scope, bool is_small,
                             std::span<const float> vector) {
    postgres::Batch batch;
    if (!is_small) batch.add(sql::set_iterative_scan);
    batch.add(is_small ? sql::search_exact : sql::search_nearest, scope.asker, scope.document,
              scope.room, vector, candidates);
    const auto rows = database.run(batch);
    if (!rows) return fail(rows);
    return rows->back().all<ChunkId>();
}

struct Worded {
    std::int64_t chunks = 0;  ///< as in Begun
    Ranking ranking;
};

Result<Worded> rank_by_words(postgres::Database& database, const Scope& scope,
                             std::string_view question, const KeyedLexemes& lexemes) {
    const auto begun = database.one<Begun>(sql::begin_search, scope.asker, scope.document,
                                           scope.room, exact_chunks_max + 1, question);
    if (!begun) return fail(begun);
    if (begun->chunks == 0) return Worded();
    auto ranking = database.list<ChunkId>(
        is_small(begun->chunks) ? sql::search_text_exact : sql::search_text, scope.asker,
        scope.document, scope.room, lexemes.of_query(begun->every), lexemes.of_query(begun->some),
        candidates);
    if (!ranking) return fail(ranking);
    return Worded{begun->chunks, std::move(*ranking)};
}

/// The best chunks by both rankings, best first.
Result<std::vector<Fused>> rank(postgres::Database& database, embedding::Encoder& encoder,
                                const Scope& scope, std::string_view question,
                                const KeyedLexemes& lexemes) {
    Result<Worded> worded;
    const auto embeddings = encoder.encode_beside(std::span(&question, 1), [&] {
        worded = rank_by_words(database, scope, question, lexemes);
    });
    if (!worded) return fail(worded);
    if (worded->chunks == 0) return std::vector<Fused>();
    if (!embeddings) return fail(embeddings);
    auto nearest = list_nearest(database, scope, is_small(worded->chunks), embeddings->front());
    if (!nearest) return fail(nearest);
    return fuse(std::array{std::move(*nearest), std::move(worded->ranking)});
}

Result<Passage> open(accounts::SubjectKeys& keys, Found& found, double score) {
    const auto owner = keys.key_of(found.owner);
    if (!owner) return fail(owner);
    auto text = owner->open(found.sealed_text, chunk_place(found.chunk));
    if (!text) return fail(text);
    std::string heading;
    if (found.sealed_heading) {
        auto opened = owner->open(*found.sealed_heading, chunk_heading_place(found.chunk));
        if (!opened) return fail(opened);
        heading = std::move(*opened);
    }
    return Passage{found.chunk,        found.document,
                   found.version,      std::move(found.title),
                   found.page,         std::move(found.label),
                   std::move(heading), found.text_begin,
                   std::move(*text),   score};
}

}  // namespace

Retrieval::Retrieval(postgres::Database& database, embedding::Encoder& encoder,
                     accounts::SubjectKeys& keys)
    : database_(database), encoder_(encoder), keys_(keys) {}

Result<std::vector<Passage>> Retrieval::search(const Scope& scope, std::string_view question,
                                               std::size_t limit) {
    const auto key = keys_.key_of_installation();
    if (!key) return fail(key);
    auto best =
        rank(database_, encoder_, scope, question, KeyedLexemes(key->derive(lexemes_purpose)));
    if (!best) return fail(best);
    best->resize(std::min(best->size(), limit));
    Ranking chunks;
    for (const auto& fused : *best) chunks.push_back(fused.chunk);
    auto found =
        database_.list<Found>(sql::list_passages, scope.asker, scope.document, scope.room, chunks);
    if (!found) return fail(found);
    std::unordered_map<ChunkId, Found*> by_id;
    for (auto& item : *found) by_id.emplace(item.chunk, &item);
    std::vector<Passage> passages;
    for (const auto& fused : *best) {
        const auto item = by_id.find(fused.chunk);
        if (item == by_id.end()) continue;  // gone, or no longer the asker's to read
        auto passage = open(keys_, *item->second, fused.score);
        if (!passage) return fail(passage);
        passages.push_back(std::move(*passage));
    }
    return passages;
}

}  // namespace stoa::documents
