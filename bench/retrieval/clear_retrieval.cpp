// SPDX-License-Identifier: Apache-2.0
#include "clear_retrieval.hpp"

#include "documents/fusion.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <fstream>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace stoa::bench {
namespace {

constexpr std::int64_t exact_chunks_max = 20'000;
constexpr std::int64_t candidates = 40;

struct Found {
    ChunkId chunk;
    DocumentId document;
    int version = 1;
    std::string title;
    int page = 0;
    std::string label;
    std::uint32_t text_begin = 0;
    std::string text;
    std::string heading;
};
BOOST_DESCRIBE_STRUCT(Found, (),
                      (chunk, document, version, title, page, label, text_begin, text, heading))

}  // namespace

postgres::Query query_of(const std::filesystem::path& folder, const std::string& name) {
    static std::deque<std::string> texts;  // stays where it is while it grows
    std::ifstream file(folder / (name + ".sql"));
    const auto& text =
        texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    const auto& query_name = texts.emplace_back("bench." + name);
    return {.name = query_name, .text = text};
}

ClearRetrieval::ClearRetrieval(postgres::Database& database, embedding::Encoder& encoder,
                               const std::filesystem::path& folder)
    : database_(database),
      encoder_(encoder),
      count_scope_(query_of(folder, "count_scope")),
      search_exact_(query_of(folder, "search_exact")),
      search_text_(query_of(folder, "search_text_exact")),
      list_passages_(query_of(folder, "list_passages")) {}

Result<std::vector<documents::Passage>> ClearRetrieval::search(const documents::Scope& scope,
                                                               std::string_view question,
                                                               std::size_t limit) {
    const auto chunks = database_.one<std::int64_t>(count_scope_, scope.asker, scope.document,
                                                    scope.room, exact_chunks_max + 1);
    if (!chunks) return fail(chunks);
    Result<std::vector<ChunkId>> worded;
    const auto embeddings = encoder_.encode_beside(std::span(&question, 1), [&] {
        worded = database_.list<ChunkId>(search_text_, scope.asker, scope.document, scope.room,
                                         question, candidates);
    });
    if (!worded) return fail(worded);
    if (!embeddings) return fail(embeddings);
    const std::span<const float> vector(embeddings->front());
    auto nearest = database_.list<ChunkId>(search_exact_, scope.asker, scope.document, scope.room,
                                           vector, candidates);
    if (!nearest) return fail(nearest);
    auto best = documents::fuse(std::array{std::move(*nearest), std::move(*worded)});
    best.resize(std::min(best.size(), limit));
    std::vector<ChunkId> ids;
    for (const auto& fused : best) ids.push_back(fused.chunk);
    auto found =
        database_.list<Found>(list_passages_, scope.asker, scope.document, scope.room, ids);
    if (!found) return fail(found);
    std::unordered_map<ChunkId, Found*> by_id;
    for (auto& item : *found) by_id.emplace(item.chunk, &item);
    std::vector<documents::Passage> passages;
    for (const auto& fused : best) {
        Found& item = *by_id.at(fused.chunk);
        passages.push_back({item.chunk, item.document, item.version, std::move(item.title),
                            item.page, std::move(item.label), std::move(item.heading),
                            item.text_begin, std::move(item.text), fused.score});
    }
    return passages;
}

}  // namespace stoa::bench
