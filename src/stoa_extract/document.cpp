// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/document.hpp"

#include "base/text_encoding.hpp"
#include "stoa_extract/frame_writer.hpp"
#include "stoa_extract/heading_window.hpp"
#include "stoa_extract/inflate_limit.hpp"
#include "stoa_extract/outline.hpp"
#include "stoa_extract/page_labels.hpp"
#include "stoa_extract/page_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include <mupdf/fitz.h>
#include <mupdf/pdf.h>

namespace stoa::extract {
namespace {

using extraction::wire::Failure;

/// What MuPDF may keep of fonts and the like from page to page.
constexpr std::size_t store_bytes_max = 16u << 20;
/// After how many pages the objects of a document are forgotten.
constexpr int objects_kept_pages = 64;

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
        write_start(extraction::Format::pdf, static_cast<std::uint32_t>(count), title());
        labels_ = read_label_ranges(context_, document_);
        outline_ = read_outline(context_, &document_->super);
        for (int index = 0; index < count; ++index) {
            reset_inflate_limit();
            read_page(index);
            if (index % objects_kept_pages == objects_kept_pages - 1) forget_objects();
        }
        window_.flush();
        const bool repaired = pdf_was_repaired(context_, document_) != 0;
        if (!readable_ && (broken_ == count || repaired)) write_failure_and_exit(Failure::damaged);
        write_end({static_cast<std::uint32_t>(broken_), 0, 0});
    }

  private:
    /// MuPDF keeps every object that it has read; a long document would fill the memory with them.
    void forget_objects() {
        fz_try(context_) { pdf_clear_xref(context_, document_); }
        fz_catch(context_) { ignore_message(nullptr, nullptr); }
    }

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
        write(index, bounds, content, page);
        fz_drop_stext_page(context_, content);
        fz_drop_page(context_, page);
    }

    void run_page(fz_page* page, fz_stext_page* content) {
        fz_stext_options options = {};
        // Images are noted, not decoded.
        options.flags = FZ_STEXT_MEDIABOX_CLIP | FZ_STEXT_PRESERVE_IMAGES;
        fz_device* device = fz_new_stext_device(context_, content, &options);
        fz_try(context_) {
            fz_run_page_contents(context_, page, device, fz_identity, nullptr);
            fz_run_page_widgets(context_, page, device, fz_identity, nullptr);
            fz_close_device(context_, device);
        }
        fz_always(context_) { fz_drop_device(context_, device); }
        fz_catch(context_) { fz_rethrow(context_); }
    }

    void write(int index, const fz_rect& bounds, const fz_stext_page* content, fz_page* source) {
        PageText text(std::min(limits_.page_bytes_max, limits_.output_bytes_max - written_),
                      outline_.empty());
        if (content != nullptr && !text.add(*content)) write_failure_and_exit(Failure::too_complex);
        readable_ = readable_ || text.readable();
        Page page;
        page.number = static_cast<std::uint32_t>(index) + 1;
        if (!fz_is_empty_rect(bounds)) {
            page.width = std::min(bounds.x1 - bounds.x0, 1e6F);
            page.height = std::min(bounds.y1 - bounds.y0, 1e6F);
        }
        page.label = page_label(labels_, index);
        page.is_scanned = content != nullptr && !text.readable() && is_covered(*content, bounds);
        if (page.is_scanned && limits_.scan_resolution > 0) {
            window_.flush();  // a picture comes right before its page
            write_picture(source, bounds);
        }
        page.text = text.take_text();
        page.words = text.take_words();
        written_ += page.text.size();
        if (outline_.empty()) return window_.add(std::move(page), text.take_lines());
        if (const auto entries = outline_.find(index); entries != outline_.end()) {
            page.headings = find_headings(page.text, entries->second);
        }
        write_page(page);
    }

    /// Whether images cover at least half of the page.
    static bool is_covered(const fz_stext_page& content, const fz_rect& bounds) {
        float covered = 0;
        for (const fz_stext_block* block = content.first_block; block != nullptr;
             block = block->next) {
            if (block->type != FZ_STEXT_BLOCK_IMAGE) continue;
            const fz_rect seen = fz_intersect_rect(block->bbox, bounds);
            if (!fz_is_empty_rect(seen)) covered += (seen.x1 - seen.x0) * (seen.y1 - seen.y0);
        }
        const float area = (bounds.x1 - bounds.x0) * (bounds.y1 - bounds.y0);
        return area > 0 && covered >= 0.5F * area;
    }

    /// Leaves the picture out where it would be too large or cannot be drawn.
    void write_picture(fz_page* page, const fz_rect& bounds) {
        const float scale = static_cast<float>(limits_.scan_resolution) / 72.0F;
        const float width = (bounds.x1 - bounds.x0) * scale;
        const float height = (bounds.y1 - bounds.y0) * scale;
        if (width < 1 || height < 1 || width * height > 0.99F * extraction::wire::pixels_max)
            return;
        fz_pixmap* picture = nullptr;
        fz_var(picture);
        fz_try(context_) {
            picture = fz_new_pixmap_from_page_contents(context_, page, fz_scale(scale, scale),
                                                       fz_device_gray(context_), 0);
        }
        fz_catch(context_) { picture = nullptr; }
        if (memory_.exhausted) write_failure_and_exit(Failure::too_complex);
        if (picture == nullptr) return;
        std::string grey;
        for (int row = 0; row < picture->h; ++row) {
            grey.append(reinterpret_cast<const char*>(picture->samples) + row * picture->stride,
                        static_cast<std::size_t>(picture->w));
        }
        write_image(static_cast<std::uint32_t>(picture->w), static_cast<std::uint32_t>(picture->h),
                    grey);
        fz_drop_pixmap(context_, picture);
    }

    Memory memory_;
    fz_alloc_context allocator_{&memory_, Memory::allocate, Memory::reallocate, Memory::release};
    DocumentLimits limits_;
    fz_context* context_ = nullptr;
    pdf_document* document_ = nullptr;
    std::vector<LabelRange> labels_;
    std::map<int, std::vector<OutlineEntry>> outline_;
    HeadingWindow window_;     ///< of the pages of a document without an outline
    std::size_t written_ = 0;  ///< bytes of text so far
    int broken_ = 0;
    bool readable_ = false;
};

}  // namespace

void extract_pdf(const unsigned char* bytes, std::size_t size, const DocumentLimits& limits) {
    Reader(bytes, size, limits).read();
}

std::string readable_text(const char* text) {
    constexpr std::size_t bytes_max = extraction::wire::title_bytes_max - 4;
    std::string line;
    while (*text != '\0' && line.size() < bytes_max) {
        int code_point = 0;
        text += fz_chartorune(&code_point, text);
        if (code_point > ' ' && code_point != 0x7F)
            append_code_point(line, static_cast<char32_t>(code_point));
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    }
    if (line.ends_with(' ')) line.pop_back();
    return line;
}

}  // namespace stoa::extract
