// SPDX-License-Identifier: Apache-2.0
// What the tests of the extractor share: files in a folder of their own, and all that comes of one.
// One thread.
#pragma once

#include "extraction/extractor.hpp"
#include "extraction/test_pdf.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace stoa::extraction::test {

struct Extraction {
    Result<Summary> summary = Summary{};
    std::vector<Page> pages;
    int announced = 0;
    [[nodiscard]] std::string_view code() const {
        return summary ? std::string_view("") : summary.error().code;
    }
};

class ExtractorTest : public ::testing::Test {
  protected:
    ExtractorTest() {
        std::string name = (std::filesystem::temp_directory_path() / "extraction-XXXXXX").string();
        directory_ = mkdtemp(name.data());
    }
    ~ExtractorTest() override { std::filesystem::remove_all(directory_); }

    std::filesystem::path write(const std::string& name, std::string_view bytes) {
        const auto path = directory_ / name;
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }
    /// A shell script in the place of stoa-extract.
    std::filesystem::path write_program(const std::string& script) {
        const auto path = write("program", "#!/bin/sh\n" + script);
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return path;
    }
    static std::filesystem::path program() {
        const char* given = std::getenv("STOA_EXTRACT");
        return given == nullptr ? STOA_EXTRACT : given;
    }
    static Extraction extract_file(const std::filesystem::path& file, const Limits& limits = {},
                                   const std::filesystem::path& by = program()) {
        Extraction result;
        const auto input = InputFile::open(file);
        if (!input) {
            result.summary = fail(input);
            return result;
        }
        result.summary = Extractor(by, limits)
                             .extract(
                                 *input,
                                 [&](int count) -> Result<void> {
                                     result.announced = count;
                                     return {};
                                 },
                                 [&](Page&& page) -> Result<void> {
                                     result.pages.push_back(std::move(page));
                                     return {};
                                 });
        return result;
    }
    Extraction extract(std::string_view bytes, const Limits& limits = {}) {
        return extract_file(write("file", bytes), limits);
    }
    /// The text of a page with this content.
    std::string text_of(const std::string& content) {
        PdfWriter pdf;
        pdf.add_page(content);
        const Extraction done = extract(pdf.build());
        EXPECT_EQ(done.code(), "");
        return done.pages.empty() ? "" : done.pages[0].text;
    }

    std::filesystem::path directory_;
};

}  // namespace stoa::extraction::test
