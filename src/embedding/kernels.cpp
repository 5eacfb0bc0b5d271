// SPDX-License-Identifier: Apache-2.0
#include "embedding/kernels.hpp"

#include "embedding/kernels_sets.hpp"

#include <array>

namespace stoa::embedding {
namespace {

std::array<const Kernels*, 4> list_kernels() {
    std::array<const Kernels*, 4> found{};
    std::size_t count = 0;
#if defined(__x86_64__)
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    const bool vnni = avx512 && avx2 && __builtin_cpu_supports("avx512vnni");
    if (vnni) found[count++] = &kernels_avx512_vnni;
    if (avx512 && avx2) found[count++] = &kernels_avx512;
    if (avx2) found[count++] = &kernels_avx2;
#endif
    found[count] = &kernels_portable;
    return found;
}

}  // namespace

const Kernels* find_kernels(std::size_t index) {
    static const auto found = list_kernels();
    return index < found.size() ? found[index] : nullptr;
}

const Kernels& choose_kernels() { return *find_kernels(0); }

}  // namespace stoa::embedding
