# rondo::native: code for the processor of the machine that compiles (-march=native), three to four times as fast as code for any.
# Part of the installed package too.
#
# What a program links has to agree with it: the width of a register decides how memory is laid out, here and in Eigen. So RONDO_NATIVE=ON,
# said before rondo is looked for, gives it to all that links rondo; and whoever says nothing is told. RONDO_NATIVE=OFF is silent.
add_library(rondo_native INTERFACE)
add_library(rondo::native ALIAS rondo_native)
target_compile_options(rondo_native INTERFACE -march=native)

string(TOUPPER "CMAKE_CXX_FLAGS_${CMAKE_BUILD_TYPE}" rondo_flags)
set(rondo_flags "${CMAKE_CXX_FLAGS} ${${rondo_flags}} ${CMAKE_CXX_COMPILER_ARG1}")
if(NOT DEFINED RONDO_NATIVE AND NOT rondo_flags MATCHES "-m(arch|cpu|avx)")
  message(WARNING "rondo: compiled for any processor, at a third or a quarter of the speed. set(RONDO_NATIVE ON) before rondo compiles "
                  "for this one, -march=... in CMAKE_CXX_FLAGS for another; set(RONDO_NATIVE OFF) says that it is meant so.")
endif()
