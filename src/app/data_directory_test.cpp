// SPDX-License-Identifier: Apache-2.0
#include "app/data_directory.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <unistd.h>

namespace stoa::app {
namespace {

namespace fs = std::filesystem;

class DataDirectoryTest : public testing::Test {
  protected:
    DataDirectoryTest() { fs::remove_all(folder_); }
    ~DataDirectoryTest() override { fs::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) {
        fs::create_directories(folder_);
        std::ofstream(folder_ / name) << text;
    }
    std::string code_of_open() {
        const auto opened = DataDirectory::open(folder_);
        return opened ? "" : std::string(opened.error().code);
    }
    std::ptrdiff_t entries() {
        return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
    }

    const fs::path folder_ =
        fs::path(testing::TempDir()) / ("stoa-data-test-" + std::to_string(getpid()));
};

TEST_F(DataDirectoryTest, MakesANewOneAndComesBackToIt) {
    for (int start = 0; start < 2; ++start) {
        const auto data = DataDirectory::open(folder_);
        ASSERT_TRUE(data) << data.error().message;
        EXPECT_TRUE(fs::is_directory(data->files()));
        EXPECT_TRUE(fs::exists(folder_ / "VERSION"));
    }
}

TEST_F(DataDirectoryTest, LeavesWhatIsNotItsOwn) {
    write("thesis.tex", "years of work");
    EXPECT_EQ(code_of_open(), "data_foreign");
    write("VERSION", "7.1");
    EXPECT_EQ(code_of_open(), "data_foreign");
    EXPECT_EQ(entries(), 2);
}

TEST_F(DataDirectoryTest, LeavesANewerFormat) {
    write("VERSION", "stoa data format 2\n");
    EXPECT_EQ(code_of_open(), "data_newer");
    EXPECT_EQ(entries(), 1);
}

TEST_F(DataDirectoryTest, TakesUpAFirstStartThatWasCutShort) {
    write("VERSION.new", "stoa da");
    EXPECT_EQ(code_of_open(), "");
}

TEST_F(DataDirectoryTest, ServesOneAtATimeAndNamesTheOther) {
    const auto first = DataDirectory::open(folder_);
    ASSERT_TRUE(first);
    const auto second = DataDirectory::open(folder_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "data_in_use");
    EXPECT_NE(second.error().message.find("process " + std::to_string(getpid()) + ";"),
              std::string::npos);
}

TEST_F(DataDirectoryTest, RefusesWhatIsNoFolder) {
    std::ofstream(folder_) << "a file";
    EXPECT_EQ(code_of_open(), "data_unwritable");
}

TEST_F(DataDirectoryTest, CheckChangesNothing) {
    EXPECT_TRUE(DataDirectory::check(folder_ / "deeper"));
    EXPECT_FALSE(fs::exists(folder_));
}

}  // namespace
}  // namespace stoa::app
