// SPDX-License-Identifier: Apache-2.0
#include "documents/file_name.hpp"

#include "http/header_parameters.hpp"

namespace stoa::documents {

std::string shown_name(std::string_view sent) {
    auto name = http::clean_file_name(sent);
    return name.empty() ? "document" : name;
}

}  // namespace stoa::documents
