// SPDX-License-Identifier: Apache-2.0
#include "documents/retrieval.hpp"

#include "documents/fusion.hpp"
#include "documents/keyed_lexemes.hpp"
#include "documents/sealed_places.hpp"
#include "documents/sql.hpp"

#include <array>
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

struct Begun {
    std::int64_t chunks = 0;
    std::string every;
    std::string some;
};
BOOST_DESCRIBE_STRUCT(Begun, (), (chunks, every, some))

/// Up to here every distance is computed: some ten milliseconds, and no neighbour is missed.
constexpr std::int64_t exact_chunks_max = 20'000;
/// Of each ranking; more than is ever asked for, so that the two have something to agree on.
constexpr std::int64_t candidates = 40;

using Rankings = std::array<std::vector<Found>, 2>;

/// The candidates by nearness and by words, best first.
Result<Rankings> rank(postgres::Database& database, const Scope& scope, std::string_view question,
                      std::span<const float> vector, const KeyedLexemes& lexemes) {
    Rankings rankings;
    auto searched = database.transact([&](postgres::Session& session) -> Result<void> {
        const auto begun = session.one<Begun>(sql::begin_search, scope.asker, scope.document,
                                              scope.room, exact_chunks_max + 1, question);
        if (!begun) return fail(begun);
        if (begun->chunks == 0) return {};
        const bool is_small = begun->chunks <= exact_chunks_max;
        if (!is_small) {
            if (auto set = session.run(sql::set_iterative_scan); !set) return fail(set);
        }
        auto nearest =
            session.list<Found>(is_small ? sql::search_exact : sql::search_nearest, scope.asker,
                                scope.document, scope.room, vector, candidates);
        if (!nearest) return fail(nearest);
        auto worded = session.list<Found>(sql::search_text, scope.asker, scope.document, scope.room,
                                          lexemes.of_query(begun->every),
                                          lexemes.of_query(begun->some), candidates);
        if (!worded) return fail(worded);
        rankings = {std::move(*nearest), std::move(*worded)};
        return {};
    });
    if (!searched) return fail(searched);
    return rankings;
}

}  // namespace

Retrieval::Retrieval(postgres::Database& database, embedding::Encoder& encoder,
                     accounts::SubjectKeys& keys)
    : database_(database), encoder_(encoder), keys_(keys) {}

Result<std::vector<Passage>> Retrieval::search(const Scope& scope, std::string_view question,
                                               std::size_t limit) {
    const std::array<std::string_view, 1> texts{question};
    auto embeddings = encoder_.encode(texts);
    if (!embeddings) return fail(embeddings);
    const std::span<const float> vector((*embeddings)[0]);

    const auto key = keys_.key_of_installation();
    if (!key) return fail(key);
    auto found =
        rank(database_, scope, question, vector, KeyedLexemes(key->derive(lexemes_purpose)));
    if (!found) return fail(found);

    std::array<std::vector<ChunkId>, 2> rankings;
    std::unordered_map<ChunkId, Found*> by_id;
    for (std::size_t i = 0; i < found->size(); ++i) {
        for (auto& item : (*found)[i]) {
            rankings[i].push_back(item.chunk);
            by_id.try_emplace(item.chunk, &item);
        }
    }
    std::vector<Passage> passages;
    for (const auto& fused : fuse(rankings)) {
        if (passages.size() == limit) break;
        Found& item = *by_id.at(fused.chunk);
        const auto owner = keys_.key_of(item.owner);
        if (!owner) return fail(owner);
        auto text = owner->open(item.sealed_text, chunk_place(item.chunk));
        if (!text) return fail(text);
        std::string heading;
        if (item.sealed_heading) {
            auto opened = owner->open(*item.sealed_heading, chunk_heading_place(item.chunk));
            if (!opened) return fail(opened);
            heading = std::move(*opened);
        }
        passages.push_back({item.chunk, item.document, item.version, std::move(item.title),
                            item.page, std::move(item.label), std::move(heading), item.text_begin,
                            std::move(*text), fused.score});
    }
    return passages;
}

}  // namespace stoa::documents
