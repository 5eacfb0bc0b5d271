// SPDX-License-Identifier: Apache-2.0
#include "base/unnamed_file.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace stoa {
namespace {

namespace fs = std::filesystem;

class UnnamedFileTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "stoa-unnamed-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        directory = pattern;
    }
    void TearDown() override { fs::remove_all(directory); }
    fs::path directory;
};

TEST_F(UnnamedFileTest, Holds_what_was_appended_and_leaves_no_name) {
    auto file = UnnamedFile::make(directory).value();
    ASSERT_TRUE(file.append("Whales "));
    ASSERT_TRUE(file.append("sing."));
    EXPECT_TRUE(fs::is_empty(directory));
    EXPECT_EQ(file.size(), 12U);
    EXPECT_EQ(file.read(0, 100).value(), "Whales sing.");
    EXPECT_EQ(file.read(7, 4).value(), "sing");
    EXPECT_EQ(file.read(12, 4).value(), "");
    const auto moved = std::move(file);
    EXPECT_EQ(moved.read(0, 6).value(), "Whales");
}

TEST_F(UnnamedFileTest, Tells_of_a_folder_that_is_away) {
    EXPECT_EQ(UnnamedFile::make(directory / "none").error().code, "storage_failed");
    EXPECT_EQ(storage_error(28).value().code, "storage_full");  // ENOSPC
}

}  // namespace
}  // namespace stoa
