// SPDX-License-Identifier: Apache-2.0
// The multipart form of an upload, read as strictly as a JSON body is. Pure functions; any thread.
#pragma once

#include "base/result.hpp"
#include "documents/documents.hpp"
#include "http/message.hpp"

#include <span>

namespace stoa::documents {

/// `validation_failed` (422) with every field that is missing, unknown, given twice or wrong;
/// `permanent_storage_unavailable` (422) where `permanent` is asked for and nothing can keep it.
Result<Upload> read_upload_form(std::span<const http::Part> parts);

/// A form that has the part `file` and nothing else; errors as above.
Result<http::Part> read_file_form(std::span<const http::Part> parts);

}  // namespace stoa::documents
