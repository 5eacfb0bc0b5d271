// SPDX-License-Identifier: Apache-2.0
// Against messages that Celery 5.7 itself put on a Redis list.
#include "jobs/celery_message.hpp"

#include "crypto/base64.hpp"

#include <fstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace stoa::jobs {
namespace {

boost::json::object samples() {
    std::ifstream file(STOA_VECTORS "/celery_samples.json");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return boost::json::parse(text).at("producer").as_object();
}

std::string plain_with(std::string_view part, std::string_view name,
                       const boost::json::value& value) {
    auto message = samples().at("plain").as_object();
    auto& place = part.empty() ? message : message.at(part).as_object();
    place[name] = value;
    return boost::json::serialize(message);
}

TEST(CeleryMessageTest, Reads_what_Celery_writes) {
    for (const std::string_view name : {"plain", "countdown_30", "expires_and_headers",
                                        "chain_first", "link_and_errback", "chord_header"}) {
        auto sample = samples().at(name);
        if (sample.is_array()) sample = boost::json::value(sample.at(0));
        const auto envelope = read_envelope(boost::json::serialize(sample));
        ASSERT_TRUE(envelope) << name << ": " << envelope.error().message;
        EXPECT_FALSE(is_hint(*envelope)) << name;
        const auto message = read_message(*envelope);
        ASSERT_TRUE(message) << name << ": " << message.error().message;
        EXPECT_EQ(message->id.str(), sample.at("headers").at("id").as_string());
        EXPECT_EQ(message->task, sample.at("headers").at("task").as_string());
        const auto& body = sample.at("_body_decoded");
        EXPECT_EQ(boost::json::parse(message->args_json), body.at(0));
        EXPECT_EQ(boost::json::parse(message->kwargs_json), body.at(1));
        EXPECT_EQ(message->eta.has_value(), name == "countdown_30");
    }
}

TEST(CeleryMessageTest, Writes_every_field_that_Celery_writes) {
    CeleryMessage message{JobId::make(), "stoa.documents.ingest"};
    message.kwargs_json = R"({"document_id":"d","nested":{"a":[1,null,"ü"]}})";
    const auto text = write_message(message, "stoa");
    const auto ours = boost::json::parse(text).as_object();
    const auto theirs = samples().at("plain").as_object();
    for (const auto& [name, value] : theirs) {
        if (name == "_body_decoded") continue;
        ASSERT_TRUE(ours.contains(name)) << name;
        if (!value.is_object()) continue;
        for (const auto& [inner, ignored] : value.as_object())
            EXPECT_TRUE(ours.at(name).as_object().contains(inner)) << name << "." << inner;
    }
    EXPECT_EQ(ours.at("properties").at("delivery_info").at("routing_key").as_string(), "stoa");
    EXPECT_TRUE(is_hint(read_envelope(text).value()));
    const auto again = read_message(text);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->id, message.id);
    EXPECT_EQ(again->task, message.task);
    EXPECT_EQ(again->kwargs_json, message.kwargs_json);
    EXPECT_EQ(again->args_json, "[]");
}

TEST(CeleryMessageTest, Takes_a_time_without_offset_for_UTC) {
    for (const std::string_view name : {"eta", "expires"}) {
        const auto naive = read_message(plain_with("headers", name, "2026-11-28T21:00:00.250000"));
        ASSERT_TRUE(naive) << naive.error().message;
        EXPECT_EQ(name == "eta" ? naive->eta : naive->expires,
                  parse_rfc3339("2026-11-28T21:00:00.25Z"));
    }
}

TEST(CeleryMessageTest, Finds_the_id_of_a_message_that_is_wrong_otherwise) {
    EXPECT_EQ(read_message_id(plain_with("headers", "id", "my-own")), "my-own");
    EXPECT_EQ(read_message_id(plain_with("headers", "id", boost::json::string(300, 'x'))), "");
    EXPECT_EQ(read_message_id(plain_with("headers", "id", 1)), "");
    EXPECT_EQ(read_message_id("hello"), "");
    // Too long to be taken, and answered all the same; far beyond that it is not even read.
    const auto with_bytes = [](std::size_t count) {
        return plain_with("", "body", boost::json::string(count, 'x'));
    };
    EXPECT_FALSE(read_message(with_bytes(message_bytes_max)));
    EXPECT_EQ(read_message_id(with_bytes(message_bytes_max)),
              samples().at("plain").at("headers").at("id").as_string());
    EXPECT_EQ(read_message_id(with_bytes(9 * 1024 * 1024)), "");
}

TEST(CeleryMessageTest, Refuses_everything_else) {
    const auto body = [](std::string_view json) {
        return boost::json::value(boost::json::string(crypto::to_base64(json)));
    };
    const auto long_text = [](std::size_t size) {
        return boost::json::value(boost::json::string(size, 'x'));
    };
    const std::vector<std::pair<const char*, std::string>> wrong = {
        {"empty", ""},
        {"no JSON", "hello"},
        {"no object", "[]"},
        {"no parts", "{}"},
        {"pickle", plain_with("", "content-type", "application/x-python-serialize")},
        {"another encoding", plain_with("", "content-encoding", "binary")},
        {"no Base64", plain_with("properties", "body_encoding", nullptr)},
        {"an id that is none", plain_with("headers", "id", "1")},
        {"no id", plain_with("headers", "id", nullptr)},
        {"a task with spaces", plain_with("headers", "task", "rm -rf")},
        {"a task without end", plain_with("headers", "task", long_text(300))},
        {"negative retries", plain_with("headers", "retries", -1)},
        {"text as retries", plain_with("headers", "retries", "1")},
        {"a wrong eta", plain_with("headers", "eta", "tomorrow")},
        {"a number as eta", plain_with("headers", "eta", 5)},
        {"headers that are none", plain_with("", "headers", "x")},
        {"a body that is no Base64", plain_with("", "body", "????")},
        {"a body that is no JSON", plain_with("", "body", body("x"))},
        {"a body of protocol 1", plain_with("", "body", body(R"({"task": "x"})"))},
        {"a short body", plain_with("", "body", body("[[], {}]"))},
        {"a body in the wrong order", plain_with("", "body", body("[{}, [], {}]"))},
        {"a number out of range", plain_with("", "body", body("[[1e400], {}, {}]"))},
        {"a deep body", plain_with("", "body", body("[[" + std::string(99, '[')))},
        {"a long text", plain_with("headers", "x", long_text(message_bytes_max))},
    };
    for (const auto& [what, text] : wrong) {
        const auto message = read_message(text);
        ASSERT_FALSE(message) << what;
        EXPECT_EQ(message.error().code, "malformed_message") << what;
    }
}

}  // namespace
}  // namespace stoa::jobs
