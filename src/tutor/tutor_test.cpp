// SPDX-License-Identifier: Apache-2.0
#include "tutor/tutor.hpp"

#include "documents/library_fixture.hpp"

#include <future>

namespace stoa::tutor {
namespace {

/// Answers what it is told to, and remembers what it was asked.
class ScriptedModel final : public llm::ChatModel {
  public:
    std::function<Result<llm::Completion>(const llm::Prompt&)> script;
    std::vector<llm::Prompt> prompts;

    std::int64_t tokens = 0;

    [[nodiscard]] std::string_view provider() const override { return "scripted"; }
    [[nodiscard]] std::int64_t tokens_at_most(const llm::Prompt&) const override { return tokens; }
    Result<llm::Completion> complete(const llm::Prompt& prompt,
                                     const llm::Listener& listener) override {
        prompts.push_back(prompt);
        auto completion = script(prompt);
        if (completion && listener.on_delta && !listener.on_delta(completion->answer)) {
            return fail(ErrorKind::conflict, "asker_gone", "…");
        }
        return completion;
    }
};

class TutorTest : public documents::LibraryTest {
  protected:
    void SetUp() override {
        document = upload_and_ingest(
            owner, "Whales sing.\n\nThe blue whale\nis the largest animal of all.");
        model.script = [](const llm::Prompt&) {
            return llm::Completion{"Answer.", {}, {"And why?"}, "m"};
        };
    }
    Result<Answer> ask(const std::string& text, std::optional<ConversationId> conversation = {}) {
        Question question;
        question.question.value = text;
        question.conversation_id = conversation;
        return tutor.ask({owner, document, std::nullopt}, question, {});
    }
    std::int64_t stored() {
        return *database.one<std::int64_t>(
            {"test.count", "SELECT count(*) FROM conversation_messages"});
    }

    UserId owner = new_user();
    DocumentId document;
    ScriptedModel model;
    TokenBudget budget{database, 1'000};
    documents::TableQuestions tables{database, documents, keys, extractor};
    Tutor tutor{database, rooms,  documents, retrieval,           tables,
                keys,     budget, model,     PromptBudget(12'000)};
};

TEST_F(TutorTest, Only_what_stands_in_the_chunk_becomes_a_source) {
    model.script = [](const llm::Prompt&) {
        return llm::Completion{"…",
                               {{0, "the  largest animal"},
                                {0, "blue whale is the largest"},
                                {0, "the smallest animal"},
                                {7, "the largest animal"}},
                               {},
                               "m"};
    };
    const auto answer = ask("Which animal is the largest?");
    ASSERT_TRUE(answer) << answer.error().message;
    ASSERT_EQ(answer->sources.size(), 2U);
    EXPECT_EQ(answer->sources[0].quote, "the largest animal");
    EXPECT_EQ(answer->sources[1].quote, "blue whale\nis the largest");
    EXPECT_EQ(answer->sources[1].number, 1);
    EXPECT_EQ(answer->sources[1].page, 1);
    EXPECT_EQ(answer->sources[1].title, "notes");
    EXPECT_EQ(stored(), 2);
}

TEST_F(TutorTest, A_conversation_is_handed_on_in_order) {
    const auto first = ask("Which animal is the largest?");
    ASSERT_TRUE(first);
    ASSERT_TRUE(ask("Do they sing?", first->conversation_id));
    ASSERT_TRUE(ask("Why?", first->conversation_id));
    const auto& turns = model.prompts.back().turns;
    ASSERT_EQ(turns.size(), 4U);
    EXPECT_EQ(turns[0].text, "Which animal is the largest?");
    EXPECT_EQ(turns[1].role, llm::Turn::Role::assistant);
    EXPECT_EQ(turns[2].text, "Do they sing?");
    EXPECT_EQ(ask("Why?", ConversationId::make()).error().code, "conversation_not_found");

    auto page = tutor.list_messages(owner, document, first->conversation_id, 4, {});
    ASSERT_TRUE(page);
    EXPECT_EQ(page->items.size(), 4U);
    page = tutor.list_messages(owner, document, first->conversation_id, 4, page->next_cursor);
    ASSERT_EQ(page->items.size(), 2U);
    EXPECT_EQ(page->items[0].content, "Why?");
    EXPECT_EQ(page->items[1].role, "assistant");
    EXPECT_FALSE(page->next_cursor);
    EXPECT_EQ(tutor.list_conversations(owner, document)->items.size(), 1U);
}

TEST_F(TutorTest, What_was_replaced_meanwhile_does_not_answer) {
    model.script = [&](const llm::Prompt&) {
        EXPECT_TRUE(documents.replace(owner, document, spool("Bread rises.").file));
        return llm::Completion{"Whales.", {{0, "Whales sing."}}, {}, "m"};
    };
    EXPECT_EQ(ask("Who sings?").error().code, "document_replaced");
    EXPECT_EQ(stored(), 0);
    ASSERT_TRUE(ingest(document, 2));
    model.script = [](const llm::Prompt&) {
        return llm::Completion{"Bread.", {{0, "Bread rises."}}, {}, "m"};
    };
    const auto answer = ask("What rises?");
    ASSERT_TRUE(answer) << answer.error().message;
    ASSERT_EQ(answer->sources.size(), 1U);
    EXPECT_EQ(answer->sources[0].version, 2);
}

TEST_F(TutorTest, What_fails_is_not_stored) {
    model.script = [](const llm::Prompt&) -> Result<llm::Completion> {
        return unavailable("model_unavailable", "…");
    };
    EXPECT_EQ(ask("Which animal?").error().code, "model_unavailable");
    EXPECT_EQ(ask(" \n ").error().code, "validation_failed");
    const auto stranger = new_user();
    Question question;
    question.question.value = "Which animal?";
    EXPECT_EQ(tutor.ask({stranger, document, std::nullopt}, question, {}).error().code,
              "document_not_found");
    const auto room = new_room(owner);
    EXPECT_EQ(tutor.ask({owner, std::nullopt, room}, question, {}).error().code, "nothing_to_read");
    EXPECT_EQ(tutor.ask({stranger, std::nullopt, room}, question, {}).error().code,
              "not_a_participant");
    EXPECT_EQ(stored(), 0);
}

TEST_F(TutorTest, Sources_come_first_and_an_asker_who_left_stops_it) {
    std::vector<std::string> told;
    Progress progress;
    progress.on_sources = [&](const std::vector<Source>& sources) {
        told.push_back("sources " + std::to_string(sources.size()));
        return true;
    };
    progress.on_delta = [&](std::string_view delta) {
        told.emplace_back(delta);
        return false;
    };
    Question question;
    question.question.value = "Which animal?";
    const auto gone = tutor.ask({owner, document, std::nullopt}, question, progress);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, "asker_gone");
    EXPECT_EQ(told, (std::vector<std::string>{"sources 1", "Answer."}));
    EXPECT_EQ(stored(), 0);
}

TEST_F(TutorTest, What_a_question_takes_of_the_budget_is_what_it_took_in_the_end) {
    const auto used = [&] {
        return *database.one<std::int64_t>({"test.used", "SELECT tokens FROM token_usage"});
    };
    model.tokens = 600;
    model.script = [&](const llm::Prompt&) {
        EXPECT_EQ(used(), 600) << "while it is answered";
        llm::Completion completion{"Answer.", {}, {}, "m"};
        completion.usage = {200, 50};
        return completion;
    };
    ASSERT_TRUE(ask("Which animal?"));
    EXPECT_EQ(used(), 250);
    model.script = [](const llm::Prompt&) -> Result<llm::Completion> {
        return unavailable("model_unavailable", "…");
    };
    EXPECT_FALSE(ask("Which animal?"));
    EXPECT_EQ(used(), 250) << "who told nothing took nothing";
    model.tokens = 751;
    EXPECT_EQ(ask("Which animal?").error().code, "budget_exhausted");
    model.tokens = 0;
    model.script = [](const llm::Prompt&) { return llm::Completion{"Answer.", {}, {}, "m"}; };
    EXPECT_TRUE(ask("Which animal?")) << "what takes nothing is always answered";
}

TEST_F(TutorTest, The_model_is_asked_beside_the_sources_and_speaks_behind_them) {
    std::promise<void> asked;
    model.script = [&](const llm::Prompt&) {
        asked.set_value();
        return llm::Completion{"Answer.", {}, {}, "m"};
    };
    std::string told;
    Progress progress;
    progress.on_sources = [&](const std::vector<Source>&) {
        asked.get_future().wait();  // the model does not wait for these
        told += "sources ";
        return true;
    };
    progress.on_delta = [&](std::string_view delta) {
        told += delta;
        return true;
    };
    Question question;
    question.question.value = "What sings?";
    ASSERT_TRUE(tutor.ask({owner, document, std::nullopt}, question, progress));
    EXPECT_EQ(told, "sources Answer.");
}

TEST_F(TutorTest, Sources_that_are_refused_void_what_the_model_says) {
    Question question;
    question.question.value = "What sings?";
    const auto prepared = tutor.prepare({owner, document, std::nullopt}, question);
    ASSERT_TRUE(prepared);
    ASSERT_TRUE(documents.remove(owner, document));
    bool has_told = false;
    Progress progress;
    progress.on_sources = [&](const std::vector<Source>&) { return has_told = true; };
    progress.on_delta = [&](std::string_view) { return has_told = true; };
    const auto answer = tutor.answer(*prepared, progress);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, "access_expired");
    EXPECT_FALSE(has_told);
    EXPECT_EQ(stored(), 0);
}

}  // namespace
}  // namespace stoa::tutor
