// SPDX-License-Identifier: Apache-2.0
// Under which headings a place of a document stands, from the widest to the nearest, while one goes
// through its pages in order. One thread.
#pragma once

#include "extraction/page.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace stoa::extraction {

/// The last of a path's headings; empty if it has none.
std::string_view nearest_heading(std::string_view path);

class HeadingTrail {
  public:
    /// The headings over byte `at` of a page, that of its own line included, joined as
    /// "Chapter › Section"; empty if there are none. At most 500 bytes, each heading at most 200.
    /// The pages before were passed.
    [[nodiscard]] std::string path_at(const Page& page, std::size_t at) const;
    /// Behind the page.
    void pass(const Page& page);

  private:
    using Titles = std::array<std::string, 6>;  ///< by level; empty where there is none
    static void enter(Titles& titles, const Page& page, const Heading& heading);

    Titles titles_;
};

}  // namespace stoa::extraction
