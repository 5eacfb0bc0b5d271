// SPDX-License-Identifier: Apache-2.0
// Every type there and back through a real server.
#include "base/metrics.hpp"
#include "postgres/database.hpp"
#include "support/private_postgres.hpp"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

namespace stoa::postgres {
namespace {

BOOST_DEFINE_ENUM_CLASS(Colour, red, public_)

struct Everything {
    UserId id;
    bool yes;
    std::int32_t small;
    std::int64_t big;
    double fraction;
    std::string text;
    json::Raw document;
    Bytes bytes;
    Time at;
    std::vector<std::string> texts;
    std::vector<std::int32_t> numbers;
    std::vector<UserId> ids;
    std::vector<float> direction;
    Colour colour;
    std::optional<std::string> nothing;
    json::BigInt lamports;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (id, yes, small, big, fraction, text, document, bytes, at, texts, numbers,
                       ids, direction, colour, nothing, lamports))

struct Glimpse {
    std::string_view text;
    std::optional<std::string_view> empty;
    std::optional<std::string_view> nothing;
    json::BasicRaw<std::string_view> document;
};
BOOST_DESCRIBE_STRUCT(Glimpse, (), (text, empty, nothing, document))

class CodecTest : public ::testing::Test {
  protected:
    template <class T, class... A>
    T value(std::string_view sql, const A&... arguments) {
        auto found = database_.one<T>({"test.value", sql}, arguments...);
        if (!found) throw std::runtime_error(found.error().message);
        return *found;
    }

    testing::TestDatabase place_;
    Metrics metrics_;
    Database database_{place_.options(), metrics_};
};

TEST_F(CodecTest, A_described_struct_comes_back_as_it_went) {
    ASSERT_TRUE(database_.run({"test.create", R"(CREATE TABLE everything (
        id uuid, yes bool, small int, big bigint, fraction float8, text varchar(100),
        document jsonb, bytes bytea, at timestamptz, texts text[], numbers int4[], ids uuid[],
        direction vector(3), colour text, nothing text, lamports bigint))"}));
    const Everything sent{UserId::make(),
                          true,
                          -5,
                          std::int64_t{1} << 60,
                          0.1,
                          "Grüße, 'quoted' \\ and 🎓",
                          json::Raw{R"({"a": [1, null, "x"]})"},
                          Bytes{std::string("\0\xff'\\", 4)},
                          *parse_rfc3339("2026-11-22T18:40:00.123456Z"),
                          {"a", "", "with, comma", "\"quoted\""},
                          {1, -2, 3},
                          {UserId::make(), UserId::make()},
                          {0.5F, -1.25F, 3e-20F},
                          Colour::public_,
                          std::nullopt,
                          {INT64_MAX}};
    const auto stored =
        database_.run({"test.insert", R"(INSERT INTO everything VALUES
            ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::vector, $14, $15, $16))"},
                      sent.id, sent.yes, sent.small, sent.big, sent.fraction, sent.text,
                      sent.document, sent.bytes, sent.at, sent.texts, sent.numbers, sent.ids,
                      sent.direction, sent.colour, sent.nothing, sent.lamports);
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(stored->affected(), 1U);
    const auto got = value<Everything>("SELECT * FROM everything");
    EXPECT_EQ(json::to_text(got.ids), json::to_text(sent.ids));
    EXPECT_EQ(got.bytes.value, sent.bytes.value);
    EXPECT_EQ(got.direction, sent.direction);
    EXPECT_EQ(got.at, sent.at);
    EXPECT_EQ(got.id, sent.id);
    EXPECT_TRUE(got.yes);
    EXPECT_EQ(got.small, sent.small);
    EXPECT_EQ(got.big, sent.big);
    EXPECT_EQ(got.fraction, sent.fraction);
    EXPECT_EQ(got.text, sent.text);
    EXPECT_EQ(got.document.text, sent.document.text);
    EXPECT_EQ(got.texts, sent.texts);
    EXPECT_EQ(got.numbers, sent.numbers);
    EXPECT_EQ(got.colour, Colour::public_);
    EXPECT_FALSE(got.nothing);
    EXPECT_EQ(got.lamports.value, INT64_MAX);
}

TEST_F(CodecTest, The_server_reads_our_times_as_we_mean_them) {
    for (const char* text : {"1969-12-31T23:59:59.999999Z", "1582-10-15T00:00:00Z",
                             "2000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
        const auto time = parse_rfc3339(text);
        ASSERT_TRUE(time) << text;
        EXPECT_EQ(value<Time>("SELECT $1::timestamptz", *time), *time);
        EXPECT_EQ(value<Time>("SELECT $1::text::timestamptz", text), *time);
    }
    EXPECT_EQ(value<Time>("SELECT 'infinity'::timestamptz"), Time::max());
    EXPECT_EQ(value<Time>("SELECT $1::timestamptz", Time::max()), Time::max());
    EXPECT_TRUE(value<bool>("SELECT $1 = '-infinity'::timestamptz", Time::min()));
    EXPECT_EQ(to_rfc3339(value<Time>("SELECT '1971-02-03'::date")), "1971-02-03T00:00:00Z");
}

TEST_F(CodecTest, Nulls_numbers_and_empty_arrays) {
    EXPECT_FALSE(value<std::optional<UserId>>("SELECT NULL::uuid"));
    EXPECT_FALSE(value<std::optional<int>>("SELECT $1::int", std::optional<std::int32_t>()));
    EXPECT_EQ(value<int>("SELECT 7::smallint"), 7);
    EXPECT_EQ(value<double>("SELECT 7::int"), 7.0);
    EXPECT_FLOAT_EQ(value<float>("SELECT 1.5::real"), 1.5F);
    EXPECT_TRUE(std::isnan(value<double>("SELECT $1::float8", std::nan(""))));
    EXPECT_TRUE(value<std::vector<std::string>>("SELECT '{}'::text[]").empty());
    EXPECT_TRUE(value<bool>("SELECT $1 = '{}'::text[]", std::vector<std::string>()));
    EXPECT_TRUE(value<bool>("SELECT $1 = ARRAY['a', 'b']", std::vector<std::string>{"a", "b"}));
}

TEST_F(CodecTest, Text_is_read_where_it_lies) {
    const auto rows = database_.run(
        {"test.views", R"(SELECT jsonb_build_object('n', n) AS document, NULL::text AS nothing,
            repeat('é', n) AS text, '' AS empty FROM generate_series(1, 3) AS n)"});
    ASSERT_TRUE(rows);
    std::string seen;
    rows->for_each<Glimpse>(2, [&](Glimpse&& row) { seen += json::to_text(row); });
    EXPECT_EQ(seen, R"({"text":"é","empty":"","nothing":null,"document":{"n": 1}})"
                    R"({"text":"éé","empty":"","nothing":null,"document":{"n": 2}})");
}

TEST_F(CodecTest, Text_takes_the_type_that_the_server_infers) {
    EXPECT_EQ(value<std::string>("SELECT ($1::jsonb)->>'a'", R"({"a": "b"})"), "b");
    EXPECT_TRUE(value<bool>("SELECT to_tsvector('english', 'running') @@ $1::tsquery", "run"));
    EXPECT_EQ(value<std::string>("SELECT 'x' || $1", "y"), "xy");
    // The same statement with other types is another statement to the server.
    const Query same{"test.same", "SELECT ($1::text) || '!'"};
    EXPECT_EQ(*database_.one<std::string>(same, "a"), "a!");
    EXPECT_EQ(*database_.one<std::string>(same, std::int32_t{7}), "7!");
    EXPECT_EQ(*database_.one<std::string>(same, "b"), "b!");
}

TEST_F(CodecTest, Text_that_PostgreSQL_cannot_hold_is_refused) {
    const Query echo{"test.echo", "SELECT $1::text"};
    const auto nul = database_.one<std::string>(echo, std::string("a\0b", 3));
    ASSERT_FALSE(nul);
    EXPECT_EQ(nul.error().code, "invalid_text");
    EXPECT_EQ(nul.error().kind, ErrorKind::invalid);
    const auto malformed = database_.one<std::string>(echo, "\xc3\x28");
    ASSERT_FALSE(malformed);
    EXPECT_EQ(malformed.error().code, "invalid_text");
    EXPECT_EQ(database_
                  .run({"test.array", "SELECT $1::text[]"},
                       std::vector<std::string>{std::string(1, '\0')})
                  .error()
                  .code,
              "invalid_text");
}

TEST_F(CodecTest, A_wrong_column_or_type_is_a_bug) {
    const auto rows = database_.run({"test.row", "SELECT 1 AS a, NULL::int AS b"});
    ASSERT_TRUE(rows);
    EXPECT_THROW((void)(*rows)[0].get<std::string>("a"), std::logic_error);
    EXPECT_THROW((void)(*rows)[0].get<int>("c"), std::logic_error);
    EXPECT_THROW((void)(*rows)[0].get<int>("b"), std::logic_error);
    EXPECT_THROW((void)(*rows)[1], std::logic_error);
}

}  // namespace
}  // namespace stoa::postgres
