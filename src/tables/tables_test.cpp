// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"
#include "tables/csv_reader.hpp"
#include "tables/plan.hpp"
#include "tables/profile.hpp"
#include "tables/row_pages.hpp"

#include <cmath>
#include <fstream>
#include <iterator>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace stoa::tables {
namespace {

std::string read_vector(const std::string& name) {
    std::ifstream file(STOA_VECTORS "/csv/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::vector<std::string>> rows_of(std::string_view text, std::size_t piece,
                                              CsvDialect dialect = {}) {
    std::vector<std::vector<std::string>> rows;
    CsvReader reader(dialect, [&](std::span<const std::string_view> fields) {
        rows.emplace_back(fields.begin(), fields.end());
        return true;
    });
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
        reader.feed(text.substr(0, piece));
    }
    reader.finish();
    return rows;
}

/// Equal to twelve digits: pandas adds up in another order.
void expect_near(const std::optional<double>& ours, const json::Value* theirs,
                 const std::string& what) {
    ASSERT_EQ(ours.has_value(), theirs != nullptr) << what;
    if (!ours) return;
    const double wanted = theirs->to_number<double>();
    EXPECT_NEAR(*ours, wanted, std::fabs(wanted) * 1e-12 + 1e-12) << what;
}

void expect_equal(const ColumnProfile& ours, const boost::json::object& theirs,
                  const std::string& file) {
    const std::string what = file + ": " + ours.name;
    EXPECT_EQ(ours.name, theirs.at("name").as_string());
    EXPECT_EQ(ours.count, theirs.at("count").to_number<std::int64_t>()) << what;
    expect_near(ours.mean, theirs.if_contains("mean"), what + " mean");
    expect_near(ours.std, theirs.if_contains("std"), what + " std");
    expect_near(ours.min, theirs.if_contains("min"), what + " min");
    expect_near(ours.p25, theirs.if_contains("p25"), what + " 25%");
    expect_near(ours.p50, theirs.if_contains("p50"), what + " 50%");
    expect_near(ours.p75, theirs.if_contains("p75"), what + " 75%");
    expect_near(ours.max, theirs.if_contains("max"), what + " max");
    ASSERT_EQ(ours.unique.has_value(), theirs.contains("unique")) << what;
    if (!ours.unique) return;
    EXPECT_EQ(*ours.unique, theirs.at("unique").to_number<std::int64_t>()) << what;
    EXPECT_EQ(*ours.top, theirs.at("top").as_string()) << what;
    EXPECT_EQ(*ours.freq, theirs.at("freq").to_number<std::int64_t>()) << what;
}

TEST(Profile, IsThatOfPandas) {
    const auto goldens = json::parse(read_vector("goldens.json")).value();
    const auto& files = goldens.at("files").as_array();
    ASSERT_EQ(files.size(), 10U);
    for (const auto& golden : files) {
        const std::string name(golden.at("file").as_string());
        const std::string bytes = read_vector(name);
        // With little memory the columns take several passes and say the same.
        for (const std::size_t memory : {std::size_t{256} << 20, std::size_t{64} << 10}) {
            const auto profile = profile_table(Table::open(bytes).value(), memory).value();
            EXPECT_EQ(profile.rows, golden.at("rows").to_number<std::int64_t>()) << name;
            EXPECT_EQ(profile.ragged_rows, 0) << name;
            const auto& columns = golden.at("columns").as_array();
            ASSERT_EQ(profile.columns.size(), columns.size()) << name;
            for (std::size_t i = 0; i < columns.size(); ++i) {
                expect_equal(profile.columns[i], columns[i].as_object(), name);
            }
        }
    }
}

TEST(Plan, AnswersAsPandas) {
    const auto goldens = json::parse(read_vector("goldens.json")).value();
    for (const auto& golden : goldens.at("queries").as_array()) {
        const std::string bytes = read_vector(std::string(golden.at("file").as_string()));
        const auto plan = json::read<Plan>(boost::json::serialize(golden.at("plan")));
        ASSERT_TRUE(plan);
        const auto result = run_plan(Table::open(bytes).value(), *plan);
        ASSERT_TRUE(result) << describe(*plan);
        const auto& wanted = golden.at("result");
        const auto& rows = wanted.at("rows").as_array();
        ASSERT_EQ(result->columns.size(), wanted.at("columns").as_array().size());
        ASSERT_EQ(result->rows.size(), rows.size()) << describe(*plan);
        for (std::size_t row = 0; row < rows.size(); ++row) {
            for (std::size_t i = 0; i < result->columns.size(); ++i) {
                const auto& value = rows[row].as_array()[i];
                const auto& ours = result->rows[row][i];
                EXPECT_EQ(result->columns[i], wanted.at("columns").as_array()[i].as_string());
                ASSERT_EQ(ours.has_value(), !value.is_null()) << describe(*plan);
                if (value.is_string()) {
                    EXPECT_EQ(*ours, value.as_string());
                }
                if (value.is_number()) expect_near(parse_number(*ours), &value, describe(*plan));
            }
        }
    }
}

TEST(CsvReader, ReadsQuotesAcrossLinesInAnyPieces) {
    constexpr std::string_view text = "a,\"b, \"\"c\"\"\nd\",e\r\n\r\n\"\",x\"y,\"q\"r\rlast,,";
    const std::vector<std::vector<std::string>> wanted = {
        {"a", "b, \"c\"\nd", "e"}, {"", "x\"y", "qr"}, {"last", "", ""}};
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) EXPECT_EQ(rows_of(text, piece), wanted);
}

TEST(CsvReader, StopsAtAQuoteThatIsNeverClosed) {
    const std::string text = "a,b\n1,\"" + std::string(2u << 20, 'x');
    EXPECT_EQ(Table::open(text).error(), TableFailure::row_too_long);
    const std::string later = "a,b\n1,2\n3,4\n5,\"" + std::string(2u << 20, 'x');
    const auto table = Table::open(later);
    ASSERT_TRUE(table);
    EXPECT_EQ(table->scan([](auto) { return true; }).error(), TableFailure::row_too_long);
    const std::string ends_soon = "a,b\n1,2\n3,\"x\ny";
    const auto scan = Table::open(ends_soon)->scan([](auto) { return true; });
    EXPECT_EQ(scan->rows, 2);
    EXPECT_TRUE(scan->unclosed_quote);
}

TEST(CsvReader, RefusesTooManyColumns) {
    EXPECT_EQ(Table::open(std::string(2000, ',') + "\n").error(), TableFailure::too_many_columns);
}

TEST(CsvDialect, IsGuessed) {
    EXPECT_EQ(sniff_dialect("a;b\n1,5;2\n2,5;3\n"), (CsvDialect{';', '"', true}));
    EXPECT_EQ(sniff_dialect("a\tb\n1\t2\n"), (CsvDialect{'\t', '"', true}));
    EXPECT_EQ(sniff_dialect("1|2\n3|4\n"), (CsvDialect{'|', '"', false}));
    EXPECT_EQ(sniff_dialect("'a','b, c'\n'd','e'\n"), (CsvDialect{',', '\'', true}));
    EXPECT_FALSE(sniff_dialect("Rome,3\nOslo,4\nRome,5\n").has_header);
    EXPECT_TRUE(sniff_dialect("place,1960\nRome,3.5\nOslo,4.25\n").has_header);
    EXPECT_EQ(sniff_dialect("name,city\nada,rome\nbob,rome\n"), (CsvDialect{',', '"', true}));
}

TEST(CsvDialect, IsDeclaredByTheFirstLine) {
    const CsvDialect semicolon{';', '"', true, true};
    EXPECT_EQ(sniff_dialect("sep=;\na,b;c\n1,5;2\n2,5;3\n"), semicolon);
    EXPECT_EQ(sniff_dialect("SEP=;\r\na,b;c\r\n1,5;2\r\n"), semicolon);
    EXPECT_EQ(sniff_dialect("\"sep=;\"\ra;b\r1;2\r"), semicolon);
    EXPECT_EQ(sniff_dialect("sep=\t\na\tb\n1\t2\n"), (CsvDialect{'\t', '"', true, true}));
    EXPECT_EQ(sniff_dialect("sep=\\t\na\tb\n1\t2\n"), (CsvDialect{'\t', '"', true, true}));
    EXPECT_EQ(sniff_dialect("sep=^\n1^2\n3^4\n"), (CsvDialect{'^', '"', false, true}));
    for (const char* other : {"sep=ab\n1,2\n", "sep=x\n1,2\n", "sep=\n1,2\n", "sep,a\n1,2\n"}) {
        EXPECT_FALSE(sniff_dialect(other).has_declaration) << other;
    }
    EXPECT_TRUE(looks_like_csv("sep=;\na;b\n1;2\n"));
    EXPECT_TRUE(looks_like_csv("sep=;\nname\nada\nbob\n"));
    EXPECT_FALSE(looks_like_csv("sep=;\n"));
}

TEST(Table, LeavesOutTheLineThatDeclaresTheDelimiter) {
    for (const char* text :
         {"\xEF\xBB\xBFsep=;\r\na;b\r\n1;2\r\n3;4\r\n", "sep=;\na;b\n1;2\n3;4"}) {
        const auto table = Table::open(text);
        ASSERT_TRUE(table);
        EXPECT_EQ(table->columns(), (std::vector<std::string>{"a", "b"}));
        std::vector<std::string> firsts;
        const auto scan = table->scan([&](std::span<const std::string_view> fields) {
            firsts.emplace_back(fields[0]);
            return true;
        });
        ASSERT_TRUE(scan);
        EXPECT_EQ(firsts, (std::vector<std::string>{"1", "3"}));
        EXPECT_EQ(scan->ragged_rows, 0);
    }
    const auto nameless = Table::open("sep=,\n1,2\n3,4\n1,5\n");
    EXPECT_EQ(nameless->columns(), (std::vector<std::string>{"column 1", "column 2"}));
    EXPECT_EQ(Table::open("sep=,\n").error(), TableFailure::no_rows);
}

TEST(CsvDialect, TellsTablesFromProse) {
    EXPECT_TRUE(looks_like_csv("name,age\nada,36\nbob,41\n"));
    EXPECT_TRUE(looks_like_csv("name, age\nada, 36\nbob, 41\n"));
    EXPECT_FALSE(looks_like_csv("Dear Ada,\n\nthank you, it was good.\nBob, of all people,\n"));
    EXPECT_FALSE(looks_like_csv("When it rains, it pours.\nWhen it shines, it burns.\n"));
    EXPECT_FALSE(looks_like_csv("one\ntwo\nthree\n"));
}

TEST(Table, KeepsRaggedRowsAndNamesColumns) {
    const std::string text = "\xEF\xBB\xBFx,,x\n1,2\n1,2,3,4\n5,6,7\n";
    const auto table = Table::open(text).value();
    EXPECT_EQ(table.columns(), (std::vector<std::string>{"x", "Unnamed: 1", "x.1"}));
    const auto profile = profile_table(table).value();
    EXPECT_EQ(profile.rows, 3);
    EXPECT_EQ(profile.ragged_rows, 2);
    EXPECT_EQ(profile.columns[2].count, 2);
    EXPECT_EQ(profile.columns[2].max, 7.0);
    std::string rows;
    EXPECT_TRUE(for_each_row_page(table, 10, [&](RowPage&& page) { rows += page.text; }));
    EXPECT_EQ(rows, "x | Unnamed: 1 | x.1\n1 | 2 | \n1 | 2 | 3 | 4\n5 | 6 | 7");
}

TEST(Table, GivesRowNamesAColumn) {
    const auto table = Table::open("\"y\",\"z\"\n\"r1\",1,2\n\"r2\",3,4\n").value();
    EXPECT_EQ(table.columns(), (std::vector<std::string>{"row name", "y", "z"}));
    EXPECT_EQ(profile_table(table)->ragged_rows, 0);
}

TEST(Table, ReadsAnyEncodingAndCountsWhatItCannot) {
    const auto top = [](std::string_view text) {
        const auto profile = profile_table(Table::open(text).value()).value();
        return std::tuple(profile.encoding, *profile.columns[0].top, profile.replaced_characters);
    };
    EXPECT_EQ(top("n,v\ncaf\xC3\xA9,1\n"), std::tuple("utf-8", "café", 0));
    EXPECT_EQ(top("n,v\ncaf\xE9,1\n"), std::tuple("windows-1252", "café", 0));
    EXPECT_EQ(top("n,v\ncaf\xC3\xA9,1\ncaf\xC3\xA9,2\nna\xEFve,3\n"),
              std::tuple("utf-8", "café", 1));
    EXPECT_EQ(top("n,v\nna\xEFve,1\nna\xEFve,2\ncaf\xC3\xA9\xC3\xA9,3\n"),
              std::tuple("utf-8", "naïve", 2));
    const std::string wide(
        "\xFF\xFEn\0,\0v\0\n\0\xE9\0,\0"
        "1\0\n\0",
        18);
    EXPECT_EQ(top(wide), std::tuple("utf-16le", "é", 0));
}

TEST(Table, RefusesAColumnThatNeedsTooMuchMemory) {
    std::string text = "id,n\n";
    for (int i = 0; i < 5000; ++i)
        text += "name" + std::to_string(i) + "," + std::to_string(i) + "\n";
    EXPECT_EQ(profile_table(Table::open(text).value(), 100'000).error(), TableFailure::too_large);
    Plan plan;
    plan.group_by = {"id"};
    plan.aggregates = {{Function::median, "n"}};
    EXPECT_EQ(run_plan(Table::open(text).value(), plan, 100'000).error(), TableFailure::too_large);
}

TEST(Plan, RefusesWhatItCannotDo) {
    const auto table = Table::open("name,age\nada,36\nbob,41\n").value();
    const auto error = [&](const Plan& plan) { return run_plan(table, plan).error(); };
    Plan unknown;
    unknown.select = {"size"};
    EXPECT_EQ(error(unknown), TableFailure::plan_invalid);
    Plan mean_of_text;
    mean_of_text.aggregates = {{Function::mean, "name"}};
    EXPECT_EQ(error(mean_of_text), TableFailure::plan_invalid);
    Plan order;
    order.aggregates = {{Function::mean, "age"}};
    order.order = Order{"age", true};
    EXPECT_EQ(error(order), TableFailure::plan_invalid);
    Plan limit;
    limit.limit = 0;
    EXPECT_EQ(error(limit), TableFailure::plan_invalid);
}

TEST(RowPages, CarryTheHeaderInEachPassage) {
    std::string text = "name,note\n";
    for (int i = 0; i < 200; ++i) text += "n" + std::to_string(i) + ",\"two\nlines\"\n";
    const auto table = Table::open(text).value();
    std::vector<RowPage> pages;
    const auto left_out =
        for_each_row_page(table, 3, [&](RowPage&& page) { pages.push_back(std::move(page)); });
    ASSERT_EQ(pages.size(), 3U);
    EXPECT_TRUE(pages[0].text.starts_with("name | note\nn0 | two lines\nn1 | two lines\n"));
    EXPECT_EQ(pages[0].label.substr(0, 9), "rows 1–");
    for (const auto& page : pages) {
        EXPECT_LE(page.text.size(), row_page_bytes_max);
        EXPECT_TRUE(page.text.starts_with("name | note\n"));
    }
    EXPECT_GT(*left_out, 0);
}

TEST(RowPages, NameEachFieldWhereNamesAreLong) {
    std::string names;
    for (int i = 0; i < 60; ++i) names += (i > 0 ? "," : "") + ("a_long_name_" + std::to_string(i));
    const std::string text = names + "\n" + std::string(59, ',') + "7\n";
    std::vector<RowPage> pages;
    const auto table = Table::open(text).value();
    const auto left_out =
        for_each_row_page(table, 10, [&](RowPage&& page) { pages.push_back(std::move(page)); });
    ASSERT_EQ(pages.size(), 1U);
    EXPECT_EQ(pages[0].text, "a_long_name_59: 7");
    EXPECT_EQ(*left_out, 0);
}

}  // namespace
}  // namespace stoa::tables
