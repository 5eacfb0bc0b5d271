// SPDX-License-Identifier: Apache-2.0
// What every chat model is to the rest of Stoa: a prompt of passages, earlier turns and a question
// goes in; an answer comes out, told piece by piece while it grows, with the quotes it claims to
// rest on. A provider never decides what a source is: whoever asks checks each quote against its
// passage. Implementations are immutable after their making; `complete` blocks, from any thread.
#pragma once

#include "base/folded_text.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::llm {

enum class Style {
    answer,    ///< answers from the passages, or says that they do not
    socratic,  ///< leads to the passage with a question and does not give the answer away
    summary    ///< condenses the turns, and the summary of those before them, into one text
};

struct Turn {
    enum class Role { user, assistant };
    Role role = Role::user;
    std::string text;
};

/// A piece of a document that may be quoted.
struct Passage {
    std::string id;
    std::string title;  ///< of its document
    int page = 0;
    std::string text;
    std::string heading{};  ///< under which it stands; often empty
};

struct Prompt {
    Style style = Style::answer;
    std::string summary{};      ///< of what was said before the turns
    std::vector<Turn> turns{};  ///< earlier ones, oldest first
    std::vector<Passage> passages{};
    std::string question{};
    std::size_t summary_bytes_max = 0;  ///< of the answer; Style::summary alone
};

using Range = TextRange;

/// Words that the answer rests on, as the model gave them: not checked yet.
struct Quote {
    std::size_t passage = 0;  ///< index in Prompt::passages, always a valid one
    std::string text;
    std::vector<Range> said{};  ///< where in the answer: what is claimed to rest on it
};

/// What the answer took of language models: as the provider counted, or estimated where it did
/// not say. Nothing for an answer that no language model wrote.
struct Usage {
    std::int64_t prompt_tokens = 0;
    std::int64_t answer_tokens = 0;
};

struct Completion {
    std::string answer;
    std::vector<Quote> quotes;
    std::vector<std::string> follow_ups;  ///< at most three
    std::string model;                    ///< the one that answered
    std::string provider{};               ///< whose it is
    bool is_cut = false;                  ///< the model came to its limit of length
    bool is_in_documents = true;          ///< false: it says that the passages do not answer this
    Usage usage{};
};

/// A piece of the answer; false: the asker is gone, stop.
using OnDelta = std::function<bool(std::string_view)>;

/// Told while the answer grows; each may be empty.
struct Listener {
    OnDelta on_delta{};
    /// What was told is void: another provider, named here, begins the answer anew. false: the
    /// asker is gone, stop.
    std::function<bool(std::string_view provider)> on_restart{};
    /// Asked for: the answer is broken off, also while the model says nothing.
    std::stop_token stop{};
};

class ChatModel {
  public:
    virtual ~ChatModel() = default;
    /// "extractive", "openai", "anthropic"; shown with every answer.
    [[nodiscard]] virtual std::string_view provider() const = 0;
    /// The most tokens that this may take, estimated; 0 if it never takes any.
    [[nodiscard]] virtual std::int64_t tokens_at_most(const Prompt& prompt) const = 0;
    /// The deltas since the last restart, joined, are the answer. `model_unavailable`,
    /// `model_timeout` (503), `asker_gone` (conflict) once the listener has returned false,
    /// `answer_cancelled` (conflict) once `stop` was asked for.
    virtual Result<Completion> complete(const Prompt& prompt, const Listener& listener) = 0;
};

}  // namespace stoa::llm
