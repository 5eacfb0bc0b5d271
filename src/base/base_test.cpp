// SPDX-License-Identifier: Apache-2.0
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/lru_cache.hpp"
#include "base/settings.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "base/worker_pool.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <thread>

#include <gtest/gtest.h>

namespace stoa {
namespace {

enum class Colour { red, public_ };
BOOST_DESCRIBE_ENUM(Colour, red, public_)

struct Inner {
    Text<1, 3> name;
    std::optional<Int<1, 10>> count;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (name, count))

struct Empty {};
BOOST_DESCRIBE_STRUCT(Empty, (), ())

struct Outer {
    RoomId id;
    Colour colour = Colour::red;
    std::vector<Inner> inner;
    std::optional<Time> at;
    json::BigInt amount;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (id, colour, inner, at, amount))

TEST(Ids, AreOrderedByTimeAndRoundTrip) {
    const auto a = RoomId::make();
    EXPECT_EQ(RoomId::parse(a.str()), a);
    EXPECT_EQ(a.str()[14], '7');
    EXPECT_EQ(to_rfc3339(made_at(*parse_uuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"))),
              "2022-02-22T19:22:22Z");  // RFC 9562, A.6
    std::vector<RoomId> ids(10'000);
    for (auto& id : ids) id = RoomId::make();
    EXPECT_TRUE(std::ranges::is_sorted(ids)) << "many are made in one millisecond";
    EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
    EXPECT_LT(made_at(ids.back().uuid) - made_at(a.uuid), std::chrono::minutes(1));
    EXPECT_FALSE(RoomId::parse("0191"));
    EXPECT_FALSE(RoomId::parse("zzzzzzzz-0000-7000-8000-000000000000"));
    EXPECT_FALSE(RoomId::parse("00000000_0000-7000-8000-000000000000"));
}

TEST(Ids, DifferHoweverManyAreMadeAndWhere) {
    constexpr std::size_t of_each = 100;
    std::array<std::vector<RoomId>, 3> made;
    {
        std::vector<std::jthread> threads;
        for (auto& ids : made) {
            threads.emplace_back([&ids] {
                for (std::size_t i = 0; i < of_each; ++i) ids.push_back(RoomId::make());
            });
        }
    }
    std::set<std::string> all;
    for (const auto& ids : made) {
        for (const auto& id : ids) all.insert(id.str().substr(19));  // without the time
    }
    EXPECT_EQ(all.size(), made.size() * of_each);
}

TEST(Times, ReadAndWriteRfc3339) {
    EXPECT_EQ(to_rfc3339(Time{}), "1970-01-01T00:00:00Z");
    for (const auto* text : {"2026-11-22T18:40:00.123456Z", "1969-12-31T23:59:59.5Z"}) {
        const auto time = parse_rfc3339(text);
        ASSERT_TRUE(time) << text;
        EXPECT_EQ(parse_rfc3339(to_rfc3339(*time)), time);
    }
    EXPECT_EQ(to_rfc3339(*parse_rfc3339("2026-01-02T03:04:05.000070Z")),
              "2026-01-02T03:04:05.000070Z");
    EXPECT_EQ(parse_rfc3339("2026-01-01T01:00:00+01:00"), parse_rfc3339("2026-01-01T00:00:00Z"));
    for (const auto* bad :
         {"", "2026-02-30T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00",
          "2026-01-01T00:00:00.Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00Zx"}) {
        EXPECT_FALSE(parse_rfc3339(bad)) << bad;
    }
}

TEST(Utf8, AcceptsWhatRfc3629Accepts) {
    EXPECT_TRUE(is_utf8("aé€😀"));
    for (const char* const bad :
         {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xFF"}) {
        EXPECT_FALSE(is_utf8(bad));
    }
    EXPECT_EQ(count_code_points("aé€😀"), 4U);
    EXPECT_EQ(cut_utf8("a€", 3), "a");
}

TEST(Json, RoundTripsADescribedStruct) {
    const std::string text =
        R"({"id":"0191d4a0-0000-7000-8000-000000000001","colour":"public",)"
        R"("inner":[{"name":"ab","count":3}],"at":null,"amount":"9007199254740993"})";
    const auto read = json::read<Outer>(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->amount.value, 9007199254740993);
    EXPECT_EQ(json::to_text(*read), text);
    EXPECT_EQ(json::to_text(std::vector<Empty>(2)), "[{},{}]");
}

TEST(Json, NamesEveryMistake) {
    const auto read = json::read<Outer>(
        R"({"id":1,"colour":"blue","inner":[{"name":"toolong","count":11,"x":0}],)"
        R"("amount":"1e3","zz":1})");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::invalid);
    std::vector<std::string> found;
    for (const auto& field : read.error().fields) {
        std::string path;
        for (const auto& part : field.loc) path += "/" + part;
        found.push_back(path + " " + field.type);
    }
    EXPECT_EQ(found, (std::vector<std::string>{
                         "/body/id uuid_parsing", "/body/colour enum",
                         "/body/inner/0/name string_too_long",
                         "/body/inner/0/count less_than_equal", "/body/inner/0/x extra_forbidden",
                         "/body/amount int_parsing", "/body/zz extra_forbidden"}));
}

TEST(Json, RefusesWhatIsNotJson) {
    for (const std::string& bad :
         {std::string(), std::string("{"), std::string("{\"a\":\"\xFF\"}"),
          std::string(1000, '[') + std::string(1000, ']'), std::string("nul")}) {
        const auto parsed = json::parse(bad);
        ASSERT_FALSE(parsed);
        EXPECT_EQ(parsed.error().code, "malformed_json");
    }
    const auto nul = json::read<Inner>(R"({"name":"a\u0000"})");
    ASSERT_FALSE(nul);
    EXPECT_EQ(nul.error().fields.at(0).type, "string_nul");
}

TEST(Json, EscapesStrings) {
    EXPECT_EQ(json::to_text(std::string("a\"\\\n\x01é")), "\"a\\\"\\\\\\n\\u0001é\"");
}

TEST(Json, EscapesEachByteWhereverItStands) {
    for (int byte = 1; byte < 128; ++byte) {
        for (std::size_t at = 0; at < 20; ++at) {
            std::string text(20, static_cast<char>(0xC0));  // top bits set, as in UTF-8
            text[at] = static_cast<char>(byte);
            const std::string written = json::to_text(text);
            const bool is_plain = byte >= 0x20 && byte != '"' && byte != '\\';
            if (is_plain) {
                EXPECT_EQ(written, '"' + text + '"') << byte << " at " << at;
            } else {
                EXPECT_EQ(written.substr(0, at + 2), '"' + text.substr(0, at) + '\\');
                EXPECT_EQ(written.substr(written.size() - (20 - at)), text.substr(at + 1) + '"');
            }
        }
    }
}

TEST(Settings, LaterSourcesWinAndMistakesAreNamed) {
    const auto good = make_settings({{"http_port", "1", "file"}, {"http_port", "2", "flag"}});
    ASSERT_TRUE(good);
    EXPECT_EQ(good->http_port, 2);
    const auto bad = make_settings(
        {{"htpp_port", "1", "file"}, {"http_port", "70000", "flag"}, {"log_level", "loud", "env"}});
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message.find("did you mean \"http_port\""), std::string::npos);
    EXPECT_NE(bad.error().message.find("from 0 to 65535"), std::string::npos);
    EXPECT_NE(bad.error().message.find("one of debug, info"), std::string::npos);
}

TEST(Settings, PrintHidesSecretsAndReadsBack) {
    auto settings =
        make_settings({{"llm_api_key", "sk-canary", "env"}, {"public_url", "http://x", "env"}});
    const auto text = print_settings(*settings);
    EXPECT_EQ(text.find("sk-canary"), std::string::npos);
    const auto file = std::filesystem::path(testing::TempDir()) / "stoa_settings_test.toml";
    std::ofstream(file) << text;
    const auto given = settings_from_file(file);
    ASSERT_TRUE(given) << given.error().message;
    EXPECT_EQ(make_settings(*given)->public_url, "http://x");
    std::filesystem::remove(file);
}

TEST(LruCache, DropsWhatWasNotAskedForTheLongest) {
    LruCache<std::string, int> cache(16);
    const auto put = [&](const std::string& key, int value, std::size_t cost) {
        cache.put(key, std::make_shared<const int>(value), cost);
    };
    for (int i = 0; i < 8; ++i) put(std::to_string(i), i, 2);
    ASSERT_EQ(cache.cost(), 16U);
    EXPECT_EQ(*cache.find("0"), 0);
    put("8", 8, 2);
    EXPECT_EQ(cache.find("1"), nullptr);
    EXPECT_NE(cache.find("0"), nullptr);
    put("0", 100, 1);
    EXPECT_EQ(*cache.find("0"), 100);
    EXPECT_EQ(cache.cost(), 15U);
    put("0", 101, 3);  // more than an eighth of all: neither kept, nor what it was to replace
    EXPECT_EQ(cache.find("0"), nullptr);
    EXPECT_EQ(cache.cost(), 14U);
}

TEST(LruCache, KeepsNothingInNoSpace) {
    LruCache<int, int> cache(0);
    cache.put(1, std::make_shared<const int>(1), 1);
    EXPECT_EQ(cache.find(1), nullptr);
}

TEST(Log, ALineForPeopleStaysOneLine) {
    log::configure(log::Level::info, log::Format::human, "test");
    testing::internal::CaptureStderr();
    log::warning("first\nsecond", {{"key", std::string("\x1b[31m \x7f \xc3\xbc \xc2\x9b")}});
    const auto line = testing::internal::GetCapturedStderr();
    log::configure(log::Level::info, log::Format::automatic, "stoa");
    EXPECT_TRUE(
        line.ends_with("warning  first\\x0asecond  key=\\x1b[31m \\x7f \xc3\xbc \\xc2\\x9b\n"))
        << line;
    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
}

TEST(Text, IsSplitAtCommas) {
    EXPECT_EQ(split_commas(" a, b c ,,d"), (std::vector<std::string>{"a", "b c", "d"}));
    EXPECT_TRUE(split_commas(" , ").empty());
}

TEST(WorkerPool, RefusesWhenFullAndFinishesWhatItTook) {
    std::atomic<int> done = 0;
    std::mutex gate;
    int taken = 0;
    {
        WorkerPool pool(1, 2);
        gate.lock();
        while (taken < 10 && pool.submit([&] {
            const std::lock_guard wait(gate);
            ++done;
        })) {
            ++taken;
        }
        EXPECT_LE(taken, 4);
        gate.unlock();
    }
    EXPECT_EQ(done, taken);
}

}  // namespace
}  // namespace stoa
