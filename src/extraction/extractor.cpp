// SPDX-License-Identifier: Apache-2.0
#include "extraction/extractor.hpp"

#include "extraction/input_file.hpp"
#include "extraction/reply.hpp"
#include "extraction/sandboxed_process.hpp"
#include "extraction/text_pager.hpp"

#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace stoa::extraction {
namespace {

constexpr std::size_t read_bytes = 64u << 10;

auto damaged() {
    return fail(ErrorKind::invalid, "pdf_damaged",
                "The PDF is damaged or cut off and cannot be repaired; upload a complete copy.");
}

auto crashed() {
    return fail(ErrorKind::invalid, "extraction_crashed",
                "The file made its parser fail; it is damaged or hostile. Save it anew from the "
                "program that made it and upload that.");
}

auto too_complex() {
    return fail(
        ErrorKind::too_large, "pdf_too_complex",
        "The PDF unpacks to far more than a document of its kind needs; save it anew without "
        "large graphics, or split it.");
}

auto too_many_pages(int pages_max) {
    return fail(
        ErrorKind::too_large, "too_many_pages",
        "The document has more than " + std::to_string(pages_max) + " pages; split it into parts.");
}

auto extraction_unavailable() {
    return unavailable("extraction_unavailable", "The server cannot read documents at the moment.",
                       std::chrono::seconds(5));
}

tl::unexpected<Error> failure_of(wire::Failure failure, const Limits& limits) {
    switch (failure) {
        case wire::Failure::not_a_pdf:
            return fail(ErrorKind::unsupported_type, "not_a_pdf",
                        "The file is no PDF: it has no \"%PDF-\" near its start.");
        case wire::Failure::encrypted:
            return fail(ErrorKind::invalid, "pdf_encrypted",
                        "The PDF is encrypted and asks for a password; upload a copy without one.");
        case wire::Failure::damaged:
            return damaged();
        case wire::Failure::too_many_pages:
            return too_many_pages(limits.pages_max);
        case wire::Failure::too_complex:
            return too_complex();
        case wire::Failure::no_sandbox:
            break;
    }
    return extraction_unavailable();
}

/// What it means that the process ended although its reply was not complete.
tl::unexpected<Error> failure_of(SandboxedProcess::Ending ending) {
    switch (ending) {
        case SandboxedProcess::Ending::exited:
        case SandboxedProcess::Ending::crashed:
            return crashed();
        case SandboxedProcess::Ending::cpu_used_up:
            return fail(ErrorKind::invalid, "extraction_timeout",
                        "The document takes too much computing to read; save it anew from the "
                        "program that made it, or split it.");
        case SandboxedProcess::Ending::killed_by_others:
            return unavailable("extraction_crashed",
                               "Reading the document was interrupted; it can be tried again.",
                               std::chrono::seconds(5));
        case SandboxedProcess::Ending::not_started:
            break;
    }
    return extraction_unavailable();
}

std::vector<std::string> arguments_of(const Limits& limits) {
    return {"--pages-max",          std::to_string(limits.pages_max),
            "--page-bytes-max",     std::to_string(limits.page_bytes_max),
            "--output-bytes-max",   std::to_string(limits.output_bytes_max),
            "--inflated-bytes-max", std::to_string(limits.inflated_bytes_max),
            "--memory-bytes-max",   std::to_string(limits.memory_bytes_max),
            "--cpu-seconds",        std::to_string(limits.cpu.count())};
}

bool has_text(const Page& page) {
    constexpr std::string_view unreadable = "\xEF\xBF\xBD";  // U+FFFD
    for (std::size_t i = 0; i < page.text.size();) {
        if (std::string_view(page.text).substr(i).starts_with(unreadable))
            i += unreadable.size();
        else if (page.text[i] == ' ' || page.text[i] == '\n')
            ++i;
        else
            return true;
    }
    return false;
}

/// Passes on what a process says as it comes, and remembers what the summary needs.
class Delivery {
  public:
    Delivery(const Limits& limits, const Extractor::OnStart& on_start,
             const Extractor::OnPage& on_page)
        : limits_(limits), on_start_(on_start), on_page_(on_page) {}

    Result<void> operator()(ReplyStart&& start) {
        summary_.page_count = start.page_count;
        summary_.title = std::move(start.title);
        return on_start_(summary_.page_count);
    }
    Result<void> operator()(Page&& page) {
        readable_ = readable_ || has_text(page);
        return on_page_(std::move(page));
    }
    Result<void> operator()(ReplyEnd&& end) {
        summary_.broken_pages = end.broken_pages;
        return {};
    }
    Result<void> operator()(wire::Failure&& failure) { return failure_of(failure, limits_); }

    [[nodiscard]] Result<Summary> summary() const {
        if (readable_) return summary_;
        if (summary_.broken_pages == summary_.page_count) return damaged();
        return fail(
            ErrorKind::invalid, "no_text",
            "The PDF has no text, only pictures: it looks scanned. Recognising text (OCR) is "
            "not available here; upload a version with text.");
    }

  private:
    const Limits& limits_;
    const Extractor::OnStart& on_start_;
    const Extractor::OnPage& on_page_;
    Summary summary_;
    bool readable_ = false;
};

Result<Summary> extract_pdf(const std::filesystem::path& program, const Limits& limits,
                            const InputFile& file, Delivery delivery) {
    auto process =
        SandboxedProcess::start(program, arguments_of(limits), file.descriptor(), limits.wall);
    if (!process) return fail(process);
    ReplyParser parser(limits);
    std::vector<char> bytes(read_bytes);
    while (true) {
        const auto count = process->read(bytes);
        if (!count) return fail(count);
        if (*count == 0) break;
        parser.feed({bytes.data(), *count});
        while (true) {
            auto event = parser.next();
            if (!event) return fail(event);
            if (!*event) break;
            if (auto done = std::visit(delivery, std::move(**event)); !done) {
                return fail(done);
            }
        }
    }
    if (parser.finished()) return delivery.summary();
    const auto ending = process->wait();
    if (!ending) return fail(ending);
    return failure_of(*ending);
}

Result<Summary> extract_text(const Limits& limits, const InputFile& file,
                             const Extractor::OnStart& on_start, const Extractor::OnPage& on_page) {
    const auto count = count_text_pages(file);
    if (!count) return fail(count);
    if (*count == 0) {
        return fail(ErrorKind::invalid, "no_text", "The file has no text, only white space.");
    }
    if (*count > limits.pages_max) return too_many_pages(limits.pages_max);
    if (auto started = on_start(*count); !started) return fail(started);
    int given = 0;
    auto read = for_each_text_page(file, [&](Page&& page) -> Result<void> {
        // The file may be written to by someone meanwhile.
        if (++given > *count) {
            return unavailable("file_unreadable", "The file changed while it was read.");
        }
        return on_page(std::move(page));
    });
    if (!read) return fail(read);
    return Summary{given, 0, {}};
}

bool ends_with_pdf(std::string_view name) {
    if (name.size() < 4) return false;
    std::string suffix;
    for (const char c : name.substr(name.size() - 4)) {
        suffix += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return suffix == ".pdf";
}

auto named_like_pdf() {
    return fail(ErrorKind::unsupported_type, "not_a_pdf",
                "The file is named .pdf but is no PDF: it has no \"%PDF-\" near its start.");
}

}  // namespace

Result<Kind> detect_kind(const std::filesystem::path& file, std::string_view claimed_name) {
    const auto input = InputFile::open(file);
    if (!input) return fail(input);
    const auto pdf = input->is_pdf();
    if (!pdf) return fail(pdf);
    if (*pdf) return Kind::pdf;
    if (ends_with_pdf(claimed_name)) return named_like_pdf();
    const auto pages = count_text_pages(*input);
    if (!pages) return fail(pages);
    return Kind::text;
}

Extractor::Extractor(std::filesystem::path program, Limits limits)
    : program_(std::move(program)), limits_(limits) {}

Result<Summary> Extractor::extract(const std::filesystem::path& file, const OnStart& on_start,
                                   const OnPage& on_page) const {
    const auto input = InputFile::open(file);
    if (!input) return fail(input);
    const auto pdf = input->is_pdf();
    if (!pdf) return fail(pdf);
    if (*pdf) return extract_pdf(program_, limits_, *input, Delivery(limits_, on_start, on_page));
    if (ends_with_pdf(file.filename().string())) return named_like_pdf();
    return extract_text(limits_, *input, on_start, on_page);
}

}  // namespace stoa::extraction
