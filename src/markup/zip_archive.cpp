// SPDX-License-Identifier: Apache-2.0
#include "markup/zip_archive.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include <minizip/unzip.h>

namespace stoa::markup {

/// The archive as minizip reads it: a file in memory.
struct ZipArchive::Source {
    std::string_view bytes;
    std::size_t at = 0;
    unzFile file = nullptr;

    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    ~Source() {
        if (file != nullptr) unzClose(file);
    }

    static voidpf open(voidpf self, const void*, int) { return self; }
    static uLong read(voidpf self, voidpf, void* to, uLong count) {
        auto& source = *static_cast<Source*>(self);
        const auto some = source.bytes.substr(std::min(source.at, source.bytes.size()), count);
        if (!some.empty()) std::memcpy(to, some.data(), some.size());
        source.at += some.size();
        return static_cast<uLong>(some.size());
    }
    static uLong write(voidpf, voidpf, const void*, uLong) { return 0; }
    static ZPOS64_T tell(voidpf self, voidpf) { return static_cast<Source*>(self)->at; }
    static long seek(voidpf self, voidpf, ZPOS64_T offset, int origin) {
        auto& source = *static_cast<Source*>(self);
        const std::size_t base = origin == ZLIB_FILEFUNC_SEEK_CUR   ? source.at
                                 : origin == ZLIB_FILEFUNC_SEEK_END ? source.bytes.size()
                                                                    : 0;
        const std::size_t to = base + static_cast<std::size_t>(offset);
        if (to > source.bytes.size()) return -1;
        source.at = to;
        return 0;
    }
    static int close(voidpf, voidpf) { return 0; }
    static int error(voidpf, voidpf) { return 0; }
};

Read<ZipArchive> ZipArchive::open(std::string_view bytes, std::size_t inflated_bytes_max) {
    auto source = std::make_shared<Source>();
    source->bytes = bytes;
    zlib_filefunc64_def calls{Source::open, Source::read,  Source::write, Source::tell,
                              Source::seek, Source::close, Source::error, source.get()};
    source->file = unzOpen2_64("", &calls);
    if (source->file == nullptr) return tl::unexpected(ReadFailure::damaged);
    return ZipArchive(std::move(source), inflated_bytes_max);
}

Read<bool> ZipArchive::read(const char* name,
                            const std::function<bool(std::string_view)>& on_piece) {
    constexpr int case_matters = 1;
    unzFile file = source_->file;
    if (unzLocateFile(file, name, case_matters) != UNZ_OK) return false;
    if (unzOpenCurrentFile(file) != UNZ_OK) return tl::unexpected(ReadFailure::damaged);
    unz_file_info64 info{};
    unzGetCurrentFileInfo64(file, &info, nullptr, 0, nullptr, 0, nullptr, 0);
    // A compressed size that is a lie beyond the file does not widen the limit.
    const auto packed = std::min<std::size_t>(info.compressed_size, source_->bytes.size());
    const std::size_t ratio_bytes_max = std::max(packed * ratio_max, ratio_free_bytes);
    std::vector<char> piece(64u << 10);
    std::size_t unpacked = 0;
    while (true) {
        const int count =
            unzReadCurrentFile(file, piece.data(), static_cast<unsigned>(piece.size()));
        if (count < 0) {
            unzCloseCurrentFile(file);
            return tl::unexpected(ReadFailure::damaged);
        }
        if (count == 0) break;
        const auto bytes = static_cast<std::size_t>(count);
        unpacked += bytes;
        if (bytes > left_ || unpacked > ratio_bytes_max) {
            unzCloseCurrentFile(file);
            return tl::unexpected(ReadFailure::too_large);
        }
        left_ -= bytes;
        if (!on_piece({piece.data(), bytes})) break;
    }
    if (unzCloseCurrentFile(file) == UNZ_CRCERROR) return tl::unexpected(ReadFailure::damaged);
    return true;
}

}  // namespace stoa::markup
