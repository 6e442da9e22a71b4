# How rondo's own programs, tests and benchmarks are compiled: with warnings, errors for those who work on it; output goes to bin/.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(rondo_own_code INTERFACE)
target_compile_options(rondo_own_code INTERFACE -Wall -Wextra -Wshadow -Wconversion)
if(RONDO_WERROR)
  target_compile_options(rondo_own_code INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # A loop marked simd that clang leaves as it is at a low level of optimisation is no mistake.
  target_compile_options(rondo_own_code INTERFACE -Wno-pass-failed)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 takes its own AVX-512 intrinsics, which Eigen inlines, for reads of uninitialised registers (its bug 105593).
  target_compile_options(rondo_own_code INTERFACE -Wno-maybe-uninitialized -Wno-uninitialized)
endif()
if(NOT OpenMP_CXX_FOUND)
  target_compile_options(rondo_own_code INTERFACE -Wno-unknown-pragmas)
endif()

# rondo_program(NAME SOURCE...): an executable in bin/ with the application layer.
function(rondo_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE rondo::compiled rondo_own_code)
endfunction()
