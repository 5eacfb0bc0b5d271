// SPDX-License-Identifier: AGPL-3.0-or-later
// stoa-extract: reads one PDF from standard input, in a sandbox, and writes its pages to standard
// output as extraction/wire.hpp tells. Stoa starts one process for each file.
#include "stoa_extract/document.hpp"
#include "stoa_extract/frame_writer.hpp"
#include "stoa_extract/inflate_limit.hpp"
#include "stoa_extract/sandbox.hpp"

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
    const char* self_test = nullptr;
};

constexpr const char* usage =
    "Usage: stoa-extract [--version] [--pages-max N] [--page-bytes-max N] [--output-bytes-max N]\n"
    "                    [--inflated-bytes-max N] [--memory-bytes-max N] [--cpu-seconds N] "
    "<FILE.pdf\n"
    "Writes the pages of a PDF, with the box of each word, in the binary form that Stoa reads.\n";

bool parse(int count, char** arguments, Options& options) {
    const std::pair<std::string_view, std::size_t*> numbers[] = {
        {"--pages-max", &options.pages_max},
        {"--page-bytes-max", &options.page_bytes_max},
        {"--output-bytes-max", &options.output_bytes_max},
        {"--inflated-bytes-max", &options.inflated_bytes_max},
        {"--memory-bytes-max", &options.memory_bytes_max},
        {"--cpu-seconds", &options.cpu_seconds}};
    for (int i = 1; i < count; i += 2) {
        if (i + 1 == count) return false;
        const std::string_view name = arguments[i];
        const std::string_view value = arguments[i + 1];
        bool known = name == "--self-test";
        if (known) options.self_test = arguments[i + 1];
        for (const auto& [option, target] : numbers) {
            if (option != name) continue;
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), *target);
            if (error != std::errc() || end != value.data() + value.size()) return false;
            known = true;
        }
        if (!known) return false;
    }
    return options.pages_max <= 1'000'000 && options.page_bytes_max <= 1u << 30;
}

/// Standard input as memory: only a regular file will do, and the sandbox needs no read for it.
std::string_view map_input() {
    struct stat status{};
    if (fstat(STDIN_FILENO, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0) {
        return {};
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
    if (bytes == MAP_FAILED) return {};
    return {static_cast<const char*>(bytes), size};
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
    const std::string_view input = map_input();
    const SandboxLimits limits{options.memory_bytes_max + input.size(), options.cpu_seconds};
    if (!prepare_inflate_limit(options.inflated_bytes_max) || !enter_sandbox(limits)) {
        write_failure_and_exit(Failure::no_sandbox);
    }
    if (options.self_test != nullptr) return try_to_escape(options.self_test);
    try {
        extract_document(reinterpret_cast<const unsigned char*>(input.data()), input.size(),
                         {static_cast<int>(options.pages_max), options.page_bytes_max,
                          options.output_bytes_max});
    } catch (const std::bad_alloc&) {
        write_failure_and_exit(Failure::too_complex);
    }
    _exit(0);
}
