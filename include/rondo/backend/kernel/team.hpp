// Team: what a kernel is written for. A team is some threads of a device with shared memory; an emulated one runs them as plain loops
// (rondo/backend/emulated/team.hpp), a device's as threads of a block. The text of a kernel is the same for both:
//
//   struct Kernel {
//     View<const float> x;  View<float> y;                            views as the device sees its memory, and numbers
//     template <class Team> struct Memory { typename Team::template Tile<float, 16, 64> tile; };
//     template <class Team> RONDO_KERNEL void operator()(Team& team) const { ... }
//   };
//
//   Team::threads                         compile time, a multiple of 32
//   team.number()                         which of the launched teams
//   team.each(count, f)                   f(i), i = 0 .. count - 1; thread i % threads runs it; no barrier before or after
//   team.each<most>(count, f)             the same unrolled: f(i, slot), slot = i / threads < most
//   team.sum(count, f)  maximum(count, f) of f(i), in a fixed order; the same number in every thread; contains a barrier      also <most>
//   team.sync()                           what was written to shared memory before is seen after
//   team.memory<M>()                      shared memory as the struct M of Tiles (tile.hpp)
//   team.copy(tile, rows, view)           asynchronously, a view's first rows, by packs; zero beyond them and its columns
//   team.arrived<n>()                     all but the last n copies of this thread are there; a sync makes them everybody's
//   team.wait_for_all(counter)            of a grid that was launched together: device memory written before is seen after
//   Team::Own<T, most>                    registers that outlive a body: own(i, slot)
//   Team::Accumulator<R, C>               float32, spread over the team as matrix units want it (fragment.hpp)
//   team.clear(acc)  multiply(acc, a, b)  acc = 0;  acc += a b; operands: tiles, transposed(tile), rows<n>(tile, r)
//   team.each(acc, f)                     f(r, c, value&); each(acc, other, f): f(r, c, value&, the other's)
//   team.row_sums(acc, f)  row_maxima     of f(r, c, value) over each row, as Team::Rows<R>: rows(r), where each(acc) sees that row
//   team.each(rows, f)                    f(r, value&)
//   team.operand(acc)                     rounded to T as a left operand, without leaving registers: operand<T>(acc)
//
// Outside the bodies f the control flow is the same for all threads by construction: a thread's number exists in bodies alone, so barriers
// cannot diverge. Inside kernels numbers are int (64 bits cost registers); a row's address is formed once, in 64 bits. Own and Accumulators
// are indexed by what is known at compile time once loops are unrolled. Results leave through a Tile and Packs.
#pragma once

#include <cstddef>

#include <rondo/backend/kernel/pack.hpp>
#include <rondo/backend/kernel/tile.hpp>

namespace rondo::kernel {

// What a block may have of shared memory on sm_90; less on others (163 KB on sm_80).
inline constexpr std::size_t most_shared_bytes = 227 * 1024;

template <class Kernel, class Team>
using MemoryOf = typename Kernel::template Memory<Team>;

struct NoMemory {};

// How many teams of `each` elements cover so many.
constexpr Index parts_of(Index count, Index each) { return (count + each - 1) / each; }

}  // namespace rondo::kernel
