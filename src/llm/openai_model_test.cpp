// SPDX-License-Identifier: Apache-2.0
#include "llm/openai_model.hpp"

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

std::string chunk(const std::string& text) {
    return R"(data: {"model":"m-1","choices":[{"delta":{"content":")" + text + "\"}}]}\n\n";
}

Prompt prompt() {
    Prompt prompt;
    prompt.question = "What boils?";
    prompt.passages = {{"a", "Metals", 2, "Caesium boils at 671 degrees."}};
    return prompt;
}

OpenAiModel model_at(const CannedServer& server) {
    return OpenAiModel({.base_url = server.url() + "/v1/",
                        .api_key = "secret",
                        .model = "asked",
                        .stall_timeout = std::chrono::milliseconds(1'000),
                        .total_timeout = std::chrono::milliseconds(1'500)});
}

TEST(OpenAiModel, Streams_an_answer_and_reads_its_quotes) {
    CannedServer server({ok + ": hello\n\n" + chunk("It says «Caesium boils") +
                         chunk(" at» [1].\\n\\nFollow-up ") + chunk("questions:\\n- Why?") +
                         "data: [DONE]\n\n"});
    auto model = model_at(server);
    std::string deltas;
    const auto completion = model.complete(prompt(), [&](std::string_view delta) {
        deltas += delta;
        return true;
    });
    ASSERT_TRUE(completion) << completion.error().message;
    EXPECT_EQ(completion->answer, "It says «Caesium boils at» [1].");
    EXPECT_EQ(deltas, completion->answer);
    ASSERT_EQ(completion->quotes.size(), 1U);
    EXPECT_EQ(completion->quotes[0].text, "Caesium boils at");
    EXPECT_EQ(completion->follow_ups, std::vector<std::string>{"Why?"});
    EXPECT_EQ(completion->model, "m-1");
    EXPECT_NE(server.request().find("POST /v1/chat/completions"), std::string::npos);
    EXPECT_NE(server.request().find("Bearer secret"), std::string::npos);
    EXPECT_NE(server.request().find("[1] Metals, page 2"), std::string::npos);
}

TEST(OpenAiModel, Whatever_goes_wrong_is_a_clear_error) {
    struct Case {
        std::string answer;
        std::string_view code;
        int requests;
    };
    const std::string limited =
        "HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\nConnection: close\r\n";
    const std::vector<Case> cases{
        {ok + chunk("half an"), "model_unavailable", 1},              // cut off
        {ok + chunk("half an") + "(stall)", "model_timeout", 1},      // stalls
        {ok + "data: {\"choices\": 7}\n\n", "model_unavailable", 1},  // garbage
        {ok + "data: \xff\xfe{\n\n", "model_unavailable", 1},         //
        {ok + "<html>hello</html>", "model_unavailable", 1},          // another server
        {ok + "data: {\"error\":{\"message\":\"x\"}}\n\n", "model_unavailable", 1},
        {ok + "data: [DONE]\n\n", "model_unavailable", 1},              // empty
        {ok + std::string(2'000'000, 'x'), "model_unavailable", 1},     // endless line
        {limited + "Retry-After: 60\r\n\r\n", "model_unavailable", 1},  // not worth waiting
        {limited + "\r\n", "model_unavailable", 3},
        {"HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "model_unavailable",
         1},
    };
    for (const auto& item : cases) {
        CannedServer server({item.answer});
        auto model = model_at(server);
        const auto failed = model.complete(prompt(), {});
        ASSERT_FALSE(failed) << item.answer.substr(0, 200);
        EXPECT_EQ(failed.error().code, item.code) << item.answer.substr(0, 200);
        EXPECT_EQ(server.requests, item.requests) << item.answer.substr(0, 200);
    }
    CannedServer server({limited + "Retry-After: 60\r\n\r\n"});
    const auto limited_long = model_at(server).complete(prompt(), {});
    EXPECT_EQ(limited_long.error().retry_after, std::chrono::seconds(60));
}

TEST(OpenAiModel, Asks_again_when_that_may_help_and_stops_when_nobody_waits) {
    CannedServer server({"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                         ok + chunk("Hello.") + "data: [DONE]\n\n"});
    EXPECT_TRUE(model_at(server).complete(prompt(), {}));
    EXPECT_EQ(server.requests, 2);
    const auto gone = model_at(server).complete(prompt(), [](std::string_view) { return false; });
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, "asker_gone");
}

}  // namespace
}  // namespace stoa::llm
