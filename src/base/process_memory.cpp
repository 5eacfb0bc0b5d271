// SPDX-License-Identifier: Apache-2.0
#include "base/process_memory.hpp"

#include <cstdint>

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace stoa {
namespace {

/// Segments that are never written are the file's own pages: dropping them loses nothing.
/// (Relocated constants lie in a segment that is writable in the file's headers.)
int release_object(dl_phdr_info* object, std::size_t, void*) {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const auto& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const auto begin = (object->dlpi_addr + segment.p_vaddr + page - 1) / page * page;
        const auto end = (object->dlpi_addr + segment.p_vaddr + segment.p_memsz) / page * page;
        if (begin >= end) continue;
        // A failure leaves the pages where they are, which is no harm.
        (void)madvise(reinterpret_cast<void*>(begin),
                      end - begin,  // NOLINT(performance-no-int-to-ptr)
                      MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

void release_start_memory() {
    malloc_trim(0);
    dl_iterate_phdr(release_object, nullptr);
}

}  // namespace stoa
