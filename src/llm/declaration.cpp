// SPDX-License-Identifier: Apache-2.0
#include "llm/declaration.hpp"

#include "llm/quotes.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace stoa::llm {

namespace {

constexpr std::size_t follow_ups_max = 3;
constexpr std::size_t quotes_max = 12;

/// What a model is told to say when the passages do not answer; for those that declare nothing.
bool says_not_in_documents(std::string_view answer) {
    constexpr std::string_view words = "not in these documents";
    const auto found = std::ranges::search(
        answer, words, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
    return !found.empty();
}

void add_declared(const Declaration& declaration, const std::vector<Passage>& passages,
                  Completion& completion) {
    for (const auto& declared : declaration.quotes.items) {
        const auto passage = static_cast<std::size_t>(declared.passage.value) - 1;
        const auto& text = declared.text.value;
        if (completion.quotes.size() == quotes_max || passage >= passages.size()) continue;
        const bool is_known = std::ranges::any_of(completion.quotes, [&](const Quote& quote) {
            return quote.passage == passage && quote.text == text;
        });
        if (is_known || !find_quote(passages[passage].text, text)) continue;
        Quote quote{passage, text};
        if (const auto said = find_quote(completion.answer, text)) quote.said.push_back(*said);
        completion.quotes.push_back(std::move(quote));
    }
}

}  // namespace

std::optional<Declaration> read_declaration(std::string_view block) {
    if (block.empty()) return std::nullopt;
    auto declaration = json::read<Declaration>(block);
    if (!declaration) return std::nullopt;
    return std::move(*declaration);
}

void complete_by(const std::optional<Declaration>& declaration, std::vector<std::string> listed,
                 const std::vector<Passage>& passages, Completion& completion) {
    completion.is_in_documents =
        declaration ? declaration->in_documents : !says_not_in_documents(completion.answer);
    if (completion.is_in_documents) {
        completion.quotes = read_quotes(completion.answer, passages);
        if (declaration) add_declared(*declaration, passages, completion);
    }
    if (!declaration) {
        completion.follow_ups = std::move(listed);
        return;
    }
    for (const auto& question : declaration->follow_up_questions.items) {
        if (completion.follow_ups.size() < follow_ups_max) {
            completion.follow_ups.push_back(question.value);
        }
    }
}

}  // namespace stoa::llm
