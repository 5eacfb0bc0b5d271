// SPDX-License-Identifier: Apache-2.0
// Reads named members of a ZIP archive in memory, through minizip, piece by piece. Nothing is ever
// unpacked to disk, so the names of other members do no harm. What members unpack to is counted:
// together they may have `inflated_bytes_max`, and none more than `ratio_max` times what it takes
// packed. One thread.
#pragma once

#include "markup/flow_text.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace stoa::markup {

class ZipArchive {
  public:
    /// Deflate cannot exceed 1032; XML as Word writes it reaches 30.
    static constexpr std::size_t ratio_max = 200;
    static constexpr std::size_t ratio_free_bytes = 1u << 20;  ///< small members may have any ratio

    /// `bytes` must outlive it. `damaged` if they have no table of contents.
    static Read<ZipArchive> open(std::string_view bytes, std::size_t inflated_bytes_max);

    /// Gives the member's bytes to `on_piece` in order, until that says false. Returns false if
    /// there is no such member; `damaged` if it is encrypted, cut off or fails its checksum.
    Read<bool> read(const char* name, const std::function<bool(std::string_view)>& on_piece);

  private:
    struct Source;
    ZipArchive(std::shared_ptr<Source> source, std::size_t inflated_bytes_max)
        : source_(std::move(source)), left_(inflated_bytes_max) {}

    std::shared_ptr<Source> source_;
    std::size_t left_;  ///< what may still be unpacked
};

}  // namespace stoa::markup
