// SPDX-License-Identifier: Apache-2.0
#include "base/line_writer.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace stoa {
namespace {

struct Pipe {
    std::array<int, 2> ends{};
    Pipe() { EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0); }
    ~Pipe() {
        close(ends[0]);
        close(ends[1]);
    }
    [[nodiscard]] std::string read_some() const {
        std::string bytes(64 * 1024, '\0');
        const auto size = read(ends[0], bytes.data(), bytes.size());
        bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        return bytes;
    }
};

TEST(LineWriter, WritesLinesInOrder) {
    const Pipe pipe;
    LineWriter writer(pipe.ends[1]);
    EXPECT_TRUE(writer.push("one"));
    EXPECT_TRUE(writer.push("two"));
    EXPECT_TRUE(writer.flush(std::chrono::seconds(60)));
    EXPECT_EQ(pipe.read_some(), "one\ntwo\n");
    EXPECT_EQ(writer.dropped(), 0U);
}

TEST(LineWriter, NeverWaitsForItsReaderAndTellsOnlyWholeLines) {
    const Pipe pipe;
    LineWriter writer(pipe.ends[1]);
    const std::string line(999, 'a');
    std::size_t taken = 0;
    for (int i = 0; i < 4'000; ++i) taken += writer.push(line) ? 1U : 0U;
    EXPECT_GT(taken, LineWriter::waiting_bytes_max / 1'000 - 1);
    EXPECT_EQ(writer.dropped(), 4'000 - taken);
    EXPECT_FALSE(writer.flush(std::chrono::milliseconds(1)));

    std::string read;
    while (read.size() < taken * 1'000) read += pipe.read_some();
    EXPECT_TRUE(writer.flush(std::chrono::seconds(60)));
    EXPECT_EQ(read.size(), taken * 1'000);
    for (std::size_t at = 0; at < read.size(); at += 1'000) {
        ASSERT_EQ(read.compare(at, 1'000, line + "\n"), 0) << at;
    }
    EXPECT_TRUE(writer.push("later")) << "what was dropped does not stop what comes";
}

TEST(LineWriter, EndsThoughNobodyReads) {
    const Pipe pipe;
    auto writer = std::make_unique<LineWriter>(pipe.ends[1]);
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(writer->push(std::string(999, 'a')));
    writer.reset();
    EXPECT_EQ(pipe.read_some().substr(0, 1'000), std::string(999, 'a') + "\n");
}

TEST(LineWriter, TakesLinesLongerThanAPipesPiece) {
    const Pipe pipe;
    LineWriter writer(pipe.ends[1]);
    const std::string line(20'000, 'b');
    EXPECT_TRUE(writer.push(line));
    std::string read;
    while (read.size() < line.size() + 1) read += pipe.read_some();
    EXPECT_EQ(read, line + "\n");
}

}  // namespace
}  // namespace stoa
