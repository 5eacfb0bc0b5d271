// SPDX-License-Identifier: Apache-2.0
#include "documents/upload_metadata.hpp"

#include "base/text.hpp"
#include "crypto/base64.hpp"

#include <algorithm>
#include <utility>

namespace stoa::documents {

namespace {

constexpr std::size_t fields_max = 32;

std::string_view trim_spaces(std::string_view text) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ')));
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

bool is_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f'; });
}

tl::unexpected<Error> wrong_metadata(std::string message) {
    return tl::unexpected<Error>(
        Error{ErrorKind::invalid,
              "validation_failed",
              "The header Upload-Metadata has wrong values.",
              {{{"header", "upload-metadata"}, std::move(message), "metadata"}},
              {}});
}

}  // namespace

Result<std::vector<MetadataField>> read_metadata(std::string_view header) {
    std::vector<MetadataField> fields;
    while (!header.empty()) {
        const auto pair = trim_spaces(header.substr(0, header.find(',')));
        header.remove_prefix(std::min(header.size(), header.find(',')));
        if (!header.empty()) header.remove_prefix(1);
        const auto space = pair.find(' ');
        const auto name = pair.substr(0, space);
        if (!is_name(name))
            return wrong_metadata("Input should be a list of names and Base64 values");
        if (fields.size() == fields_max) return wrong_metadata("Input should be at most 32 pairs");
        auto value = crypto::from_base64(
            space == std::string_view::npos ? std::string_view() : trim_spaces(pair.substr(space)));
        if (!value) return wrong_metadata("Input should have its values in padded Base64");
        if (!is_utf8(*value) || value->find('\0') != std::string::npos) {
            return wrong_metadata("Input should have UTF-8 text without U+0000 as its values");
        }
        fields.push_back({std::string(name), std::move(*value)});
    }
    return fields;
}

std::string write_metadata(const std::vector<MetadataField>& fields) {
    std::string header;
    for (const auto& [name, value] : fields) {
        if (!header.empty()) header += ',';
        header += name;
        if (!value.empty()) header += ' ' + crypto::to_base64(value);
    }
    return header;
}

}  // namespace stoa::documents
