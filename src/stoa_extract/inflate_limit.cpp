// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/inflate_limit.hpp"

#include "stoa_extract/frame_writer.hpp"

#include <dlfcn.h>
#include <zlib.h>

namespace stoa::extract {
namespace {

using Inflate = int (*)(z_streamp, int);

/// A C library calls us through a fixed name, with no place for a context of ours.
struct Budget {
    Inflate inflate = nullptr;
    std::size_t bytes_max = 0;
    std::size_t bytes_left = 0;
};

Budget& budget() {
    static Budget one;
    return one;
}

}  // namespace

bool prepare_inflate_limit(std::size_t bytes_max) {
    budget().inflate = reinterpret_cast<Inflate>(dlsym(RTLD_NEXT, "inflate"));
    budget().bytes_max = bytes_max;
    reset_inflate_limit();
    return budget().inflate != nullptr;
}

void reset_inflate_limit() { budget().bytes_left = budget().bytes_max; }

}  // namespace stoa::extract

extern "C" int inflate(z_streamp stream, int flush) {
    auto& budget = stoa::extract::budget();
    const std::size_t before = stream->avail_out;
    const int result = budget.inflate(stream, flush);
    const std::size_t inflated = before - stream->avail_out;
    if (inflated > budget.bytes_left) {
        stoa::extract::write_failure_and_exit(stoa::extraction::wire::Failure::too_complex);
    }
    budget.bytes_left -= inflated;
    return result;
}
