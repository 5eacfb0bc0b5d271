// SPDX-License-Identifier: Apache-2.0
// The form of an upload in the header Upload-Metadata, as tus 1.0.0 has it: "name base64, name
// base64, …". Pure; any thread.
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace stoa::documents {

struct MetadataField {
    std::string name;
    std::string value;
};
BOOST_DESCRIBE_STRUCT(MetadataField, (), (name, value))

/// `validation_failed` (422) if a value is no Base64 of UTF-8 text, or a name is no visible ASCII.
/// What the names mean is for the reader.
Result<std::vector<MetadataField>> read_metadata(std::string_view header);
/// The same as a header.
std::string write_metadata(const std::vector<MetadataField>& fields);

}  // namespace stoa::documents
