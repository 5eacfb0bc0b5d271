// SPDX-License-Identifier: Apache-2.0
#include "tables/csv_writer.hpp"

#include <gtest/gtest.h>

namespace stoa::tables {
namespace {

TEST(CsvWriter, QuotesWhatHasToBe) {
    EXPECT_EQ(csv_field("plain text"), "plain text");
    EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
    EXPECT_EQ(csv_field("say \"so\""), "\"say \"\"so\"\"\"");
    EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
}

TEST(CsvWriter, DisarmsFormulas) {
    EXPECT_EQ(csv_field("=1+1"), "'=1+1");
    EXPECT_EQ(csv_field("=HYPERLINK(\"http://x\",\"y\")"),
              "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
    EXPECT_EQ(csv_field("@SUM(A1)"), "'@SUM(A1)");
    EXPECT_EQ(csv_field("+1+cmd|' /C calc'!A0"), "'+1+cmd|' /C calc'!A0");
    EXPECT_EQ(csv_field("-2+3"), "'-2+3");
    EXPECT_EQ(csv_field("\t=1"), "\"'\t=1\"");
    EXPECT_EQ(csv_field("\r=1"), "\"'\r=1\"");
    EXPECT_EQ(csv_field("\uFF1D1"), "'\uFF1D1");
}

TEST(CsvWriter, LeavesNumbersAlone) {
    for (const char* number : {"-2", "+3", "-2.5e-3", "-.5", "0"}) {
        EXPECT_EQ(csv_field(number), number);
    }
}

TEST(CsvWriter, WritesHeaderAndRows) {
    const std::string csv = write_csv({"name", "n"}, {{"a \"b\", c\nd", "1"}, {std::nullopt, "2"}});
    EXPECT_EQ(csv, "name,n\r\n\"a \"\"b\"\", c\nd\",1\r\n,2\r\n");
    EXPECT_EQ(write_csv({"only"}, {{std::nullopt}}), "only\r\n\"\"\r\n");
}

}  // namespace
}  // namespace stoa::tables
