// SPDX-License-Identifier: AGPL-3.0-or-later
// Bounds what a file's compressed streams may inflate to. MuPDF has no such limit, so this program
// defines zlib's `inflate` itself, counts what the real one puts out, and ends the process with a
// `too_complex` failure once the budget is used up. One thread.
#pragma once

#include <cstddef>

namespace stoa::extract {

/// Finds the real `inflate`; must be called before the sandbox is entered. False if there is none.
[[nodiscard]] bool prepare_inflate_limit(std::size_t bytes_max);
/// Gives a new page the whole budget.
void reset_inflate_limit();

}  // namespace stoa::extract
