// SPDX-License-Identifier: AGPL-3.0-or-later
// stoa-extract: reads one document from standard input, in a sandbox, and writes its pages, or what
// is asked of a table, to standard output as extraction/wire.hpp tells. Stoa starts one process for
// each file.
#include "extraction/format.hpp"
#include "markup/html_reader.hpp"
#include "stoa_extract/document.hpp"
#include "stoa_extract/flow_document.hpp"
#include "stoa_extract/frame_writer.hpp"
#include "stoa_extract/inflate_limit.hpp"
#include "stoa_extract/sandbox.hpp"
#include "stoa_extract/table_document.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include <mupdf/fitz/version.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace stoa::extract;

struct Options {
    std::size_t pages_max = 20'000;
    std::size_t page_bytes_max = 4u << 20;
    std::size_t output_bytes_max = 512u << 20;
    std::size_t inflated_bytes_max = 128u << 20;
    std::size_t memory_bytes_max = 1u << 30;
    std::size_t cpu_seconds = 120;
    std::size_t table_pages_max = 1000;
    std::size_t scan_resolution = 0;
    bool profile = false;
    bool query = false;
    const char* tesseract = nullptr;
    const char* languages = "eng";
    const char* self_test = nullptr;
};

constexpr const char* usage =
    "Usage: stoa-extract [--version] [--pages-max N] [--page-bytes-max N] [--output-bytes-max N]\n"
    "                    [--inflated-bytes-max N] [--memory-bytes-max N] [--cpu-seconds N]\n"
    "                    [--table-pages-max N] [--scan-resolution N] [--profile 1] [--query 1] "
    "<FILE [3<PLAN]\n"
    "       stoa-extract --ocr TESSERACT [--languages NAMES] <PICTURE\n"
    "Writes the pages of a PDF, with the box of each word, or of a DOCX, HTML, Markdown, text or "
    "CSV file\nin the binary form that Stoa reads; of a CSV file also its profile, or the answer "
    "to a "
    "plan in JSON.\n";

bool parse(int count, char** arguments, Options& options) {
    const std::pair<std::string_view, std::size_t*> numbers[] = {
        {"--pages-max", &options.pages_max},
        {"--page-bytes-max", &options.page_bytes_max},
        {"--output-bytes-max", &options.output_bytes_max},
        {"--inflated-bytes-max", &options.inflated_bytes_max},
        {"--memory-bytes-max", &options.memory_bytes_max},
        {"--cpu-seconds", &options.cpu_seconds},
        {"--table-pages-max", &options.table_pages_max},
        {"--scan-resolution", &options.scan_resolution}};
    const std::pair<std::string_view, const char**> texts[] = {{"--ocr", &options.tesseract},
                                                               {"--languages", &options.languages},
                                                               {"--self-test", &options.self_test}};
    const std::pair<std::string_view, bool*> flags[] = {{"--profile", &options.profile},
                                                        {"--query", &options.query}};
    for (int i = 1; i < count; i += 2) {
        if (i + 1 == count) return false;
        const std::string_view name = arguments[i];
        const std::string_view value = arguments[i + 1];
        bool known = false;
        for (const auto& [option, target] : flags) {
            if (option != name) continue;
            *target = true;
            known = true;
        }
        for (const auto& [option, target] : texts) {
            if (option != name) continue;
            *target = arguments[i + 1];
            known = true;
        }
        for (const auto& [option, target] : numbers) {
            if (option != name) continue;
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), *target);
            if (error != std::errc() || end != value.data() + value.size()) return false;
            known = true;
        }
        if (!known) return false;
    }
    return options.pages_max >= 1 && options.pages_max <= 1'000'000 &&
           options.page_bytes_max <= 1u << 30 && options.scan_resolution <= 1200;
}

/// A descriptor as memory: only a regular file will do, and the sandbox needs no read for it.
std::string_view map_file(int descriptor) {
    struct stat status{};
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0) {
        return {};
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED) return {};
    return {static_cast<const char*>(bytes), size};
}

void answer(std::string_view input, std::string_view plan, const Options& options) {
    namespace extraction = stoa::extraction;
    using extraction::Format;
    const DocumentLimits limits{static_cast<int>(options.pages_max),
                                options.page_bytes_max,
                                options.output_bytes_max,
                                options.inflated_bytes_max,
                                options.table_pages_max,
                                static_cast<int>(options.scan_resolution)};
    const auto tail =
        input.substr(input.size() - std::min(input.size(), extraction::sniffed_bytes));
    const auto format = extraction::sniff(input.substr(0, extraction::sniffed_bytes), tail);
    if (!format) write_failure_and_exit(extraction::wire::Failure::not_readable);
    if (options.query) return query_table(input, plan);
    if (options.profile) return profile_table(input);
    if (*format == Format::csv) return extract_table(input, limits);
    if (*format != Format::pdf) return extract_flow(input, *format, limits);
    extract_pdf(reinterpret_cast<const unsigned char*>(input.data()), input.size(), limits);
}

}  // namespace

int main(int count, char** arguments) {
    using stoa::extraction::wire::Failure;
    if (count == 2 && std::strcmp(arguments[1], "--version") == 0) {
        std::printf("stoa-extract %s (MuPDF %s)\n", STOA_VERSION, FZ_VERSION);
        return 0;
    }
    Options options;
    if (!parse(count, arguments, options)) {
        std::fputs(usage, stderr);
        return 2;
    }
    if (options.tesseract != nullptr) {
        become_tesseract(options.tesseract, options.languages);
        return 1;
    }
    constexpr int plan_descriptor = 3;
    const std::string_view input = map_file(STDIN_FILENO);
    const std::string_view plan = options.query ? map_file(plan_descriptor) : std::string_view();
    stoa::markup::prepare_xml_library();
    const SandboxLimits limits{options.memory_bytes_max + input.size(), options.cpu_seconds};
    if (!prepare_inflate_limit(options.inflated_bytes_max) || !enter_sandbox(limits)) {
        write_failure_and_exit(Failure::no_sandbox);
    }
    if (options.self_test != nullptr) return try_to_escape(options.self_test);
    try {
        answer(input, plan, options);
    } catch (const std::bad_alloc&) {
        write_failure_and_exit(Failure::too_complex);
    }
    _exit(0);
}
