// SPDX-License-Identifier: Apache-2.0
// Writes small PDFs for the tests: good ones, and ones that no honest program would write. One
// thread.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::extraction::test {

class PdfWriter {
  public:
    /// Object 1 is the catalog, 2 the root of the pages, 3 the font Helvetica as /F1; /F2 is bold.
    PdfWriter() {
        set(1, "<</Type/Catalog/Pages 2 0 R>>");
        set(3, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>");
    }

    void set(std::size_t number, std::string body) {
        if (objects_.size() < number) objects_.resize(number);
        objects_[number - 1] = std::move(body);
    }
    std::size_t add(std::string body) {
        objects_.push_back(std::move(body));
        return objects_.size();
    }
    std::size_t add_stream(std::string_view content, std::string_view entries = "") {
        return add("<<" + std::string(entries) + "/Length " + std::to_string(content.size()) +
                   ">>\nstream\n" + std::string(content) + "\nendstream");
    }
    /// A page of 600 by 800 points with this content stream.
    void add_page(std::string_view content, std::string_view entries = "") {
        add_page_of(add_stream(content), entries);
    }
    void add_page_of(std::size_t stream, std::string_view entries = "") {
        pages_.push_back(add("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents " +
                             reference(stream) +
                             "/Resources<</Font<</F1 3 0 R/F2<</Type/Font/Subtype"
                             "/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>>>>>" +
                             std::string(entries) + ">>"));
    }
    /// Makes /F1 a font whose codes, two bytes each, stand for these characters (UTF-16, in hex).
    void use_characters(std::string_view code_to_unicode) {
        const auto unicode = add_stream(
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Any def "
            "/CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange " +
            std::string(code_to_unicode) +
            " endcmap CMapName currentdict /CMap defineresource pop end end");
        const auto descendant = add(
            "<</Type/Font/Subtype/CIDFontType2/BaseFont/Any/CIDSystemInfo<</Registry(Adobe)"
            "/Ordering(Identity)/Supplement 0>>/DW 600/FontDescriptor<</Type/FontDescriptor"
            "/FontName/Any/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800/Descent -200"
            "/CapHeight 700/StemV 80>>>>");
        set(3, "<</Type/Font/Subtype/Type0/BaseFont/Any/Encoding/Identity-H/DescendantFonts[" +
                   reference(descendant) + "]/ToUnicode " + reference(unicode) + ">>");
    }
    [[nodiscard]] static std::string reference(std::size_t number) {
        return std::to_string(number) + " 0 R";
    }

    /// The file; with the pages in order unless object 2 was set.
    [[nodiscard]] std::string build(std::string_view trailer_entries = "") {
        if (objects_[1].empty()) {
            std::string kids;
            for (const std::size_t page : pages_) kids += reference(page) + " ";
            set(2,
                "<</Type/Pages/Count " + std::to_string(pages_.size()) + "/Kids[" + kids + "]>>");
        }
        std::string file = "%PDF-1.7\n";
        std::string table = "0000000000 65535 f \n";
        for (std::size_t i = 0; i < objects_.size(); ++i) {
            char entry[32];
            std::snprintf(entry, sizeof entry, "%010zu 00000 n \n", file.size());
            table += entry;
            file += std::to_string(i + 1) + " 0 obj\n" + objects_[i] + "\nendobj\n";
        }
        const std::size_t table_at = file.size();
        const std::string size = std::to_string(objects_.size() + 1);
        file += "xref\n0 " + size + "\n" + table + "trailer\n<</Size " + size + "/Root 1 0 R" +
                std::string(trailer_entries) + ">>\nstartxref\n" + std::to_string(table_at) +
                "\n%%EOF\n";
        return file;
    }

  private:
    std::vector<std::string> objects_;
    std::vector<std::size_t> pages_;
};

/// Shows `text` in 20 point Helvetica with its baseline starting at (x, y), y up from the bottom.
inline std::string show(int x, int y, std::string_view text) {
    return "BT /F1 20 Tf " + std::to_string(x) + " " + std::to_string(y) + " Td (" +
           std::string(text) + ") Tj ET\n";
}

}  // namespace stoa::extraction::test
