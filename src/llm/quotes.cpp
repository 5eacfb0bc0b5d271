// SPDX-License-Identifier: Apache-2.0
#include "llm/quotes.hpp"

#include "base/folded_text.hpp"
#include "llm/text_analysis.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace stoa::llm {

namespace {

constexpr std::size_t quotes_max = 12;
constexpr std::size_t quote_bytes_max = 2'000;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }

/// The number in "[12]" at the beginning of `text`, white space before it allowed; from 1.
std::optional<std::size_t> read_mark(std::string_view text) {
    while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
    if (!text.starts_with('[')) return std::nullopt;
    std::size_t number = 0;
    std::size_t i = 1;
    for (; i < text.size() && i < 4 && text[i] >= '0' && text[i] <= '9'; ++i) {
        number = number * 10 + static_cast<std::size_t>(text[i] - '0');
    }
    if (i == 1 || i == text.size() || text[i] != ']' || number == 0) return std::nullopt;
    return number;
}

class QuoteReader {
  public:
    QuoteReader(std::string_view answer, const std::vector<Passage>& passages)
        : answer_(answer), passages_(passages) {}

    std::vector<Quote> read() {
        std::size_t said = 0;  // what a bare mark may refer to begins here
        for (std::size_t at = 0; at < answer_.size() && found_.size() < quotes_max;) {
            if (const auto quoted = quoted_at(at)) {
                add_quoted(*quoted, read_mark(answer_.substr(closed_)));
                at = said = closed_;
                if (read_mark(answer_.substr(at))) at = said = answer_.find(']', at) + 1;
            } else if (const auto mark = read_mark(answer_.substr(at));
                       mark && answer_[at] == '[') {
                add_cited({said, at}, *mark);
                at = said = answer_.find(']', at) + 1;
            } else {
                ++at;
            }
        }
        return std::move(found_);
    }

  private:
    /// What stands between quotation marks that open at `at`; `closed_` is behind them.
    std::optional<Range> quoted_at(std::size_t at) {
        struct Marks {
            std::string_view open, close;
        };
        static constexpr std::array<Marks, 3> pairs{
            {{"\u00AB", "\u00BB"}, {"\u201C", "\u201D"}, {"\"", "\""}}};
        for (const auto& pair : pairs) {
            if (!answer_.substr(at).starts_with(pair.open)) continue;
            const auto begin = at + pair.open.size();
            const auto end = answer_.find(pair.close, begin);
            if (end == std::string_view::npos || end - begin > quote_bytes_max) continue;
            closed_ = end + pair.close.size();
            return Range{begin, end};
        }
        return std::nullopt;
    }

    void add_quoted(const Range& said, std::optional<std::size_t> mark) {
        const auto quote = answer_.substr(said.begin, said.end - said.begin);
        if (mark && *mark <= passages_.size() && find_quote(passages_[*mark - 1].text, quote)) {
            return add(*mark - 1, std::string(quote), said);
        }
        for (std::size_t i = 0; i < passages_.size(); ++i) {
            if (find_quote(passages_[i].text, quote)) return add(i, std::string(quote), said);
        }
    }

    void add_cited(const Range& since, std::size_t mark) {
        if (mark > passages_.size()) return;
        const auto said = answer_.substr(since.begin, since.end - since.begin);
        const auto claims = split_sentences(said);
        if (claims.empty()) return;
        const auto& last = claims.back();
        const auto claim = terms_of(said.substr(last.begin, last.end - last.begin));
        const std::string_view text = passages_[mark - 1].text;
        double best = 0.5;  // less in common, and the mark does not say where to look
        Range chosen;
        for (const auto& sentence : split_sentences(text)) {
            const auto terms = terms_of(text.substr(sentence.begin, sentence.end - sentence.begin));
            const double shared = coverage(claim, terms);
            if (shared < best || (shared == best && chosen.end != 0)) continue;
            best = shared;
            chosen = sentence;
        }
        if (chosen.end == 0) return;
        add(mark - 1, std::string(text.substr(chosen.begin, chosen.end - chosen.begin)),
            {since.begin + last.begin, since.begin + last.end});
    }

    void add(std::size_t passage, std::string text, const Range& said) {
        const auto known = std::ranges::find_if(found_, [&](const Quote& quote) {
            return quote.passage == passage && quote.text == text;
        });
        if (known == found_.end())
            found_.push_back({passage, std::move(text), {said}});
        else
            known->said.push_back(said);
    }

    std::string_view answer_;
    const std::vector<Passage>& passages_;
    std::size_t closed_ = 0;
    std::vector<Quote> found_;
};

}  // namespace

std::optional<Range> find_quote(std::string_view text, std::string_view quote) {
    const bool has_letter = std::any_of(quote.begin(), quote.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               static_cast<unsigned char>(c) >= 0x80;
    });
    if (!has_letter) return std::nullopt;
    const FoldedText folded(text, Folding::white_space);
    const auto wanted = fold(quote, Folding::white_space);
    const auto at = folded.text().find(wanted);
    if (at == std::string::npos) return std::nullopt;
    return folded.source_of({at, at + wanted.size()});
}

std::vector<Range> find_unverified(std::string_view answer, const std::vector<Quote>& verified) {
    std::vector<Range> unverified;
    for (const auto& sentence : split_sentences(answer)) {
        const auto text = answer.substr(sentence.begin, sentence.end - sentence.begin);
        if (terms_of(text).empty() || text.ends_with('?') || text.ends_with(':')) continue;
        const bool rests = std::ranges::any_of(verified, [&](const Quote& quote) {
            return std::ranges::any_of(quote.said, [&](const Range& said) {
                return said.begin < sentence.end && sentence.begin < said.end;
            });
        });
        if (!rests) unverified.push_back(sentence);
    }
    return unverified;
}

std::vector<Quote> read_quotes(std::string_view answer, const std::vector<Passage>& passages) {
    return QuoteReader(answer, passages).read();
}

}  // namespace stoa::llm
