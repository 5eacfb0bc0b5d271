// SPDX-License-Identifier: Apache-2.0
#include "llm/extractive_model.hpp"

#include "llm/condensation.hpp"
#include "llm/text_analysis.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <utility>

namespace stoa::llm {

namespace {

constexpr std::string_view model_name = "sentence-picker-1";
/// As many as are embedded for one question; the rest share fewer words with it.
constexpr std::size_t candidates_max = 64;
constexpr std::size_t sentences_max = 3;
/// Below this the nearest sentence of a document is near by chance.
constexpr double score_min = 0.38;
/// A further sentence must be about as good as the best.
constexpr double share_of_best_min = 0.82;
constexpr std::size_t sentence_bytes_min = 12;

/// What is no whole sentence, or only points elsewhere, is seldom the answer.
constexpr double weak_factor = 0.8;

struct Candidate {
    std::size_t passage = 0;
    Range range;
    std::string_view text;
    std::string compared;  ///< with the heading that it stands under, which says what it is about
    double words = 0;      ///< share of the question's terms
    bool is_weak = false;
    double score = 0;
};

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/// A heading, a table's row, or a sentence that the passage cuts off.
bool is_fragment(std::string_view sentence) {
    const auto last = sentence.find_last_not_of("\"')]\u201D\u2019");
    const char end = last == std::string_view::npos ? ' ' : sentence[last];
    return is_lower(sentence.front()) || (end != '.' && end != '!' && end != ':' && end != ';');
}

/// "For more information see …": names the place, not the answer.
bool is_pointer(std::string_view sentence) {
    constexpr std::array<std::string_view, 5> openings{"See ", "Refer to ", "Please see ",
                                                       "For more ", "For further "};
    return std::any_of(openings.begin(), openings.end(),
                       [&](std::string_view opening) { return sentence.starts_with(opening); });
}

/// A question answers nothing, nor does a table of contents.
bool is_statement(std::string_view sentence) {
    return sentence.size() >= sentence_bytes_min && !sentence.ends_with('?') &&
           !sentence.ends_with(" .") && sentence.find(". . ") == std::string_view::npos &&
           terms_of(sentence).size() >= 3;
}

/// Appends the sentences of one passage that are worth comparing and were not `seen` in another.
void collect(std::size_t passage, std::string_view text, const std::set<std::string>& wanted,
             std::set<std::string_view>& seen, std::vector<Candidate>& candidates) {
    constexpr int heading_reach = 2;  // sentences
    constexpr std::size_t heading_bytes_max = 80;
    std::string heading;
    int reach = 0;
    for (const auto& range : split_sentences(text)) {
        const auto sentence = text.substr(range.begin, range.end - range.begin);
        const bool fragment = is_fragment(sentence);
        if (fragment && sentence.size() <= heading_bytes_max && !is_lower(sentence.front())) {
            heading = std::string(sentence) + ": ";
            reach = heading_reach;
        }
        if (!is_statement(sentence) || !seen.insert(sentence).second) continue;
        const bool is_under_heading = !fragment && reach-- > 0;
        auto compared = (is_under_heading ? heading : std::string()) + std::string(sentence);
        const double words = coverage(wanted, terms_of(compared));
        candidates.push_back({passage, range, sentence, std::move(compared), words,
                              fragment || is_pointer(sentence), 0});
    }
}

std::vector<Candidate> collect(std::string_view question, const std::vector<Passage>& passages) {
    const auto wanted = terms_of(question);
    std::vector<Candidate> candidates;
    std::set<std::string_view> seen;  // neighbouring passages overlap
    for (std::size_t i = 0; i < passages.size(); ++i) {
        collect(i, passages[i].text, wanted, seen, candidates);
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const auto& a, const auto& b) { return a.words > b.words; });
    if (candidates.size() > candidates_max) candidates.resize(candidates_max);
    return candidates;
}

/// Gives each candidate its score and sorts, best first.
Result<void> rank(std::string_view question, const Similarity& similarity,
                  std::vector<Candidate>& candidates) {
    std::vector<std::string_view> texts;
    for (const auto& candidate : candidates) texts.push_back(candidate.compared);
    const auto similarities = similarity(question, texts);
    if (!similarities) return fail(similarities);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        auto& candidate = candidates[i];
        candidate.score = 0.8 * static_cast<double>((*similarities)[i]) + 0.2 * candidate.words;
        if (candidate.is_weak) candidate.score *= weak_factor;
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const auto& a, const auto& b) { return a.score > b.score; });
    return {};
}

std::string place_of(const Passage& passage) {
    return "page " + std::to_string(passage.page) + " of \u201C" + passage.title + "\u201D";
}

/// The longest word of a sentence that the question does not have.
std::string topic_of(std::string_view sentence, const std::set<std::string>& asked) {
    constexpr std::string_view ends = " \n\t.,;:!?()[]\"/";
    std::string_view longest;
    for (std::size_t begin = 0; begin < sentence.size();) {
        const auto end = std::min(sentence.find_first_of(ends, begin), sentence.size());
        const auto word = sentence.substr(begin, end - begin);
        begin = end + 1;
        if (word.size() > longest.size() && coverage(terms_of(word), asked) == 0) longest = word;
    }
    return longest.size() < 5 ? std::string() : std::string(longest);
}

/// Questions that the passages can answer, made of their headings and words.
std::vector<std::string> make_follow_ups(const Prompt& prompt,
                                         const std::vector<Candidate>& chosen) {
    constexpr std::size_t follow_ups_max = 3;
    const auto asked = terms_of(prompt.question);
    std::vector<std::string> questions;
    std::set<std::string> used;
    const auto ask_about = [&](const std::string& topic, const Passage& passage) {
        if (topic.empty() || questions.size() == follow_ups_max) return;
        if (coverage(terms_of(topic), asked) > 0.5 || !used.insert(topic).second) return;
        questions.push_back("What does page " + std::to_string(passage.page) + " say about \u201C" +
                            topic + "\u201D?");
    };
    for (const auto& passage : prompt.passages) {
        for (const auto& heading : find_headings(passage.text)) ask_about(heading, passage);
    }
    for (const auto& candidate : chosen) {
        ask_about(topic_of(candidate.text, asked), prompt.passages[candidate.passage]);
    }
    return questions;
}

/// One line of text: line breaks of the page are none of the sentence.
std::string on_one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        const bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!is_space)
            line.push_back(c);
        else if (!line.empty() && line.back() != ' ')
            line.push_back(' ');
    }
    return line;
}

/// Collects the answer and tells each piece of it.
class Telling {
  public:
    explicit Telling(const OnDelta& on_delta) : on_delta_(on_delta) {
        completion.model = model_name;
        completion.provider = "extractive";
    }

    bool tell(const std::string& text) {
        completion.answer += text;
        return !on_delta_ || on_delta_(text);
    }

    static tl::unexpected<Error> asker_gone() {
        return fail(ErrorKind::conflict, "asker_gone", "Nobody waits for this answer any more.");
    }

    Completion completion;

  private:
    const OnDelta& on_delta_;
};

Result<Completion> tell_nothing_found(const std::string& reason, const OnDelta& on_delta) {
    Telling telling(on_delta);
    if (!telling.tell("The answer is not in these documents, as far as picking sentences from them "
                      "can tell. (Extractive mode: " +
                      reason + ".)")) {
        return Telling::asker_gone();
    }
    telling.completion.is_in_documents = false;
    return std::move(telling.completion);
}

Result<Completion> tell_sentences(const Prompt& prompt, const std::vector<Candidate>& chosen,
                                  const std::string& reason, const OnDelta& on_delta) {
    Telling telling(on_delta);
    if (!telling.tell("In the documents' own words (extractive mode: " + reason + "):")) {
        return Telling::asker_gone();
    }
    for (const auto& candidate : chosen) {
        const auto begin = telling.completion.answer.size();
        if (!telling.tell("\n\n\u00AB" + on_one_line(candidate.text) + "\u00BB [" +
                          std::to_string(candidate.passage + 1) + "], " +
                          place_of(prompt.passages[candidate.passage]))) {
            return Telling::asker_gone();
        }
        telling.completion.quotes.push_back({candidate.passage,
                                             std::string(candidate.text),
                                             {{begin, telling.completion.answer.size()}}});
    }
    telling.completion.follow_ups = make_follow_ups(prompt, chosen);
    return std::move(telling.completion);
}

/// Points to the page, and to where reading may begin, but not to the sentence that answers.
Result<Completion> tell_guiding_question(const Prompt& prompt, const Candidate& best,
                                         const OnDelta& on_delta) {
    Telling telling(on_delta);
    const auto& passage = prompt.passages[best.passage];
    std::string topic;
    const auto headings = find_headings(passage.text);
    if (!headings.empty()) topic = " Begin at \u201C" + headings.front() + "\u201D.";
    if (!telling.tell("Look at " + place_of(passage) + "." + topic +
                      " Which sentence there speaks of what you ask, and what does it tell you? "
                      "Put it in your own words.")) {
        return Telling::asker_gone();
    }
    for (const auto& range : split_sentences(passage.text)) {
        const auto sentence =
            std::string_view(passage.text).substr(range.begin, range.end - range.begin);
        if (range == best.range || sentence.size() < sentence_bytes_min) continue;
        telling.completion.quotes.push_back({best.passage, std::string(sentence)});
        break;
    }
    return std::move(telling.completion);
}

}  // namespace

ExtractiveModel::ExtractiveModel(Similarity similarity, std::string reason)
    : similarity_(std::move(similarity)), reason_(std::move(reason)) {}

Result<Completion> ExtractiveModel::complete(const Prompt& prompt, const Listener& listener) {
    const auto& on_delta = listener.on_delta;
    if (prompt.style == Style::summary) {
        Telling telling(on_delta);
        if (!telling.tell(condense(prompt.summary, prompt.turns, prompt.summary_bytes_max))) {
            return Telling::asker_gone();
        }
        return std::move(telling.completion);
    }
    const auto question = standalone_question(prompt.turns, prompt.question);
    auto candidates = collect(question, prompt.passages);
    if (candidates.empty()) return tell_nothing_found(reason_, on_delta);
    if (auto ranked = rank(question, similarity_, candidates); !ranked) return fail(ranked);
    const double best = candidates.front().score;
    if (best < score_min) return tell_nothing_found(reason_, on_delta);
    if (prompt.style == Style::socratic) {
        return tell_guiding_question(prompt, candidates.front(), on_delta);
    }
    const auto end = std::find_if(candidates.begin(), candidates.end(), [&](const auto& c) {
        return c.score < std::max(score_min, best * share_of_best_min);
    });
    candidates.erase(end, candidates.end());
    if (candidates.size() > sentences_max) candidates.resize(sentences_max);
    return tell_sentences(prompt, candidates, reason_, on_delta);
}

}  // namespace stoa::llm
