// SPDX-License-Identifier: AGPL-3.0-or-later
// CSV: its pages for finding and quoting, its profile, and answers to plans over all of its rows.
// One thread; runs inside the sandbox. Each function writes the whole reply, or a failure, after
// which it does not return.
#pragma once

#include "stoa_extract/document.hpp"

#include <string_view>

namespace stoa::extract {

/// The first page is the profile as text, the others are groups of rows; rows beyond
/// `table_pages_max` pages are counted and left out.
void extract_table(std::string_view bytes, const DocumentLimits& limits);
void profile_table(std::string_view bytes);
/// `plan_json` is a tables::Plan.
void query_table(std::string_view bytes, std::string_view plan_json);

}  // namespace stoa::extract
