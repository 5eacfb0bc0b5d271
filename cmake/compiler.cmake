# Warnings are errors; instruction sets beyond the baseline are chosen at run time, never here.
add_library(stoa_flags INTERFACE)
target_compile_options(stoa_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Werror -fno-omit-frame-pointer -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside libstdc++ and Boost at -O2 where nothing is wrong (GCC bug 105329).
  target_compile_options(stoa_flags INTERFACE
    -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds
    -Wno-stringop-overread -Wno-dangling-pointer -Wno-free-nonheap-object)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # libstdc++ 12's own std::ranges::stable_sort uses what it deprecates.
  target_compile_options(stoa_flags INTERFACE -Wno-deprecated-declarations)
endif()
target_include_directories(stoa_flags INTERFACE
  ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
target_compile_definitions(stoa_flags INTERFACE
  STOA_VERSION="${PROJECT_VERSION}")
find_program(MOLD mold)
if(MOLD AND NOT STOA_FUZZ)
  target_link_options(stoa_flags INTERFACE -fuse-ld=mold)
endif()
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()
set(STOA_SANITIZE "" CACHE STRING "address,undefined or thread")
if(STOA_SANITIZE)
  target_compile_options(stoa_flags INTERFACE -fsanitize=${STOA_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(stoa_flags INTERFACE -fsanitize=${STOA_SANITIZE})
  if(STOA_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(stoa_flags INTERFACE -Wno-tsan)  # Asio's fences, which GCC warns of
  endif()
endif()
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
