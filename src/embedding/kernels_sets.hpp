// SPDX-License-Identifier: Apache-2.0
// The instruction sets that kernels are compiled for; only kernels.cpp, which asks the processor,
// may choose among them.
#pragma once

#include "embedding/kernels.hpp"

namespace stoa::embedding {

extern const Kernels kernels_avx512_vnni;
extern const Kernels kernels_avx512;
extern const Kernels kernels_avx2;
extern const Kernels kernels_portable;

}  // namespace stoa::embedding
