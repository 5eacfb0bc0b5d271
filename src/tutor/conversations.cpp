// SPDX-License-Identifier: Apache-2.0
#include "tutor/conversations.hpp"

#include "base/text.hpp"
#include "tutor/sql.hpp"

#include <algorithm>
#include <utility>

namespace stoa::tutor {
namespace {

/// As it lies in the table; `title` is sealed.
struct ConversationRow {
    ConversationId id;
    std::optional<RoomId> room_id;
    std::optional<DocumentId> document_id;
    postgres::Bytes sealed_title;
    Mode mode = Mode::answer;
    Time created_at;
    Time updated_at;
};
BOOST_DESCRIBE_STRUCT(ConversationRow, (),
                      (id, room_id, document_id, sealed_title, mode, created_at, updated_at))

/// What is sealed of a message; the lists are JSON, kept as they were written.
struct Turn {
    std::string content;
    std::string sources = "[]";
    std::string follow_up_questions = "[]";
    bool in_documents = true;
    bool is_cut = false;
    std::string unverified_sentences = "[]";
    std::optional<std::string> computation{};  ///< those of earlier releases have none
    std::optional<std::string> made_from{};    ///< nor this
};
BOOST_DESCRIBE_STRUCT(Turn, (),
                      (content, sources, follow_up_questions, in_documents, is_cut,
                       unverified_sentences, computation, made_from))

struct SummaryRow {
    std::optional<postgres::Bytes> sealed_summary;
    std::optional<RowId> summarised_through;
};
BOOST_DESCRIBE_STRUCT(SummaryRow, (), (sealed_summary, summarised_through))

struct MessageRow {
    RowId id;
    std::string role;
    postgres::Bytes sealed_turn;
    std::optional<std::string> provider;
    std::optional<std::string> model;
    Time created_at;
};
BOOST_DESCRIBE_STRUCT(MessageRow, (), (id, role, sealed_turn, provider, model, created_at))

void add_document_of(const boost::json::value& made, std::vector<DocumentId>& documents) {
    const auto* object = made.if_object();
    const auto* id = object == nullptr ? nullptr : object->if_contains("document_id");
    if (id == nullptr || !id->is_string()) return;
    if (const auto parsed = DocumentId::parse(std::string_view(id->get_string()))) {
        documents.push_back(*parsed);
    }
}

/// What a turn is made from; of earlier releases' what it quotes.
Result<std::vector<DocumentId>> documents_of(const Turn& turn) {
    if (turn.made_from) return json::read<std::vector<DocumentId>>(*turn.made_from);
    std::vector<DocumentId> documents;
    const auto sources = json::parse(turn.sources);
    if (!sources) return fail(sources);
    if (const auto* list = sources->if_array()) {
        for (const auto& source : *list) add_document_of(source, documents);
    }
    const auto computation = json::parse(turn.computation.value_or("null"));
    if (!computation) return fail(computation);
    add_document_of(*computation, documents);
    return documents;
}

std::string title_place(const ConversationId& id) {
    return "conversations.sealed_title " + id.str();
}

std::string summary_place(const ConversationId& id) {
    return "conversations.sealed_summary " + id.str();
}

std::string turn_place(const RowId& id) { return "conversation_messages.sealed_turn " + id.str(); }

Result<Conversation> open_conversation(const accounts::SubjectKey& key, ConversationRow&& row) {
    auto title = key.open(row.sealed_title, title_place(row.id));
    if (!title) return fail(title);
    return Conversation{row.id,   row.room_id,    row.document_id, std::move(*title),
                        row.mode, row.created_at, row.updated_at};
}

Result<Turn> open_turn(const accounts::SubjectKey& key, const MessageRow& row) {
    const auto text = key.open(row.sealed_turn, turn_place(row.id));
    if (!text) return fail(text);
    return json::read<Turn>(*text);
}

Result<ConversationMessage> open_message(const accounts::SubjectKey& key, MessageRow&& row) {
    auto turn = open_turn(key, row);
    if (!turn) return fail(turn);
    auto made_from = documents_of(*turn);
    if (!made_from) return fail(made_from);
    return ConversationMessage{row.id,
                               std::move(row.role),
                               std::move(turn->content),
                               json::Raw{std::move(turn->sources)},
                               json::Raw{std::move(turn->follow_up_questions)},
                               turn->in_documents,
                               turn->is_cut,
                               json::Raw{std::move(turn->unverified_sentences)},
                               std::move(row.provider),
                               std::move(row.model),
                               row.created_at,
                               json::Raw{std::move(turn->computation).value_or("null")},
                               false,
                               std::move(*made_from)};
}

tl::unexpected<Error> wrong_cursor() {
    return tl::unexpected<Error>(
        Error{ErrorKind::invalid,
              "validation_failed",
              "The query has wrong values.",
              {{{"query", "cursor"}, "Input should be a next_cursor of this list", "cursor"}},
              {}});
}

Result<std::optional<RowId>> read_cursor(const std::optional<std::string>& cursor) {
    if (!cursor) return std::optional<RowId>();
    if (const auto id = RowId::parse(*cursor)) return id;
    return wrong_cursor();
}

/// A place in the order of use.
struct Place {
    std::optional<Time> used_at;
    std::optional<ConversationId> id;
};

std::string place_of(const ConversationRow& row) {
    return to_rfc3339(row.updated_at) + '_' + row.id.str();
}

Result<Place> read_place(const std::optional<std::string>& cursor) {
    if (!cursor) return Place{};
    const auto cut = cursor->find('_');
    if (cut == std::string::npos) return wrong_cursor();
    Place place{parse_rfc3339(std::string_view(*cursor).substr(0, cut)),
                ConversationId::parse(std::string_view(*cursor).substr(cut + 1))};
    if (!place.used_at || !place.id) return wrong_cursor();
    return place;
}

}  // namespace

tl::unexpected<Error> conversation_not_found() {
    return fail(ErrorKind::not_found, "conversation_not_found", "There is no such conversation.");
}

tl::unexpected<Error> answer_not_found() {
    return fail(ErrorKind::not_found, "answer_not_found",
                "There is no such answer, or it came to nothing some minutes ago.");
}

Conversations::Conversations(postgres::Database& database, accounts::SubjectKeys& keys)
    : database_(database), keys_(keys) {}

Result<Conversation> Conversations::find(const UserId& asker, const ConversationId& conversation) {
    auto row = database_.find<ConversationRow>(sql::find_conversation, conversation, asker);
    if (!row) return fail(row);
    if (!*row) return conversation_not_found();
    const auto key = keys_.key_of(asker);
    if (!key) return fail(key);
    return open_conversation(*key, std::move(**row));
}

Result<std::vector<Conversation>> Conversations::list(const UserId& asker,
                                                      const DocumentId& document) {
    auto rows = database_.list<ConversationRow>(sql::list_conversations, asker, document);
    if (!rows) return fail(rows);
    const auto key = keys_.key_of(asker);
    if (!key) return fail(key);
    std::vector<Conversation> conversations;
    for (auto& row : *rows) {
        auto opened = open_conversation(*key, std::move(row));
        if (!opened) return fail(opened);
        conversations.push_back(std::move(*opened));
    }
    return conversations;
}

Result<http::Listing<Conversation>> Conversations::list_all(
    const UserId& asker, std::int64_t limit, const std::optional<std::string>& cursor) {
    const auto before = read_place(cursor);
    if (!before) return fail(before);
    auto rows = database_.list<ConversationRow>(sql::list_own_conversations, asker, before->used_at,
                                                before->id, limit + 1);
    if (!rows) return fail(rows);
    const auto key = keys_.key_of(asker);
    if (!key) return fail(key);
    http::Listing<Conversation> listing;
    if (std::cmp_greater(rows->size(), limit)) {
        rows->resize(static_cast<std::size_t>(limit));
        listing.next_cursor = place_of(rows->back());
    }
    for (auto& row : *rows) {
        auto opened = open_conversation(*key, std::move(row));
        if (!opened) return fail(opened);
        listing.items.push_back(std::move(*opened));
    }
    return listing;
}

Result<Conversation> Conversations::rename(const UserId& asker, const ConversationId& conversation,
                                           std::string_view title) {
    const auto key = keys_.key_of(asker);
    if (!key) return fail(key);
    const auto done = database_.run(sql::rename_conversation, conversation, asker,
                                    key->seal(title, title_place(conversation)));
    if (!done) return fail(done);
    return find(asker, conversation);
}

Result<void> Conversations::remove(const UserId& asker, const ConversationId& conversation) {
    const auto done = database_.run(sql::delete_conversation, conversation, asker);
    if (!done) return fail(done);
    if (done->affected() == 0) return conversation_not_found();
    return {};
}

Result<Memory> Conversations::remember(const UserId& asker, const ConversationId& conversation,
                                       std::int64_t turns_max, bool first) {
    const auto row = database_.find<SummaryRow>(sql::find_summary, conversation);
    if (!row) return fail(row);
    if (!*row) return conversation_not_found();
    const auto key = keys_.key_of(asker);
    if (!key) return fail(key);
    Memory memory;
    memory.summarised_through = (*row)->summarised_through;
    if ((*row)->sealed_summary) {
        auto summary = key->open(*(*row)->sealed_summary, summary_place(conversation));
        if (!summary) return fail(summary);
        memory.summary = std::move(*summary);
    }
    auto rows = database_.list<MessageRow>(first ? sql::list_messages : sql::list_turns,
                                           conversation, memory.summarised_through, turns_max);
    if (!rows) return fail(rows);
    if (!first) std::ranges::reverse(*rows);
    for (const auto& message : *rows) {
        auto turn = open_turn(*key, message);
        if (!turn) return fail(turn);
        auto made_from = documents_of(*turn);
        if (!made_from) return fail(made_from);
        const bool is_user = message.role == "user";
        memory.turns.push_back({is_user ? llm::Turn::Role::user : llm::Turn::Role::assistant,
                                std::move(turn->content)});
        memory.ids.push_back(message.id);
        memory.made_from.push_back(std::move(*made_from));
    }
    return memory;
}

Result<void> Conversations::store_summary(const UserId& asker, const ConversationId& conversation,
                                          std::string_view summary, const RowId& through,
                                          const std::optional<RowId>& before) {
    const auto key = keys_.key_of(asker);
    if (!key) return fail(key);
    const auto done =
        database_.run(sql::store_summary, conversation,
                      key->seal(summary, summary_place(conversation)), through, before);
    if (!done) return fail(done);
    return {};
}

Result<http::Listing<ConversationMessage>> Conversations::messages(
    const UserId& asker, const ConversationId& conversation, std::int64_t limit,
    const std::optional<std::string>& cursor) {
    const auto after = read_cursor(cursor);
    if (!after) return fail(after);
    auto rows = database_.list<MessageRow>(sql::list_messages, conversation, *after, limit + 1);
    if (!rows) return fail(rows);
    const auto key = keys_.key_of(asker);
    if (!key) return fail(key);
    http::Listing<ConversationMessage> listing;
    if (std::cmp_greater(rows->size(), limit)) {
        rows->resize(static_cast<std::size_t>(limit));
        listing.next_cursor = rows->back().id.str();
    }
    for (auto& row : *rows) {
        auto message = open_message(*key, std::move(row));
        if (!message) return fail(message);
        listing.items.push_back(std::move(*message));
    }
    return listing;
}

Result<std::optional<StoredAnswer>> Conversations::find_answer(
    const UserId& asker, const std::optional<ConversationId>& conversation, const RowId& answer) {
    const auto of = database_.find<ConversationId>(sql::find_answer, answer, conversation, asker);
    if (!of) return fail(of);
    if (!*of) return std::optional<StoredAnswer>();
    auto row = database_.find<MessageRow>(sql::get_message, answer);
    if (!row) return fail(row);
    if (!*row) return std::optional<StoredAnswer>();
    const auto key = keys_.key_of(asker);
    if (!key) return fail(key);
    auto message = open_message(*key, std::move(**row));
    if (!message) return fail(message);
    return StoredAnswer{**of, std::move(*message)};
}

Result<void> Conversations::record(const Exchange& exchange) {
    constexpr std::size_t title_bytes_max = 120;
    const auto key = keys_.key_of(exchange.asker);
    if (!key) return fail(key);
    const auto question_id = RowId::make();
    const auto title =
        key->seal(cut_utf8(exchange.question, title_bytes_max), title_place(exchange.conversation));
    const auto question = key->seal(json::to_text(Turn{.content = std::string(exchange.question)}),
                                    turn_place(question_id));
    const auto answer =
        key->seal(json::to_text(Turn{std::string(exchange.answer), exchange.sources.text,
                                     exchange.follow_up_questions.text, exchange.in_documents,
                                     exchange.is_cut, exchange.unverified_sentences.text,
                                     exchange.computation.text, json::to_text(exchange.made_from)}),
                  turn_place(exchange.answer_id));
    postgres::Batch batch;
    if (exchange.is_new) {
        batch.add(sql::insert_conversation, exchange.conversation, exchange.asker, exchange.room,
                  exchange.document, title, exchange.mode);
    } else {
        batch.add(sql::touch_conversation, exchange.conversation, exchange.mode);
    }
    const std::optional<std::string> nobody;
    batch.add(sql::insert_message, question_id, exchange.conversation, "user", question, nobody,
              nobody);
    batch.add(sql::insert_message, exchange.answer_id, exchange.conversation, "assistant", answer,
              std::optional<std::string>(exchange.provider),
              std::optional<std::string>(exchange.model));
    const auto stored = database_.run(batch);
    if (stored) return {};
    // Nothing else that a message refers to could be gone.
    if (!exchange.is_new && stored.error().code == "foreign_key_violation") {
        return conversation_not_found();
    }
    return fail(stored);
}

}  // namespace stoa::tutor
