// SPDX-License-Identifier: Apache-2.0
#include "documents/file_name.hpp"

#include "base/text.hpp"

namespace stoa::documents {

std::string shown_name(std::string_view sent) {
    sent.remove_prefix(sent.find_last_of("/\\") + 1);
    std::string name;
    for (const char c : cut_utf8(sent, 255)) {
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) name.push_back(c);
    }
    return name.empty() || !is_utf8(name) ? "document" : name;
}

}  // namespace stoa::documents
