// SPDX-License-Identifier: Apache-2.0
// Stoa's side of `./dev bench retrieval`.
//     retrieval_bench DATABASE CLEAR_FOLDER seal             fills document_chunks from the clear
//     copy retrieval_bench DATABASE CLEAR_FOLDER measure ROUNDS   "scope contender seconds" a line
#include "base/log.hpp"
#include "clear_retrieval.hpp"
#include "documents/keyed_lexemes.hpp"
#include "documents/sealed_places.hpp"

#include <chrono>
#include <cmath>
#include <functional>
#include <iostream>
#include <random>

namespace {

using namespace stoa;

/// Embedding a question costs both contenders the same; without it the difference is easier to see.
class FreeEncoder final : public embedding::Encoder {
  public:
    Result<std::vector<embedding::Embedding>> encode_beside(
        std::span<const std::string_view> texts, const std::function<void()>& meanwhile) override {
        if (meanwhile) meanwhile();
        std::vector<embedding::Embedding> embeddings;
        for (const auto text : texts) {
            std::minstd_rand random(
                static_cast<unsigned>(std::hash<std::string_view>()(text) | 1U));
            std::normal_distribution<float> normal;
            auto& embedding = embeddings.emplace_back();
            float square = 0;
            for (float& x : embedding) {
                x = normal(random);
                square += x * x;
            }
            for (float& x : embedding) x /= std::sqrt(square);
        }
        return embeddings;
    }
};

struct ClearChunk {
    ChunkId chunk;
    UserId owner;
    std::string text;
    postgres::Bytes lexemes;
};
BOOST_DESCRIBE_STRUCT(ClearChunk, (), (chunk, owner, text, lexemes))

struct Scopes {
    UserId owner;
    DocumentId document;
    RoomId room;
};
BOOST_DESCRIBE_STRUCT(Scopes, (), (owner, document, room))

Result<void> seal(postgres::Database& database, accounts::SubjectKeys& keys,
                  const std::filesystem::path& folder) {
    const auto chunks = database.list<ClearChunk>(bench::query_of(folder, "list_chunks"));
    if (!chunks) return fail(chunks);
    const auto own = keys.key_of_installation();
    if (!own) return fail(own);
    const documents::KeyedLexemes keyed(own->derive(documents::lexemes_purpose));
    std::vector<accounts::SubjectKey> owners;
    for (const auto& chunk : *chunks) {
        auto owner = keys.key_of(chunk.owner);
        if (!owner) return fail(owner);
        owners.push_back(*owner);
    }
    const auto copy = bench::query_of(folder, "copy_sealed");
    const auto insert = bench::query_of(folder, "insert_sealed");
    return database.transact([&](postgres::Session& session) -> Result<void> {
        std::size_t next = 0;
        auto copied = session.copy_in(copy, 3, [&](postgres::Parameters& row) {
            if (next == chunks->size()) return false;
            const auto& chunk = (*chunks)[next];
            row.add(chunk.chunk);
            row.add(owners[next].seal(chunk.text, documents::chunk_place(chunk.chunk)));
            row.add(postgres::Bytes{keyed.of_vector(chunk.lexemes.value).value()});
            ++next;
            return true;
        });
        if (!copied) return copied;
        if (auto inserted = session.run(insert); !inserted) return fail(inserted);
        return {};
    });
}

/// The contenders take turns at each question, each of them first as often as the other.
template <class A, class B>
Result<void> measure(const std::string& scope_name, const documents::Scope& scope, A& sealed,
                     B& clear, const std::vector<std::string>& questions, int rounds) {
    constexpr std::size_t passages = 8;
    const auto timed = [&](auto& retrieval, const std::string& question, std::string_view name,
                           bool is_told) -> Result<std::vector<documents::Passage>> {
        const auto begun = std::chrono::steady_clock::now();
        auto found = retrieval.search(scope, question, passages);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        if (found && is_told) std::cout << scope_name << ' ' << name << ' ' << took.count() << '\n';
        return found;
    };
    for (int round = 0; round <= rounds; ++round) {
        for (std::size_t i = 0; i < questions.size(); ++i) {
            const bool is_told = round > 0;  // the first one warms up
            std::array<Result<std::vector<documents::Passage>>, 2> found;
            for (const std::size_t turn : {0U, 1U}) {
                const bool is_sealed =
                    (turn == 0) == ((i + static_cast<std::size_t>(round)) % 2 == 0);
                found[is_sealed ? 1 : 0] = is_sealed
                                               ? timed(sealed, questions[i], "sealed", is_told)
                                               : timed(clear, questions[i], "clear", is_told);
            }
            for (const auto& one : found) {
                if (!one) return fail(one);
            }
            if (found[0]->empty() || found[0]->front().text != found[1]->front().text) {
                return fail(ErrorKind::internal, "differs", "They found different passages.");
            }
        }
    }
    return {};
}

Result<void> measure_all(postgres::Database& database, accounts::SubjectKeys& keys,
                         const std::filesystem::path& folder, int rounds) {
    FreeEncoder encoder;
    documents::Retrieval sealed(database, encoder, keys);
    bench::ClearRetrieval clear(database, encoder, folder);
    constexpr std::int64_t questions_count = 200;
    const auto questions =
        database.list<std::string>(bench::query_of(folder, "list_questions"), questions_count);
    if (!questions) return fail(questions);
    const auto scopes = database.one<Scopes>(bench::query_of(folder, "find_scopes"));
    if (!scopes) return fail(scopes);
    auto done = measure("document", {scopes->owner, scopes->document, {}}, sealed, clear,
                        *questions, rounds);
    if (!done) return done;
    return measure("room", {scopes->owner, {}, scopes->room}, sealed, clear, *questions, rounds);
}

}  // namespace

int main(int count, char** words) {
    if (count < 4) return 2;
    log::configure(log::Level::warning, log::Format::json, "retrieval_bench");
    Metrics metrics;
    postgres::Database database({.conninfo = words[1]}, metrics);
    accounts::MasterKeys master_keys(database, {crypto::SecretKey{1}});
    accounts::SubjectKeys keys(database, master_keys);
    const bool is_sealing = std::string_view(words[3]) == "seal";
    const auto done = is_sealing ? seal(database, keys, words[2])
                                 : measure_all(database, keys, words[2], std::stoi(words[4]));
    if (!done) std::cerr << done.error().code << ": " << done.error().message << '\n';
    return done ? 0 : 1;
}
