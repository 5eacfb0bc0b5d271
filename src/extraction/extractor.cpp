// SPDX-License-Identifier: Apache-2.0
#include "extraction/extractor.hpp"

#include "base/json.hpp"
#include "extraction/input_file.hpp"
#include "extraction/ocr.hpp"
#include "extraction/reply.hpp"
#include "extraction/sandboxed_process.hpp"

#include <algorithm>
#include <cctype>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace stoa::extraction {
namespace {

constexpr std::size_t read_bytes = 64u << 10;

auto damaged(Format format) {
    if (format != Format::pdf) {
        return fail(ErrorKind::invalid, "file_damaged",
                    "The file is damaged or cut off; upload a complete copy.");
    }
    return fail(ErrorKind::invalid, "pdf_damaged",
                "The PDF is damaged or cut off and cannot be repaired; upload a complete copy.");
}

auto crashed() {
    return fail(ErrorKind::invalid, "extraction_crashed",
                "The file made its parser fail; it is damaged or hostile. Save it anew from the "
                "program that made it and upload that.");
}

auto too_complex(Format format) {
    if (format != Format::pdf) {
        return fail(ErrorKind::too_large, "file_too_complex",
                    "The file unpacks to far more than a document of its kind needs; save it anew "
                    "or split it.");
    }
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

auto not_readable() {
    std::string names;
    for (const FormatInfo& each : readable_formats()) {
        names += (names.empty() ? "" : ", ") + std::string(each.name);
    }
    return fail(ErrorKind::unsupported_type, "unsupported_file",
                "The file is none of these: " + names + ". Upload one of them.");
}

auto no_text() {
    return fail(ErrorKind::invalid, "no_text", "The file has no text that could be read.");
}

tl::unexpected<Error> failure_of(wire::Failure failure, Format format, const Limits& limits) {
    using tables::TableFailure;
    switch (failure) {
        case wire::Failure::not_a_pdf:
        case wire::Failure::not_readable:
            return not_readable();
        case wire::Failure::encrypted:
            return fail(ErrorKind::invalid, "pdf_encrypted",
                        "The PDF is encrypted and asks for a password; upload a copy without one.");
        case wire::Failure::damaged:
            return damaged(format);
        case wire::Failure::too_many_pages:
            return too_many_pages(limits.pages_max);
        case wire::Failure::too_complex:
            return too_complex(format);
        case wire::Failure::no_text:
            return no_text();
        case wire::Failure::table_row_too_long:
            return tables::fail(TableFailure::row_too_long);
        case wire::Failure::table_too_wide:
            return tables::fail(TableFailure::too_many_columns);
        case wire::Failure::table_too_large:
            return tables::fail(TableFailure::too_large);
        case wire::Failure::table_empty:
            return tables::fail(TableFailure::no_rows);
        case wire::Failure::plan_invalid:
            return tables::fail(TableFailure::plan_invalid);
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
            "--table-pages-max",    std::to_string(limits.table_pages_max),
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
    Delivery(Format format, const Limits& limits, const Extractor::OnStart& on_start,
             const Extractor::OnPage& on_page, std::function<void(const ReplyImage&, Page&)> ocr)
        : format_(format),
          limits_(limits),
          on_start_(on_start),
          on_page_(on_page),
          ocr_(std::move(ocr)) {}

    Result<void> operator()(ReplyStart&& start) {
        if (start.format != format_) return crashed();
        summary_.format = format_;
        summary_.page_count = start.page_count;
        summary_.title = std::move(start.title);
        return on_start_(summary_.page_count);
    }
    Result<void> operator()(ReplyImage&& image) {
        if (!ocr_) return crashed();
        image_ = std::move(image);
        return {};
    }
    Result<void> operator()(Page&& page) {
        if (image_) ocr_(*image_, page);
        image_.reset();
        readable_ = readable_ || has_text(page);
        summary_.unread_scans += page.needs_ocr ? 1 : 0;
        return on_page_(std::move(page));
    }
    Result<void> operator()(ReplyEnd&& end) {
        summary_.broken_pages = end.broken_pages;
        summary_.replaced_characters = end.replaced_characters;
        summary_.rows_left_out = end.rows_left_out;
        return {};
    }
    Result<void> operator()(ReplyTable&& table) {
        auto profile = json::read<tables::Profile>(table.json);
        if (format_ != Format::csv || !profile) return crashed();
        summary_.table = std::move(*profile);
        return {};
    }
    Result<void> operator()(wire::Failure&& failure) {
        return failure_of(failure, format_, limits_);
    }

    [[nodiscard]] Result<Summary> summary() const {
        if (readable_ || summary_.unread_scans > 0) return summary_;
        if (summary_.broken_pages == summary_.page_count) return damaged(format_);
        return no_text();
    }

  private:
    Format format_;
    const Limits& limits_;
    const Extractor::OnStart& on_start_;
    const Extractor::OnPage& on_page_;
    std::function<void(const ReplyImage&, Page&)> ocr_;  ///< empty without text recognition
    std::optional<ReplyImage> image_;                    ///< of the page that comes next
    Summary summary_;
    bool readable_ = false;
};

/// Runs stoa-extract over a file and gives `on_event` what it says, in order.
Result<void> run(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                 const Limits& limits, const SandboxedProcess::Inputs& inputs,
                 const std::function<Result<void>(ReplyEvent&&)>& on_event) {
    auto process = SandboxedProcess::start(program, arguments, inputs, limits.wall);
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
            if (auto done = on_event(std::move(**event)); !done) return done;
        }
    }
    if (parser.finished()) return {};
    const auto ending = process->wait();
    if (!ending) return fail(ending);
    return failure_of(*ending);
}

Result<Format> format_of(const InputFile& file) {
    const auto head = file.read_string(0, sniffed_bytes);
    if (!head) return fail(head);
    const auto tail =
        file.read_string(file.size() - std::min(file.size(), sniffed_bytes), sniffed_bytes);
    if (!tail) return fail(tail);
    const auto format = sniff(*head, *tail);
    if (!format) return not_readable();
    return *format;
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

Result<Format> detect_format(const InputFile& file, std::string_view claimed_name) {
    auto format = format_of(file);
    if (format && *format == Format::pdf) return format;
    if (format || format.error().code == "unsupported_file") {
        if (ends_with_pdf(claimed_name)) return named_like_pdf();
    }
    return format;
}

std::vector<std::string> warnings_of(const Summary& summary) {
    std::vector<std::string> warnings;
    const auto warn = [&](std::int64_t count, const std::string& what) {
        if (count > 0) warnings.push_back(std::to_string(count) + " " + what);
    };
    warn(summary.unread_scans,
         "scanned pages could not be read: they need text recognition (OCR).");
    warn(summary.broken_pages, "pages are damaged and were left empty.");
    warn(summary.replaced_characters,
         "characters are in another encoding than the rest of the file: they were read as "
         "Windows-1252, or replaced where nothing fits.");
    if (summary.table) {
        warn(summary.table->ragged_rows,
             "rows have more or fewer fields than the header: missing ones count as empty, those "
             "beyond are found by searching but belong to no column.");
        if (summary.table->unclosed_quote) {
            warnings.emplace_back(
                "A quotation mark is opened and never closed: all behind it is one field.");
        }
    }
    warn(summary.rows_left_out,
         "rows are not found by searching; questions that count and compute use them all.");
    return warnings;
}

Extractor::Extractor(std::filesystem::path program, Limits limits, OcrOptions ocr)
    : program_(std::move(program)), limits_(limits), ocr_(std::move(ocr)) {}

Result<Summary> Extractor::extract(const InputFile& file, const OnStart& on_start,
                                   const OnPage& on_page) const {
    const auto format = format_of(file);
    if (!format) return fail(format);
    auto arguments = arguments_of(limits_);
    std::function<void(const ReplyImage&, Page&)> ocr;
    if (!ocr_.tesseract.empty()) {
        arguments.insert(arguments.end(), {"--scan-resolution", std::to_string(ocr_resolution)});
        ocr = [&](const ReplyImage& image, Page& page) {
            read_scanned_page(program_, ocr_, image, page);
        };
    }
    Delivery delivery(*format, limits_, on_start, on_page, std::move(ocr));
    const auto done =
        run(program_, arguments, limits_, {file.descriptor()},
            [&](ReplyEvent&& event) { return std::visit(delivery, std::move(event)); });
    if (!done) return fail(done);
    return delivery.summary();
}

Result<std::string> Extractor::ask_table(const InputFile& file, const std::string& option,
                                         int request) const {
    auto arguments = arguments_of(limits_);
    arguments.insert(arguments.end(), {option, "1"});
    std::string json;
    const SandboxedProcess::Inputs inputs{file.descriptor(), request};
    const auto done =
        run(program_, arguments, limits_, inputs, [&](ReplyEvent&& event) -> Result<void> {
            if (const auto* failure = std::get_if<wire::Failure>(&event)) {
                return failure_of(*failure, Format::csv, limits_);
            }
            auto* table = std::get_if<ReplyTable>(&event);
            if (table == nullptr) return crashed();
            json = std::move(table->json);
            return {};
        });
    if (!done) return fail(done);
    return json;
}

Result<tables::Profile> Extractor::profile(const InputFile& file) const {
    const auto json = ask_table(file, "--profile", -1);
    if (!json) return fail(json);
    auto profile = json::read<tables::Profile>(*json);
    if (!profile) return crashed();
    return profile;
}

Result<tables::QueryResult> Extractor::query(const InputFile& file,
                                             const tables::Plan& plan) const {
    const auto request = InputFile::hold({json::to_text(plan)});
    if (!request) return fail(request);
    const auto json = ask_table(file, "--query", request->descriptor());
    if (!json) return fail(json);
    auto result = json::read<tables::QueryResult>(*json);
    if (!result) return crashed();
    return result;
}

}  // namespace stoa::extraction
