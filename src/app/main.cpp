// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"

#include <malloc.h>

int main(int argc, char** argv) {
    // glibc would give each thread an arena that keeps what was freed in it: dozens of threads that
    // mostly wait need no lock of their own, and a third less memory is worth more.
    mallopt(M_ARENA_MAX, 2);
    return stoa::app::run_command_line(argc, argv);
}
