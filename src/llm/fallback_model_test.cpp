// SPDX-License-Identifier: Apache-2.0
#include "llm/fallback_model.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace stoa::llm {
namespace {

/// Tells `words`, then answers with them or fails.
class PlannedModel final : public ChatModel {
  public:
    PlannedModel(std::string name, std::string words, std::string_view error)
        : name_(std::move(name)), words_(std::move(words)), error_(error) {}

    [[nodiscard]] std::string_view provider() const override { return name_; }
    [[nodiscard]] std::int64_t tokens_at_most(const Prompt&) const override { return 1'000; }
    Result<Completion> complete(const Prompt&, const Listener& listener) override {
        ++asked;
        if (!words_.empty() && !listener.on_delta(words_)) {
            return fail(ErrorKind::conflict, "asker_gone", "…");
        }
        if (!error_.empty()) return unavailable(error_, "…", std::chrono::seconds(7));
        Completion completion;
        completion.answer = words_;
        completion.provider = name_;
        return completion;
    }
    int asked = 0;

  private:
    std::string name_, words_;
    std::string_view error_;
};

struct Told {
    std::string text;
    int deltas_max = 1000;
    Listener listener() {
        return {.on_delta =
                    [this](std::string_view delta) {
                        text += delta;
                        return --deltas_max > 0;
                    },
                .on_restart =
                    [this](std::string_view provider) {
                        text += "<" + std::string(provider) + ">";
                        return true;
                    }};
    }
};

struct Models {
    std::vector<std::unique_ptr<ChatModel>> owned;
    std::vector<PlannedModel*> seen;
    Models& add(std::string name, std::string words, std::string_view error = "") {
        auto model = std::make_unique<PlannedModel>(std::move(name), std::move(words), error);
        seen.push_back(model.get());
        owned.push_back(std::move(model));
        return *this;
    }
};

TEST(FallbackModel, Says_that_the_answer_begins_anew_only_if_something_was_told) {
    Models silent;
    silent.add("a", "", "model_timeout").add("b", "Hello.");
    FallbackModel first(std::move(silent.owned), nullptr);
    Told told;
    auto completion = first.complete({}, told.listener());
    ASSERT_TRUE(completion);
    EXPECT_EQ(completion->provider, "b");
    EXPECT_EQ(told.text, "Hello.");

    Models half;
    half.add("a", "Hel", "model_unavailable").add("b", "Hm", "model_timeout").add("c", "Bye.");
    FallbackModel second(std::move(half.owned), nullptr);
    Told told_twice;
    completion = second.complete({}, told_twice.listener());
    ASSERT_TRUE(completion);
    EXPECT_EQ(completion->answer, "Bye.");
    EXPECT_EQ(told_twice.text, "Hel<b>Hm<c>Bye.");
    EXPECT_GT(completion->usage.prompt_tokens, 0) << "two models read it in vain";
    EXPECT_EQ(completion->usage.answer_tokens, 2);
    EXPECT_EQ(second.tokens_at_most({}), 3'000);
}

TEST(FallbackModel, Leaves_a_failing_model_alone_but_always_asks_the_last) {
    Models models;
    models.add("a", "", "model_unavailable").add("b", "", "model_timeout");
    const auto seen = models.seen;
    Metrics metrics;
    FallbackModel model(std::move(models.owned), &metrics);
    for (int i = 0; i < 8; ++i) {
        const auto failed = model.complete({}, {});
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().code, "model_timeout");
        EXPECT_EQ(failed.error().retry_after, std::chrono::seconds(7));
    }
    EXPECT_EQ(seen[0]->asked, http::ClientHealth::failures_to_open);
    EXPECT_EQ(seen[1]->asked, 8);
}

TEST(FallbackModel, Stops_when_nobody_waits) {
    Models models;
    models.add("a", "Hel", "model_unavailable").add("b", "Hello.");
    const auto seen = models.seen;
    FallbackModel model(std::move(models.owned), nullptr);
    Told told;
    told.deltas_max = 1;
    const auto gone = model.complete({}, told.listener());
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, "asker_gone");
    EXPECT_EQ(seen[1]->asked, 0);
}

}  // namespace
}  // namespace stoa::llm
