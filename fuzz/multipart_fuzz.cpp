// SPDX-License-Identifier: Apache-2.0
// However a multipart body is cut, the same parts come out. The first byte says where to cut.
#include "base/text.hpp"
#include "http/multipart.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using stoa::Result;
using stoa::http::MultipartParser;
using stoa::http::PartHead;

struct Record : stoa::http::PartSink {
    std::string text;
    bool open = false;

    Result<void> begin_part(PartHead head) override {
        if (open || !stoa::is_utf8(head.name) || !stoa::is_utf8(head.file_name) ||
            head.file_name.size() > 255 || head.file_name.find('/') != std::string::npos) {
            std::abort();
        }
        open = true;
        text += '<' + head.name + '|' + head.file_name + '|' + head.content_type + '>';
        return {};
    }
    Result<void> write_part(std::string_view bytes) override {
        if (!open || bytes.empty()) std::abort();
        text += bytes;
        return {};
    }
    Result<void> end_part() override {
        if (!open) std::abort();
        open = false;
        text += "</>";
        return {};
    }
};

std::string parse(std::string_view body, std::size_t piece) {
    Record record;
    MultipartParser parser("b", record);
    while (!body.empty()) {
        const auto part = body.substr(0, piece);
        body.remove_prefix(part.size());
        if (const auto fed = parser.feed(part); !fed) return std::string(fed.error().code);
    }
    const auto finished = parser.finish();
    if (finished && record.open) std::abort();
    return finished ? record.text : std::string(finished.error().code);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = parse(body, size);
    if (parse(body, 1) != whole || parse(body, 1U + data[0]) != whole) std::abort();
    (void)stoa::http::find_boundary(body);
    return 0;
}
