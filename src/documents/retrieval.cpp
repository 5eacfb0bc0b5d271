// SPDX-License-Identifier: Apache-2.0
#include "documents/retrieval.hpp"

#include "documents/fusion.hpp"
#include "documents/sql.hpp"

#include <array>
#include <unordered_map>
#include <utility>

namespace stoa::documents {

namespace {

struct Found {
    ChunkId chunk;
    DocumentId document;
    std::string title;
    int page = 0;
    std::uint32_t text_begin = 0;
    std::string text;
};
BOOST_DESCRIBE_STRUCT(Found, (), (chunk, document, title, page, text_begin, text))

/// Up to here every distance is computed: some ten milliseconds, and no neighbour is missed.
constexpr std::int64_t exact_chunks_max = 20'000;
/// Of each ranking; more than is ever asked for, so that the two have something to agree on.
constexpr std::int64_t candidates = 40;

}  // namespace

Retrieval::Retrieval(postgres::Database& database, embedding::Encoder& encoder)
    : database_(database), encoder_(encoder) {}

Result<std::vector<Passage>> Retrieval::search(const Scope& scope, std::string_view question,
                                               std::size_t limit) {
    const std::array<std::string_view, 1> texts{question};
    auto embeddings = encoder_.encode(texts);
    if (!embeddings) return fail(embeddings);
    const std::span<const float> vector((*embeddings)[0]);

    std::array<std::vector<Found>, 2> found;
    auto searched = database_.transact([&](postgres::Session& session) -> Result<void> {
        auto chunks = session.one<std::int64_t>(sql::count_scope, scope.asker, scope.document,
                                                scope.room, exact_chunks_max + 1);
        if (!chunks) return fail(chunks);
        if (*chunks == 0) return {};
        const bool is_small = *chunks <= exact_chunks_max;
        if (!is_small) {
            if (auto set = session.run(sql::set_iterative_scan); !set) return fail(set);
        }
        auto nearest =
            session.list<Found>(is_small ? sql::search_exact : sql::search_nearest, scope.asker,
                                scope.document, scope.room, vector, candidates);
        if (!nearest) return fail(nearest);
        auto worded = session.list<Found>(sql::search_text, scope.asker, scope.document, scope.room,
                                          question, candidates);
        if (!worded) return fail(worded);
        found = {std::move(*nearest), std::move(*worded)};
        return {};
    });
    if (!searched) return fail(searched);

    std::array<std::vector<ChunkId>, 2> rankings;
    std::unordered_map<ChunkId, Found*> by_id;
    for (std::size_t i = 0; i < found.size(); ++i) {
        for (auto& item : found[i]) {
            rankings[i].push_back(item.chunk);
            by_id.try_emplace(item.chunk, &item);
        }
    }
    std::vector<Passage> passages;
    for (const auto& fused : fuse(rankings)) {
        if (passages.size() == limit) break;
        Found& item = *by_id.at(fused.chunk);
        passages.push_back({item.chunk, item.document, std::move(item.title), item.page,
                            item.text_begin, std::move(item.text), fused.score});
    }
    return passages;
}

}  // namespace stoa::documents
