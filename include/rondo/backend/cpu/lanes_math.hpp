// Powers of two, a register at a time.
//
//   power_of_two(x)   2^x for x <= 127; zero at -127 and below                relative error <= 2e-7
//
// 2^x = 2^n 2^r with n the nearest integer: adding a number of 1.5 2^23 rounds to n and leaves n + 127 in the low bits, which
// moved up are 2^n. NaN goes to NaN.
#pragma once

#include <cstdint>

#include <rondo/backend/cpu/lanes.hpp>

namespace rondo {

typedef std::int32_t IntegerLanes __attribute__((vector_size(sizeof(std::int32_t) * lane_count)));

[[gnu::always_inline]] inline Lanes power_of_two(Lanes x) {
  const Lanes lowest = all_lanes(-127.0F);
  const float shifter = 12582912.0F + 127.0F;
  x = x < lowest ? lowest : x;
  const Lanes shifted = x + shifter;
  const Lanes r = x - (shifted - shifter);
  Lanes p = r * 1.53533605e-4F + 1.3398875e-3F;
  p = p * r + 9.61843692e-3F;
  p = p * r + 5.55033237e-2F;
  p = p * r + 2.40226477e-1F;
  p = p * r + 6.93147182e-1F;
  p = p * r + 1.0F;
  return p * (Lanes)((IntegerLanes)shifted << 23);
}

}  // namespace rondo
