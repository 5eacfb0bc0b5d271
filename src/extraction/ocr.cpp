// SPDX-License-Identifier: Apache-2.0
#include "extraction/ocr.hpp"

#include "base/text.hpp"
#include "extraction/input_file.hpp"
#include "extraction/sandboxed_process.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include <unistd.h>

namespace stoa::extraction {
namespace {

constexpr std::size_t tsv_bytes_max = 8u << 20;
constexpr std::chrono::seconds wall_max{180};

/// A line of Tesseract's TSV: level, page, block, paragraph, line, word, left, top, width, height,
/// confidence, text.
struct TsvLine {
    std::array<int, 10> numbers{};
    std::string_view text;

    static std::optional<TsvLine> read(std::string_view line) {
        TsvLine read;
        for (int& number : read.numbers) {
            const auto tab = line.find('\t');
            if (tab == std::string_view::npos) return std::nullopt;
            const auto [end, error] = std::from_chars(line.data(), line.data() + tab, number);
            if (error != std::errc() || end != line.data() + tab) return std::nullopt;
            line.remove_prefix(tab + 1);
        }
        const auto tab = line.find('\t');
        if (tab == std::string_view::npos) return std::nullopt;
        read.text = line.substr(tab + 1);
        while (read.text.ends_with('\r') || read.text.ends_with(' ')) read.text.remove_suffix(1);
        const bool readable =
            !read.text.empty() && is_utf8(read.text) &&
            read.text.find_first_of(std::string_view("\0 \t", 3)) == std::string_view::npos;
        constexpr int word_level = 5;
        return readable && read.numbers[0] == word_level ? std::optional(read) : std::nullopt;
    }
    [[nodiscard]] bool same_paragraph(const TsvLine& other) const {
        return std::equal(numbers.begin() + 1, numbers.begin() + 4, other.numbers.begin() + 1);
    }
    [[nodiscard]] bool same_line(const TsvLine& other) const {
        return same_paragraph(other) && numbers[4] == other.numbers[4];
    }
};

Box box_of(const TsvLine& line, float x_scale, float y_scale, const Page& page) {
    const auto at = [&](std::size_t index, float scale, float most) {
        return std::clamp(static_cast<float>(line.numbers[index]) * scale, 0.0F, most);
    };
    const float x0 = at(6, x_scale, page.width);
    const float y0 = at(7, y_scale, page.height);
    return {x0, y0, std::max(x0, std::min(x0 + at(8, x_scale, page.width), page.width)),
            std::max(y0, std::min(y0 + at(9, y_scale, page.height), page.height))};
}

}  // namespace

std::filesystem::path find_tesseract() {
    for (const char* path : {"/usr/bin/tesseract", "/usr/local/bin/tesseract"}) {
        if (access(path, X_OK) == 0) return path;
    }
    return {};
}

bool take_recognised_words(std::string_view tsv, std::uint32_t width, std::uint32_t height,
                           Page& page) {
    const float x_scale = page.width / static_cast<float>(std::max(width, 1U));
    const float y_scale = page.height / static_cast<float>(std::max(height, 1U));
    std::string text;
    std::vector<Word> words;
    TsvLine before;
    while (!tsv.empty() && words.size() < wire::words_max) {
        const auto end = std::min(tsv.find('\n'), tsv.size());
        const auto line = TsvLine::read(tsv.substr(0, end));
        tsv.remove_prefix(std::min(end + 1, tsv.size()));
        if (!line) continue;
        if (!text.empty()) {
            text += line->same_line(before) ? " " : line->same_paragraph(before) ? "\n" : "\n\n";
        }
        before = *line;
        const auto begin = static_cast<std::uint32_t>(text.size());
        text += line->text;
        words.push_back({begin, static_cast<std::uint32_t>(text.size()),
                         box_of(*line, x_scale, y_scale, page)});
    }
    if (words.empty()) return false;
    page.text = std::move(text);
    page.words = std::move(words);
    page.needs_ocr = false;
    return true;
}

bool read_scanned_page(const std::filesystem::path& extract_program, const OcrOptions& options,
                       const ReplyImage& image, Page& page) {
    const std::string header =
        "P5\n" + std::to_string(image.width) + " " + std::to_string(image.height) + "\n255\n";
    const auto file = InputFile::hold({header, image.grey});
    if (!file) return false;
    auto process = SandboxedProcess::start(
        extract_program, {"--ocr", options.tesseract.string(), "--languages", options.languages},
        {file->descriptor()}, wall_max);
    if (!process) return false;
    std::string tsv;
    std::vector<char> piece(64u << 10);
    while (true) {
        const auto count = process->read(piece);
        if (!count || tsv.size() + *count > tsv_bytes_max) return false;
        if (*count == 0) break;
        tsv.append(piece.data(), *count);
    }
    const auto ending = process->wait();
    if (!ending || *ending != SandboxedProcess::Ending::exited) return false;
    return take_recognised_words(tsv, image.width, image.height, page);
}

}  // namespace stoa::extraction
