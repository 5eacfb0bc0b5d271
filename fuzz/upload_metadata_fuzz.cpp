// SPDX-License-Identifier: Apache-2.0
// What is read of an Upload-Metadata header is text, and reads the same once it was written again.
#include "base/text.hpp"
#include "documents/upload_metadata.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace stoa::documents;
    const auto fields = read_metadata({reinterpret_cast<const char*>(data), size});
    if (!fields) return 0;
    const auto again = read_metadata(write_metadata(*fields));
    if (!again || again->size() != fields->size()) std::abort();
    for (std::size_t i = 0; i < fields->size(); ++i) {
        const auto& [name, value] = (*fields)[i];
        if (name != (*again)[i].name || value != (*again)[i].value) std::abort();
        if (name.empty() || !stoa::is_utf8(value)) std::abort();
    }
    return 0;
}
