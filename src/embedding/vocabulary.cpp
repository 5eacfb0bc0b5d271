// SPDX-License-Identifier: Apache-2.0
#include "embedding/vocabulary.hpp"

#include <algorithm>
#include <bit>
#include <fstream>

#include <boost/json/parse.hpp>

namespace stoa::embedding {
namespace {

constexpr std::string_view continuing = "##";

// FNV-1a: prefix hashes of a word come out of one pass over it.
constexpr std::uint32_t hash_start = 2166136261U;
constexpr std::uint32_t hash_on(std::uint32_t hash, char byte) {
    return (hash ^ static_cast<unsigned char>(byte)) * 16777619U;
}
constexpr std::uint32_t spread(std::uint32_t hash, bool continues) {
    hash += continues ? 0x9e3779b9U : 0U;
    return hash ^ (hash >> 15);
}
std::uint32_t hash_of(std::string_view piece) {
    std::uint32_t hash = hash_start;
    for (const char byte : piece) hash = hash_on(hash, byte);
    return hash;
}

struct Piece {
    std::string_view text;
    bool continues;
};
Piece piece_of(std::string_view token) {
    const bool continues = token.size() > continuing.size() && token.starts_with(continuing);
    return {continues ? token.substr(continuing.size()) : token, continues};
}

tl::unexpected<Error> corrupt(const std::string& why) {
    return fail(ErrorKind::unavailable, "model_corrupt",
                "The vocabulary is not that of an uncased BERT model: " + why + ".");
}

}  // namespace

Vocabulary::Vocabulary(const std::vector<std::string_view>& tokens) {
    slots_.assign(std::bit_ceil(tokens.size() * 2), absent);
    ends_.reserve(tokens.size());
    for (const auto token : tokens) {
        text_ += token;
        ends_.push_back(static_cast<std::uint32_t>(text_.size()));
        const auto [piece, continues] = piece_of(token);
        piece_bytes_max_ = std::max(piece_bytes_max_, piece.size());
        std::size_t slot = spread(hash_of(piece), continues) & (slots_.size() - 1);
        while (slots_[slot] != absent) slot = (slot + 1) & (slots_.size() - 1);
        slots_[slot] = static_cast<std::int32_t>(ends_.size() - 1);
    }
}

std::string_view Vocabulary::token(std::size_t id) const {
    const std::size_t begin = id == 0 ? 0 : ends_[id - 1];
    return std::string_view(text_).substr(begin, ends_[id] - begin);
}

std::int32_t Vocabulary::find(std::string_view piece, bool continues, std::uint32_t hash) const {
    std::size_t slot = spread(hash, continues) & (slots_.size() - 1);
    for (; slots_[slot] != absent; slot = (slot + 1) & (slots_.size() - 1)) {
        const Piece held = piece_of(token(static_cast<std::size_t>(slots_[slot])));
        if (held.continues == continues && held.text == piece) return slots_[slot];
    }
    return absent;
}

void Vocabulary::append_pieces(std::string_view word, std::vector<std::int32_t>& ids) const {
    const std::size_t before = ids.size();
    std::array<std::uint32_t, 64> hashes{};
    for (std::size_t begin = 0; begin < word.size();) {
        const std::string_view rest = word.substr(begin, std::min(hashes.size(), piece_bytes_max_));
        std::uint32_t hash = hash_start;
        for (std::size_t i = 0; i < rest.size(); ++i) hashes[i] = hash = hash_on(hash, rest[i]);
        std::int32_t id = absent;
        std::size_t bytes = rest.size();
        for (; bytes > 0; --bytes) {
            id = find(rest.substr(0, bytes), begin > 0, hashes[bytes - 1]);
            if (id != absent) break;
        }
        if (id == absent) {
            ids.resize(before);
            ids.push_back(unknown);
            return;
        }
        ids.push_back(id);
        begin += bytes;
    }
}

Result<Vocabulary> Vocabulary::make(const std::vector<std::string_view>& tokens) {
    constexpr std::size_t piece_bytes_most = 64;  // what append_pieces has room for
    const auto holds = [&](std::int32_t id, std::string_view token) {
        return tokens.size() > static_cast<std::size_t>(id) &&
               tokens[static_cast<std::size_t>(id)] == token;
    };
    if (!holds(unknown, "[UNK]") || !holds(classify, "[CLS]") || !holds(separate, "[SEP]")) {
        return corrupt("[UNK], [CLS] and [SEP] should be the tokens 100, 101 and 102");
    }
    for (const auto token : tokens) {
        if (token.empty() || token.size() > piece_bytes_most) {
            return corrupt("a token is empty or longer than 64 bytes");
        }
    }
    return Vocabulary(tokens);
}

Result<Vocabulary> Vocabulary::parse_lines(std::string_view text) {
    std::vector<std::string_view> tokens;
    while (!text.empty()) {
        if (tokens.size() == tokens_max) return corrupt("it has over a million tokens");
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        tokens.push_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return make(tokens);
}

Result<Vocabulary> Vocabulary::parse_json(std::string_view text) {
    boost::system::error_code error;
    const auto root = boost::json::parse(text, error);
    if (error) return corrupt("tokenizer.json is not JSON");
    const auto* vocab = root.find_pointer("/model/vocab", error);
    if (vocab == nullptr || !vocab->is_object()) return corrupt("it has no /model/vocab object");
    const auto& entries = vocab->get_object();
    std::vector<std::string_view> tokens(entries.size());
    for (const auto& entry : entries) {
        const auto* id = entry.value().if_int64();
        if (id == nullptr || *id < 0 || static_cast<std::size_t>(*id) >= tokens.size()) {
            return corrupt("its ids are not the numbers from 0 on");
        }
        tokens[static_cast<std::size_t>(*id)] = entry.key();
    }
    return make(tokens);
}

Result<Vocabulary> Vocabulary::open(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary | std::ios::ate);
    const auto bytes = in ? static_cast<std::streamoff>(in.tellg()) : -1;
    if (bytes < 0) {
        return fail(ErrorKind::unavailable, "model_missing",
                    "The vocabulary " + file.string() + " cannot be read.");
    }
    if (static_cast<std::size_t>(bytes) > file_bytes_max) return corrupt("the file is over 16 MiB");
    std::string text(static_cast<std::size_t>(bytes), '\0');
    in.seekg(0);
    if (!in.read(text.data(), bytes)) {
        return fail(ErrorKind::unavailable, "model_missing",
                    "The vocabulary " + file.string() + " cannot be read.");
    }
    return file.extension() == ".json" ? parse_json(text) : parse_lines(text);
}

}  // namespace stoa::embedding
