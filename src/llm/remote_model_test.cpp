// SPDX-License-Identifier: Apache-2.0
#include "llm/remote_model.hpp"

#include "base/json.hpp"

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stoa::llm {
namespace {

/// Answers one connection after the other with the given bytes; "(stall)" at the end keeps it open.
class CannedServer {
  public:
    explicit CannedServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* any = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(bind(listener_, any, size), 0);
        EXPECT_EQ(listen(listener_, 8), 0);
        EXPECT_EQ(getsockname(listener_, any, &size), 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~CannedServer() {
        shutdown(listener_, SHUT_RDWR);
        thread_.join();
        close(listener_);
        for (const int fd : stalled_) close(fd);
    }
    CannedServer(const CannedServer&) = delete;
    CannedServer& operator=(const CannedServer&) = delete;

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::atomic<int> requests{0};
    std::string request() {
        const std::lock_guard lock(mutex_);
        return request_;
    }

  private:
    void serve() {
        for (std::size_t i = 0;; ++i) {
            const int fd = accept(listener_, nullptr, nullptr);
            if (fd < 0) return;
            read_request(fd);
            ++requests;
            std::string answer = answers_[std::min(i, answers_.size() - 1)];
            const bool stalls = answer.ends_with("(stall)");
            if (stalls) answer.resize(answer.size() - 7);
            (void)!send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
            if (stalls)
                stalled_.push_back(fd);
            else
                close(fd);
        }
    }
    void read_request(int fd) {
        std::string bytes;
        char buffer[4096];
        while (bytes.find("Question:") == std::string::npos) {
            const auto got = recv(fd, buffer, sizeof buffer, 0);
            if (got <= 0) break;
            bytes.append(buffer, static_cast<std::size_t>(got));
        }
        const std::lock_guard lock(mutex_);
        request_ = bytes;
    }

    std::vector<std::string> answers_;
    int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port_ = 0;
    std::mutex mutex_;
    std::string request_;
    std::vector<int> stalled_;
    std::thread thread_;
};

const std::string ok =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

/// What the suite needs to know of a protocol to answer in it.
struct Dialect {
    ProtocolName name;
    std::string base;
    std::string begin;                ///< events before the first delta
    std::string before, behind;       ///< a delta's text, in JSON
    std::string whole, cut, refused;  ///< ends
    std::string overloaded, failed;   ///< events that break off
    std::string garbage;              ///< JSON that is none of its events
    std::string request_line, key_header;
};

const Dialect openai{
    ProtocolName::openai,
    "/v1/",
    R"(data: {"model":"m-1","choices":[{"delta":{"role":"assistant","content":""}}]})"
    "\n\n",
    R"(data: {"model":"m-1","choices":[{"delta":{"content":")",
    "\"}}]}\n\n",
    R"(data: {"choices":[{"delta":{},"finish_reason":"stop"}]})"
    "\n\n"
    R"(data: {"choices":[],"usage":{"prompt_tokens":70,"completion_tokens":9}})"
    "\n\n"
    "data: [DONE]\n\n",
    R"(data: {"choices":[{"delta":{},"finish_reason":"length"}]})"
    "\n\ndata: [DONE]\n\n",
    R"(data: {"choices":[{"delta":{},"finish_reason":"content_filter"}]})"
    "\n\n",
    R"(data: {"error":{"type":"server_error","message":"x"}})"
    "\n\n",
    R"(data: {"error":{"type":"invalid_request_error","message":"x"}})"
    "\n\n",
    "data: {\"choices\": 7}\n\n",
    "POST /v1/chat/completions ",
    "authorization: Bearer secret",
};

const Dialect anthropic{
    ProtocolName::anthropic,
    "/",
    "event: message_start\n"
    R"(data: {"type":"message_start","message":{"model":"m-1","usage":{"input_tokens":60,)"
    R"("cache_read_input_tokens":10,"output_tokens":1}}})"
    "\n\n"
    "event: content_block_start\n"
    R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
    "\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n"
    R"(data: {"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"h"}})"
    "\n\n",
    R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")",
    "\"}}\n\n",
    R"(data: {"type":"content_block_stop","index":0})"
    "\n\n"
    R"(data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
    R"("usage":{"output_tokens":9}})"
    "\n\n"
    R"(data: {"type":"message_stop"})"
    "\n\n",
    R"(data: {"type":"message_delta","delta":{"stop_reason":"max_tokens"}})"
    "\n\n"
    R"(data: {"type":"message_stop"})"
    "\n\n",
    R"(data: {"type":"message_delta","delta":{"stop_reason":"refusal"}})"
    "\n\n",
    R"(event: error
data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"
    "\n\n",
    R"(data: {"type":"error","error":{"type":"invalid_request_error","message":"x"}})"
    "\n\n",
    "data: {\"type\":\"content_block_delta\"}\n\n",
    "POST /v1/messages ",
    "x-api-key: secret",
};

std::string refusal(const std::string& status, const std::string& more = "") {
    return "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n" + more + "\r\n";
}

Prompt prompt() {
    Prompt prompt;
    prompt.question = "What boils?";
    prompt.passages = {{"a", "Metals", 2, "Caesium boils at 671 degrees."}};
    return prompt;
}

/// What every protocol must do the same.
class RemoteModelTest : public testing::TestWithParam<const Dialect*> {
  protected:
    const Dialect& dialect = *GetParam();

    [[nodiscard]] std::string delta(const std::string& text) const {
        return dialect.before + text + dialect.behind;
    }
    [[nodiscard]] std::string whole(const std::string& text) const {
        return ok + dialect.begin + delta(text) + dialect.whole;
    }
    [[nodiscard]] RemoteModel model_at(const CannedServer& server) const {
        return {make_protocol(dialect.name),
                {.endpoint = {.base_url = server.url() + dialect.base,
                              .api_key = "secret",
                              .model = "asked",
                              .answer_tokens_max = 77},
                 .stall_timeout = std::chrono::milliseconds(500),
                 .total_timeout = std::chrono::milliseconds(2'500)}};
    }
};

TEST_P(RemoteModelTest, Streams_an_answer_and_reads_its_quotes) {
    CannedServer server({ok + ": hello\n\n" + dialect.begin + delta("It says «Caesium boils") +
                         delta(" at» [1].\\n\\nFollow-up ") + delta("questions:\\n- Why?") +
                         dialect.whole});
    auto model = model_at(server);
    std::string deltas;
    const auto completion = model.complete(prompt(), {.on_delta = [&](std::string_view delta) {
                                               deltas += delta;
                                               return true;
                                           }});
    ASSERT_TRUE(completion) << completion.error().message;
    EXPECT_EQ(completion->answer, "It says «Caesium boils at» [1].");
    EXPECT_EQ(deltas, completion->answer);
    ASSERT_EQ(completion->quotes.size(), 1U);
    EXPECT_EQ(completion->quotes[0].text, "Caesium boils at");
    EXPECT_EQ(completion->follow_ups, std::vector<std::string>{"Why?"});
    EXPECT_EQ(completion->model, "m-1");
    EXPECT_EQ(completion->provider, model.provider());
    EXPECT_FALSE(completion->is_cut);
    EXPECT_EQ(completion->usage.prompt_tokens, 70);
    EXPECT_EQ(completion->usage.answer_tokens, 9);
}

TEST_P(RemoteModelTest, Asks_as_its_protocol_wants) {
    CannedServer server({whole("Hello.")});
    auto asked = prompt();
    asked.turns = {{Turn::Role::user, "And \"before\"?"}, {Turn::Role::assistant, "That."}};
    ASSERT_TRUE(model_at(server).complete(asked, {}));
    const auto request = server.request();
    EXPECT_TRUE(request.starts_with(dialect.request_line)) << request;
    EXPECT_NE(request.find(dialect.key_header), std::string::npos) << request;
    const auto body = json::parse(request.substr(request.find("\r\n\r\n") + 4));
    ASSERT_TRUE(body) << request;
    const auto& object = body->get_object();
    EXPECT_EQ(object.at("model").as_string(), "asked");
    EXPECT_TRUE(object.at("stream").as_bool());
    auto messages = object.at("messages").as_array();
    if (dialect.name == ProtocolName::anthropic) {
        EXPECT_EQ(object.at("max_tokens").as_int64(), 77);
        EXPECT_NE(object.at("system").as_string().find("numbered passages"), std::string::npos);
        EXPECT_NE(request.find("anthropic-version: 2023-06-01"), std::string::npos);
    } else {
        EXPECT_EQ(messages.front().as_object().at("role").as_string(), "system");
        messages.erase(messages.begin());
    }
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(messages[0].as_object().at("content").as_string(), "And \"before\"?");
    EXPECT_EQ(messages[1].as_object().at("role").as_string(), "assistant");
    EXPECT_NE(messages[2].as_object().at("content").as_string().find("[1] Metals, page 2"),
              std::string::npos);
}

TEST_P(RemoteModelTest, Whatever_goes_wrong_is_a_clear_error) {
    struct Case {
        std::string answer;
        std::string_view code;
        int requests;
    };
    const auto half = ok + dialect.begin + delta("half an");
    const std::vector<Case> cases{
        {half, "model_unavailable", 1},                       // cut off
        {half + "(stall)", "model_timeout", 1},               // stalls
        {half + dialect.overloaded, "model_unavailable", 1},  // told already, never told again
        {half + dialect.refused, "model_unavailable", 1},
        {ok + dialect.begin, "model_unavailable", 1},
        {ok + dialect.garbage, "model_unavailable", 1},
        {ok + "data: \xff\xfe{\n\n", "model_unavailable", 1},
        {ok + "data: []\n\n", "model_unavailable", 1},
        {ok + "<html>hello</html>", "model_unavailable", 1},  // another server
        {ok + dialect.failed, "model_unavailable", 1},
        {ok + dialect.begin + dialect.overloaded, "model_unavailable", 3},
        {ok + dialect.begin + dialect.whole, "model_unavailable", 1},              // empty
        {ok + std::string(2'000'000, 'x'), "model_unavailable", 1},                // endless line
        {refusal("429 Too Many", "Retry-After: 60\r\n"), "model_unavailable", 1},  // too long
        {refusal("429 Too Many"), "model_unavailable", 3},
        {refusal("529 Overloaded"), "model_unavailable", 3},
        {refusal("401 No"), "model_unavailable", 1},
    };
    for (const auto& item : cases) {
        CannedServer server({item.answer});
        auto model = model_at(server);
        const auto failed = model.complete(prompt(), {});
        ASSERT_FALSE(failed) << item.answer.substr(0, 200);
        EXPECT_EQ(failed.error().code, item.code) << item.answer.substr(0, 200);
        EXPECT_EQ(server.requests, item.requests) << item.answer.substr(0, 200);
    }
    CannedServer server({refusal("429 Too Many", "Retry-After: 60\r\n")});
    const auto limited_long = model_at(server).complete(prompt(), {});
    EXPECT_EQ(limited_long.error().retry_after, std::chrono::seconds(60));
}

TEST_P(RemoteModelTest, Asks_again_when_that_may_help_and_stops_when_nobody_waits) {
    for (const auto& first :
         {refusal("500 Oh"), refusal("529 Overloaded"), refusal("503 No", "Retry-After: 1\r\n"),
          ok + dialect.begin + dialect.overloaded}) {
        CannedServer server({first, whole("Hello.")});
        EXPECT_TRUE(model_at(server).complete(prompt(), {})) << first;
        EXPECT_EQ(server.requests, 2) << first;
    }
    CannedServer server({whole("Hello.")});
    const auto gone =
        model_at(server).complete(prompt(), {.on_delta = [](std::string_view) { return false; }});
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, "asker_gone");
}

TEST_P(RemoteModelTest, Tells_of_an_answer_that_ended_at_its_limit) {
    CannedServer server({ok + dialect.begin + delta("A long") + dialect.cut});
    const auto completion = model_at(server).complete(prompt(), {});
    ASSERT_TRUE(completion);
    EXPECT_EQ(completion->answer, "A long");
    EXPECT_TRUE(completion->is_cut);
}

INSTANTIATE_TEST_SUITE_P(Protocols, RemoteModelTest, testing::Values(&openai, &anthropic),
                         [](const auto& instance) {
                             return instance.param->name == ProtocolName::openai ? "OpenAi"
                                                                                 : "Anthropic";
                         });

}  // namespace
}  // namespace stoa::llm
