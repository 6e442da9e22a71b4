// Rotary positions (Su et al. 2021), half-split layout, in place.
//
//   (x_j, x_{j + r/2}) -> c (x_j cos a - x_{j + r/2} sin a, x_{j + r/2} cos a + x_j sin a),   a = direction position frequency_j
//
//   x [tokens, heads d]: rows of sequences are turned, all others stay; r channels of each head, frequencies and amplitude c as
//   rondo/core/rotation.hpp says; direction +1, or -1 for the transpose (the backward)
//
// Angles are double: sine and cosine are computed every `rotary_rows` tokens and turned on by one token in between.
// Throws Error where x is no whole number of heads.
#pragma once

#include <algorithm>
#include <cmath>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/rotation.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

inline constexpr Index rotary_rows = 64;

// A thread's share of scratch: of this token and of one token's turn, in double, and of this token in float.
struct RotaryTurns {
  double *cosine, *sine, *cosine_step, *sine_step;
  float *cosine_now, *sine_now;
  static constexpr Index doubles(Index half) { return 5 * half + 8; }
  RotaryTurns(double* memory, Index half)
      : cosine(memory),
        sine(memory + half),
        cosine_step(memory + 2 * half),
        sine_step(memory + 3 * half),
        cosine_now(reinterpret_cast<float*>(memory + 4 * half)),
        sine_now(cosine_now + half) {}
};

// Rows of one sequence: the first at `position`.
inline void rotate_rows(View<float> x, const Rotation& rotation, const double* frequencies, Index position, int direction,
                        const RotaryTurns& turns) {
  const Index half = rotation.pairs();
  const double amplitude = rotation.amplitude();
  for (Index j = 0; j < half; ++j) {
    const double angle = direction * static_cast<double>(position) * frequencies[j];
    turns.cosine[j] = std::cos(angle);
    turns.sine[j] = std::sin(angle);
    if (x.rows == 1) continue;
    turns.cosine_step[j] = std::cos(direction * frequencies[j]);
    turns.sine_step[j] = std::sin(direction * frequencies[j]);
  }
  for (Index t = 0; t < x.rows; ++t) {
    if (t > 0)
#pragma omp simd
      for (Index j = 0; j < half; ++j) {
        const double c = turns.cosine[j], s = turns.sine[j];
        turns.cosine[j] = c * turns.cosine_step[j] - s * turns.sine_step[j];
        turns.sine[j] = s * turns.cosine_step[j] + c * turns.sine_step[j];
      }
    for (Index j = 0; j < half; ++j) {
      turns.cosine_now[j] = static_cast<float>(amplitude * turns.cosine[j]);
      turns.sine_now[j] = static_cast<float>(amplitude * turns.sine[j]);
    }
    for (Index begin = 0; begin < x.columns; begin += rotation.head_width) {
      float *first = x.row(t) + begin, *second = first + half;
#pragma omp simd
      for (Index j = 0; j < half; ++j) {
        const float a = first[j], b = second[j], c = turns.cosine_now[j], s = turns.sine_now[j];
        first[j] = a * c - b * s;
        second[j] = b * c + a * s;
      }
    }
  }
}

RONDO_DEFINED_ONCE void rotate(Sequences sequences, View<float> x, const Rotation& rotation, int direction, Arena& arena) {
  require(rotation.width() % 2 == 0 && x.columns % rotation.head_width == 0, "rotary: ", x.columns,
          " channels are no whole number of heads of ", rotation.head_width);
  Index longest = 0;
  for (const Sequence& sequence : sequences) longest = std::max(longest, sequence.length);
  const auto count = static_cast<Index>(sequences.size());
  const Index chunks = (longest + rotary_rows - 1) / rotary_rows, tasks = chunks * count, threads = threads_for(x.size());
  const Index half = rotation.pairs(), share = RotaryTurns::doubles(half), tables = rotation.follows_length() ? count : 1;
  Arena::Mark mark{arena};
  double* scratch = arena.take<double>(threads * share);
  double* frequencies = arena.take<double>(tables * half);  // of all sequences, or of each
  for (Index table = 0; table < std::min(tables, count); ++table) {
    const Sequence& sequence = sequences[static_cast<std::size_t>(table)];
    for (Index j = 0; j < half; ++j)
      frequencies[table * half + j] = rotation.frequency(j, sequence.position + sequence.length);
  }
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(threads)) if (threads > 1)
  for (Index task = 0; task < tasks; ++task) {
    const Index number = task / chunks;
    const Sequence& sequence = sequences[static_cast<std::size_t>(number)];
    const Index first = task % chunks * rotary_rows;
    if (first >= sequence.length) continue;
    rotate_rows(x.middle_rows(sequence.begin + first, std::min(rotary_rows, sequence.length - first)), rotation,
                frequencies + (tables > 1 ? number * half : 0), sequence.position + first, direction,
                RotaryTurns{scratch + thread_number() * share, half});
  }
}

}  // namespace rondo
