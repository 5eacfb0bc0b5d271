// SPDX-License-Identifier: Apache-2.0
#include "tutor/tutor.hpp"

#include "llm/prompting.hpp"
#include "llm/quotes.hpp"
#include "llm/text_analysis.hpp"
#include "tutor/withholding.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <future>
#include <set>
#include <utility>

namespace stoa::tutor {

namespace {

/// As many as a model reads with care; each is at most a thousand characters.
constexpr std::size_t passages_max = 8;
/// While an answer grows, its asker's access is looked at so often.
constexpr std::chrono::seconds check_every{1};

tl::unexpected<Error> answer_cancelled() {
    return fail(ErrorKind::conflict, "answer_cancelled", "The answer was cancelled.");
}

tl::unexpected<Error> asker_gone() {
    return fail(ErrorKind::conflict, "asker_gone", "Nobody waits for this answer any more.");
}

tl::unexpected<Error> access_expired() {
    return fail(ErrorKind::forbidden, "access_expired",
                "You may no longer read what this answer is made from; what was told of it is void "
                "and is not kept.");
}

Result<void> check_question(const Question& question) {
    if (question.question.value.find_first_not_of(" \t\r\n") != std::string::npos) return {};
    return tl::unexpected<Error>(Error{
        ErrorKind::invalid,
        "validation_failed",
        "The question is empty.",
        {{{"body", "question"}, "Input should hold more than white space", "string_too_short"}},
        {}});
}

Box round_box(const extraction::Box& box) {
    using extraction::round_coordinate;
    return Box{round_coordinate(box.x0), round_coordinate(box.y0), round_coordinate(box.x1),
               round_coordinate(box.y1)};
}

Source make_source(const documents::Passage& passage, std::size_t index, const llm::Range& range,
                   const documents::Boxes& boxes) {
    Source source{static_cast<int>(index) + 1,
                  passage.document,
                  passage.version,
                  passage.title,
                  passage.chunk,
                  passage.page,
                  passage.text.substr(range.begin, range.end - range.begin),
                  {},
                  std::round(passage.score * 10'000) / 10'000};
    if (!passage.label.empty()) source.page_label = passage.label;
    if (!passage.heading.empty()) source.heading = passage.heading;
    for (const auto& box : boxes) source.boxes.push_back(round_box(box));
    return source;
}

/// An answer that was prepared from a version replaced since must not be given: its passages stand
/// nowhere, and it may say more of them than it quotes.
std::vector<documents::UsedVersion> versions_of(const Prepared& prepared) {
    std::vector<documents::UsedVersion> used;
    for (const auto& passage : prepared.passages) {
        used.push_back({passage.document, passage.version});
    }
    if (const auto& computation = prepared.computation) {
        used.push_back({computation->document_id, computation->version});
    }
    return used;
}

/// What refuses access beforehand, once it is about an answer that is being given.
tl::unexpected<Error> as_expired(const Error& error) {
    const bool is_refusal =
        error.kind == ErrorKind::not_found || error.kind == ErrorKind::forbidden;
    return is_refusal ? access_expired() : tl::unexpected<Error>(error);
}

}  // namespace

Tutor::Tutor(postgres::Database& database, rooms::Rooms& rooms, documents::Documents& documents,
             documents::Retrieval& retrieval, documents::TableQuestions& tables,
             accounts::SubjectKeys& keys, TokenBudget& budget, llm::ChatModel& model,
             PromptBudget room)
    : rooms_(rooms),
      documents_(documents),
      retrieval_(retrieval),
      tables_(tables),
      conversations_(database, keys),
      budget_(budget),
      model_(model),
      room_(room),
      summaries_(conversations_, budget, model, room) {}

AnswerIdentity identity_of(const Prepared& prepared) {
    std::set<DocumentId> documents;
    for (const auto& passage : prepared.passages) documents.insert(passage.document);
    if (prepared.computation) documents.insert(prepared.computation->document_id);
    return {prepared.scope,
            prepared.conversation,
            prepared.message,
            {documents.begin(), documents.end()}};
}

Result<void> Tutor::check_readable(const AnswerIdentity& answer) {
    const auto& scope = answer.scope;
    std::set<DocumentId> documents(answer.documents.begin(), answer.documents.end());
    if (scope.document) documents.insert(*scope.document);
    auto checked = check_room(scope);
    if (checked) checked = documents_.check_readable(scope.asker, documents);
    if (!checked) return as_expired(checked.error());
    return {};
}

Result<Answer> Tutor::ask(const documents::Scope& scope, const Question& question,
                          const Progress& progress) {
    const auto prepared = prepare(scope, question);
    if (!prepared) return fail(prepared);
    return answer(*prepared, progress);
}

Result<void> Tutor::check_room(const documents::Scope& scope) {
    if (!scope.room) return {};
    if (auto member = rooms_.access_room(scope.asker, *scope.room); !member) return fail(member);
    return {};
}

Result<std::optional<documents::Granted>> Tutor::access_scope(const documents::Scope& scope) {
    if (auto checked = check_room(scope); !checked) return fail(checked);
    if (!scope.document) return std::optional<documents::Granted>();
    auto granted = documents_.access_document(scope.asker, *scope.document);
    if (!granted) return fail(granted);
    return std::optional(std::move(*granted));
}

Result<void> Tutor::continue_conversation(Prepared& prepared, const Question& question) {
    prepared.mode = question.mode.value_or(Mode::answer);
    if (!question.conversation_id) {
        prepared.conversation = ConversationId::make();
        return {};
    }
    const auto found = conversations_.find(prepared.scope.asker, *question.conversation_id);
    if (!found) return fail(found);
    if (found->document_id != prepared.scope.document || found->room_id != prepared.scope.room) {
        return conversation_not_found();
    }
    prepared.conversation = found->id;
    prepared.is_new_conversation = false;
    prepared.mode = question.mode.value_or(found->mode);
    auto memory =
        conversations_.remember(prepared.scope.asker, found->id, 2 * PromptBudget::turns_max);
    if (!memory) return fail(memory);
    if (auto done = withhold(documents_, prepared.scope.asker, *memory); !done) return done;
    prepared.prompt.summary = std::move(memory->summary);
    prepared.prompt.turns = std::move(memory->turns);
    prepared.unsummarised = room_.weigh(prepared.prompt.turns);
    return {};
}

Result<Prepared> Tutor::prepare(const documents::Scope& scope, const Question& question) {
    if (auto checked = check_question(question); !checked) return fail(checked);
    const auto granted = access_scope(scope);
    if (!granted) return fail(granted);
    Prepared prepared;
    prepared.scope = scope;
    prepared.message = RowId::make();
    if (auto begun = continue_conversation(prepared, question); !begun) return fail(begun);
    prepared.prompt.style =
        prepared.mode == Mode::socratic ? llm::Style::socratic : llm::Style::answer;
    prepared.prompt.question = question.question.value;
    if (auto computed = compute(prepared, *granted); !computed) return fail(computed);
    if (prepared.computation) return prepared;
    if (auto added = add_passages(prepared); !added) return fail(added);
    if (const auto tokens = model_.tokens_at_most(prepared.prompt); tokens > 0) {
        auto reserved = budget_.reserve(scope.asker, tokens);
        if (!reserved) return fail(reserved);
        prepared.tokens = std::move(*reserved);
    }
    return prepared;
}

Result<void> Tutor::add_passages(Prepared& prepared) {
    const auto wanted = llm::standalone_question(prepared.prompt.turns, prepared.prompt.question);
    auto passages = retrieval_.search(prepared.scope, wanted, passages_max);
    if (!passages) return fail(passages);
    if (passages->empty()) {
        return fail(ErrorKind::conflict, "nothing_to_read",
                    "No document here is ready to be asked; wait until its status is \"ready\".");
    }
    for (const auto& passage : *passages) {
        prepared.prompt.passages.push_back(
            {passage.chunk.str(), passage.title, passage.page, passage.text, passage.heading});
    }
    if (auto fitted = room_.fit(prepared.prompt); !fitted) return fail(fitted);
    passages->resize(prepared.prompt.passages.size());
    prepared.passages = std::move(*passages);
    return {};
}

/// A question about counting or computing is answered from all rows, not from passages.
Result<void> Tutor::compute(Prepared& prepared, const std::optional<documents::Granted>& granted) {
    if (prepared.mode != Mode::answer) return {};
    const auto& question = prepared.prompt.question;
    auto computation = granted ? tables_.compute(*granted, question)
                               : tables_.compute_in(prepared.scope, question);
    if (!computation) return fail(computation);
    prepared.computation = std::move(*computation);
    return {};
}

Result<llm::Completion> Tutor::ask_model(const Prepared& prepared, const Progress& progress) {
    using SteadyClock = std::chrono::steady_clock;
    std::int64_t told = 0;
    Result<void> readable;
    auto checked = SteadyClock::now();
    llm::Listener listener;
    listener.on_delta = [&](std::string_view delta) {
        told += llm::estimate_tokens(delta);
        if (SteadyClock::now() - checked > check_every) {
            readable = check_readable(identity_of(prepared));
            if (!readable) return false;
            checked = SteadyClock::now();
        }
        return !progress.on_delta || progress.on_delta(delta);
    };
    listener.on_restart = progress.on_restart;
    listener.stop = progress.stop;
    auto completion = model_.complete(prepared.prompt, listener);
    const bool is_cancelled = progress.stop.stop_requested();
    if (prepared.tokens && completion) {
        prepared.tokens->settle(completion->usage.prompt_tokens + completion->usage.answer_tokens);
    } else if (prepared.tokens) {
        // What was told before it broke off was read and written; who cancels had it read.
        const bool is_read = told > 0 || is_cancelled;
        prepared.tokens->settle(is_read ? llm::estimate_tokens(prepared.prompt) + told : 0);
    }
    if (is_cancelled) return answer_cancelled();
    if (!readable) return fail(readable);
    return completion;
}

Result<llm::Completion> Tutor::complete(const Prepared& prepared, const Progress& progress) {
    if (!prepared.computation) return ask_model(prepared, progress);
    llm::Completion completion;
    completion.answer = documents::to_sentence(*prepared.computation);
    completion.provider = "table";
    completion.model = "plan";
    if (progress.on_delta && !progress.on_delta(completion.answer)) return asker_gone();
    return completion;
}

Result<void> Tutor::tell_sources(const Prepared& prepared, const Progress& progress) {
    std::vector<llm::Quote> whole;
    for (std::size_t i = 0; i < prepared.passages.size(); ++i) {
        whole.push_back({i, prepared.passages[i].text});
    }
    const auto located = locate(prepared, whole);
    if (!located) return fail(located);
    if (!progress.on_sources(located->sources)) return asker_gone();
    return {};
}

/// The sources are looked up and told while the model reads the question; what it says waits for
/// them, and it is broken off if they are refused.
Result<llm::Completion> Tutor::complete_beside_sources(const Prepared& prepared,
                                                       const Progress& progress) {
    if (!progress.on_sources) return complete(prepared, progress);
    std::stop_source stop;
    const std::stop_callback pass_on(progress.stop, [&stop] { stop.request_stop(); });
    auto told = std::async(std::launch::async, [&]() -> Result<void> {
        try {
            auto sources = tell_sources(prepared, progress);
            if (!sources) stop.request_stop();
            return sources;
        } catch (...) {
            stop.request_stop();
            throw;
        }
    });
    const auto may_go_on = [&] {
        told.wait();
        return !stop.stop_requested();
    };
    Progress behind;
    behind.on_delta = [&](std::string_view delta) {
        return may_go_on() && (!progress.on_delta || progress.on_delta(delta));
    };
    behind.on_restart = [&](std::string_view provider) {
        return may_go_on() && (!progress.on_restart || progress.on_restart(provider));
    };
    behind.stop = stop.get_token();
    auto completion = complete(prepared, behind);
    if (const auto sources = told.get(); !sources) return fail(sources);
    return completion;
}

Result<Answer> Tutor::answer(const Prepared& prepared, const Progress& progress) {
    auto completion = complete_beside_sources(prepared, progress);
    if (!completion) return fail(completion);
    auto located = locate(prepared, completion->quotes);
    if (!located) return fail(located);
    Answer answer;
    answer.conversation_id = prepared.conversation;
    answer.message_id = prepared.message;
    answer.answer = std::move(completion->answer);
    answer.sources = std::move(located->sources);
    answer.follow_up_questions = std::move(completion->follow_ups);
    answer.provider = std::move(completion->provider);
    answer.model = std::move(completion->model);
    answer.in_documents = completion->is_in_documents;
    answer.is_cut = completion->is_cut;
    // A tutor's hints claim nothing, and all rows vouch for what was computed.
    if (answer.in_documents && prepared.mode == Mode::answer && !prepared.computation) {
        for (const auto& [begin, end] : llm::find_unverified(answer.answer, located->quotes)) {
            answer.unverified_sentences.push_back(answer.answer.substr(begin, end - begin));
        }
    }
    answer.computation = prepared.computation;
    if (progress.stop.stop_requested()) return answer_cancelled();
    if (auto recorded = record(prepared, answer); !recorded) return fail(recorded);
    // With this exchange there may be more than finds room.
    const auto grown = prepared.unsummarised +
                       room_.weigh(llm::Turn{llm::Turn::Role::user, prepared.prompt.question}) +
                       room_.weigh(llm::Turn{llm::Turn::Role::assistant, answer.answer});
    if (!prepared.is_new_conversation && grown > room_.turn_tokens_max()) {
        summaries_.refresh_later(prepared.scope.asker, prepared.conversation);
    }
    return answer;
}

Result<Located> Tutor::locate(const Prepared& prepared, const std::vector<llm::Quote>& quotes) {
    std::vector<std::pair<const llm::Quote*, llm::Range>> found;
    std::vector<documents::TextPlace> places;
    for (const auto& quote : quotes) {
        if (quote.passage >= prepared.passages.size()) continue;
        const auto& passage = prepared.passages[quote.passage];
        const auto range = llm::find_quote(passage.text, quote.text);
        if (!range) continue;  // the model made it up, or changed it
        found.emplace_back(&quote, *range);
        places.push_back({passage.document, passage.page, passage.text_begin + range->begin,
                          passage.text_begin + range->end});
    }
    if (auto checked = check_room(prepared.scope); !checked) return as_expired(checked.error());
    const auto boxes = documents_.locate(prepared.scope.asker, places, versions_of(prepared));
    if (!boxes) return as_expired(boxes.error());
    Located located;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto& [quote, range] = found[i];
        located.sources.push_back(
            make_source(prepared.passages[quote->passage], quote->passage, range, (*boxes)[i]));
        located.quotes.push_back(*quote);
    }
    return located;
}

Result<void> Tutor::record(const Prepared& prepared, const Answer& answer) {
    const auto& scope = prepared.scope;
    return conversations_.record(
        {.conversation = prepared.conversation,
         .is_new = prepared.is_new_conversation,
         .asker = scope.asker,
         .room = scope.room,
         .document = scope.document,
         .mode = prepared.mode,
         .question = prepared.prompt.question,
         .answer_id = answer.message_id,
         .answer = answer.answer,
         .sources = json::Raw{json::to_text(answer.sources)},
         .follow_up_questions = json::Raw{json::to_text(answer.follow_up_questions)},
         .in_documents = answer.in_documents,
         .is_cut = answer.is_cut,
         .unverified_sentences = json::Raw{json::to_text(answer.unverified_sentences)},
         .provider = answer.provider,
         .model = answer.model,
         .computation = json::Raw{json::to_text(answer.computation)},
         .made_from = identity_of(prepared).documents});
}

Result<http::Listing<Conversation>> Tutor::list_conversations(const UserId& user,
                                                              const DocumentId& document) {
    if (auto granted = documents_.access_document(user, document); !granted) return fail(granted);
    auto rows = conversations_.list(user, document);
    if (!rows) return fail(rows);
    return http::Listing<Conversation>{std::move(*rows), std::nullopt};
}

Result<http::Listing<ConversationMessage>> Tutor::list_messages(
    const UserId& user, const DocumentId& document, const ConversationId& conversation,
    std::int64_t limit, const std::optional<std::string>& cursor) {
    if (auto granted = documents_.access_document(user, document); !granted) return fail(granted);
    const auto found = conversations_.find(user, conversation);
    if (!found) return fail(found);
    if (found->document_id != document) return conversation_not_found();
    return conversations_.messages(user, conversation, limit, cursor);
}

Result<http::Listing<ConversationMessage>> Tutor::list_messages(
    const UserId& user, const Conversation& conversation, std::int64_t limit,
    const std::optional<std::string>& cursor) {
    auto listing = conversations_.messages(user, conversation.id, limit, cursor);
    if (!listing || conversation.document_id) return listing;
    if (auto done = withhold(documents_, user, listing->items); !done) return fail(done);
    return listing;
}

Result<void> Tutor::check_readable(const UserId& user, const ConversationMessage& answer) {
    const auto checked =
        documents_.check_readable(user, {answer.made_from.begin(), answer.made_from.end()});
    if (!checked) return as_expired(checked.error());
    return {};
}

Result<Conversation> Tutor::read_conversation(const UserId& user,
                                              const ConversationId& conversation) {
    auto found = conversations_.find(user, conversation);
    if (!found) return fail(found);
    const documents::Scope scope{user, found->document_id, found->room_id};
    if (auto granted = access_scope(scope); !granted) return fail(granted);
    return found;
}

}  // namespace stoa::tutor
