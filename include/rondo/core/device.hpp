// Words before functions that a device may run, too. Under nvcc they are CUDA's; every other compiler sees nothing.
//
//   RONDO_ANYWHERE   on hosts and devices: scalar functions, packs, lane maps
//   RONDO_UNROLL     before a loop whose body indexes registers
//   RONDO_STEPS      before a loop of many steps that depend on each other: all of them at once would want too many registers
//   RONDO_KERNEL     what runs for a team of threads (rondo/backend/kernel/team.hpp), and what that calls with one
#pragma once

#if defined(__CUDACC__)
#define RONDO_ANYWHERE __host__ __device__
#define RONDO_KERNEL __device__
#define RONDO_UNROLL _Pragma("unroll")
#define RONDO_STEPS _Pragma("unroll 4")
#else
#define RONDO_ANYWHERE
#define RONDO_KERNEL
#define RONDO_UNROLL
#define RONDO_STEPS
#endif
