// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/document.hpp"

#include "stoa_extract/frame_writer.hpp"
#include "stoa_extract/inflate_limit.hpp"
#include "stoa_extract/page_labels.hpp"
#include "stoa_extract/page_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <mupdf/fitz.h>
#include <mupdf/pdf.h>

namespace stoa::extract {
namespace {

using extraction::wire::Failure;

/// What MuPDF may keep of fonts and the like from page to page.
constexpr std::size_t store_bytes_max = 64u << 20;

/// Remembers that memory ran out even where MuPDF swallows the error and goes on without the part.
struct Memory {
    bool exhausted = false;

    void* noted(void* block) {
        exhausted = exhausted || block == nullptr;
        return block;
    }
    static void* allocate(void* self, std::size_t size) {
        return static_cast<Memory*>(self)->noted(std::malloc(size));
    }
    static void* reallocate(void* self, void* block, std::size_t size) {
        return static_cast<Memory*>(self)->noted(std::realloc(block, size));
    }
    static void release(void*, void* block) { std::free(block); }
};

void ignore_message(void*, const char*) {}

class Reader {
  public:
    Reader(const unsigned char* bytes, std::size_t size, const DocumentLimits& limits)
        : limits_(limits) {
        context_ = fz_new_context(&allocator_, nullptr, store_bytes_max);
        if (context_ == nullptr) write_failure_and_exit(Failure::too_complex);
        fz_set_warning_callback(context_, ignore_message, nullptr);
        fz_set_error_callback(context_, ignore_message, nullptr);
        open(bytes, size);
    }
    // The process ends with the document, so nothing is given back to MuPDF.
    ~Reader() = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    void read() {
        const int count = count_pages();
        write_start(static_cast<std::uint32_t>(count), title());
        labels_ = read_label_ranges(context_, document_);
        for (int index = 0; index < count; ++index) {
            reset_inflate_limit();
            read_page(index);
        }
        const bool repaired = pdf_was_repaired(context_, document_) != 0;
        if (!readable_ && (broken_ == count || repaired)) write_failure_and_exit(Failure::damaged);
        write_end(static_cast<std::uint32_t>(broken_));
    }

  private:
    void open(const unsigned char* bytes, std::size_t size) {
        fz_stream* stream = nullptr;
        bool locked = false;
        fz_var(stream);
        fz_var(locked);
        fz_try(context_) {
            stream = fz_open_memory(context_, bytes, size);
            document_ = pdf_open_document_with_stream(context_, stream);
            locked = pdf_needs_password(context_, document_) != 0;
        }
        fz_always(context_) { fz_drop_stream(context_, stream); }
        fz_catch(context_) { document_ = nullptr; }
        if (memory_.exhausted) write_failure_and_exit(Failure::too_complex);
        if (document_ == nullptr) write_failure_and_exit(Failure::damaged);
        if (locked) write_failure_and_exit(Failure::encrypted);
    }

    int count_pages() {
        int count = 0;
        fz_var(count);
        fz_try(context_) { count = pdf_count_pages(context_, document_); }
        fz_catch(context_) { count = 0; }
        if (memory_.exhausted) write_failure_and_exit(Failure::too_complex);
        if (count <= 0) write_failure_and_exit(Failure::damaged);
        if (count > limits_.pages_max) write_failure_and_exit(Failure::too_many_pages);
        return count;
    }

    std::string title() {
        char buffer[extraction::wire::title_bytes_max] = {};
        fz_try(context_) {
            pdf_lookup_metadata(context_, document_, FZ_META_INFO_TITLE, buffer, sizeof buffer);
        }
        fz_catch(context_) { buffer[0] = '\0'; }
        return readable_text(buffer);
    }

    /// Characters read before an error are kept; the page then counts as broken.
    void read_page(int index) {
        fz_page* page = nullptr;
        fz_stext_page* content = nullptr;
        fz_rect bounds = fz_empty_rect;
        bool broken = false;
        fz_var(page);
        fz_var(content);
        fz_var(bounds);
        fz_var(broken);
        fz_try(context_) {
            page = fz_load_page(context_, &document_->super, index);
            bounds = fz_bound_page(context_, page);
            content = fz_new_stext_page(context_, bounds);
            run_page(page, content);
        }
        fz_catch(context_) { broken = true; }
        if (memory_.exhausted) write_failure_and_exit(Failure::too_complex);
        if (broken) ++broken_;
        write(index, bounds, content);
        fz_drop_stext_page(context_, content);
        fz_drop_page(context_, page);
    }

    void run_page(fz_page* page, fz_stext_page* content) {
        fz_stext_options options = {};
        options.flags = FZ_STEXT_MEDIABOX_CLIP;
        fz_device* device = fz_new_stext_device(context_, content, &options);
        fz_try(context_) {
            fz_run_page_contents(context_, page, device, fz_identity, nullptr);
            fz_run_page_widgets(context_, page, device, fz_identity, nullptr);
            fz_close_device(context_, device);
        }
        fz_always(context_) { fz_drop_device(context_, device); }
        fz_catch(context_) { fz_rethrow(context_); }
    }

    void write(int index, const fz_rect& bounds, const fz_stext_page* content) {
        PageText text(std::min(limits_.page_bytes_max, limits_.output_bytes_max - written_));
        if (content != nullptr && !text.add(*content)) write_failure_and_exit(Failure::too_complex);
        readable_ = readable_ || text.readable();
        Page page;
        page.number = static_cast<std::uint32_t>(index) + 1;
        if (!fz_is_empty_rect(bounds)) {
            page.width = std::min(bounds.x1 - bounds.x0, 1e6F);
            page.height = std::min(bounds.y1 - bounds.y0, 1e6F);
        }
        page.label = page_label(labels_, index);
        page.text = text.take_text();
        page.words = text.take_words();
        written_ += page.text.size();
        write_page(page);
    }

    Memory memory_;
    fz_alloc_context allocator_{&memory_, Memory::allocate, Memory::reallocate, Memory::release};
    DocumentLimits limits_;
    fz_context* context_ = nullptr;
    pdf_document* document_ = nullptr;
    std::vector<LabelRange> labels_;
    std::size_t written_ = 0;  ///< bytes of text so far
    int broken_ = 0;
    bool readable_ = false;
};

}  // namespace

void extract_document(const unsigned char* bytes, std::size_t size, const DocumentLimits& limits) {
    // "%PDF-" may have some bytes of rubbish before it (ISO 32000-2, annex I).
    const std::string_view head(reinterpret_cast<const char*>(bytes),
                                std::min<std::size_t>(size, 1024));
    if (head.find("%PDF-") == std::string_view::npos) write_failure_and_exit(Failure::not_a_pdf);
    Reader(bytes, size, limits).read();
}

std::string readable_text(const char* text) {
    constexpr std::size_t bytes_max = extraction::wire::title_bytes_max - 4;
    std::string line;
    while (*text != '\0' && line.size() < bytes_max) {
        int code_point = 0;
        text += fz_chartorune(&code_point, text);
        if (code_point > ' ' && code_point != 0x7F)
            append_utf8(line, code_point);
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    }
    if (line.ends_with(' ')) line.pop_back();
    return line;
}

}  // namespace stoa::extract
