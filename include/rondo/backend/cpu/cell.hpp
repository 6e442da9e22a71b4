// Nonlinear cells, forward (equations, layouts and contract: rondo/recurrence/cell.hpp).
//
// Sequences advance in lock step. Units with all four of their gates are a group, whose rows of R are packed once into panels
// and streamed at every step. Threads that share a head share its sequences or its groups (lock_step.hpp) and meet at one barrier a
// step in the second case; heads need none between them, and each is taken through all steps while its weights are in the cache. A single
// token a sequence is a plain product instead. In bf16 R and the h that it is multiplied with are words of two numbers; c, gates and h as
// they are saved stay float32.
#pragma once

#include <algorithm>
#include <type_traits>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/lock_step.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/recurrent_product.hpp>
#include <rondo/recurrence/cell.hpp>

namespace rondo {

// A group is lane_count units of a head: two panels, of gates 0 and 1 and of gates 2 and 3, each [d, 2 lane_count].
template <Precision precision>
void pack_cell_group(View<const float> weight, Index first, float* panels) {
  const Index d = weight.columns, inner = inner_floats<precision>(d), count = std::min(lane_count, d - first);
  for (Index gate = 0; gate < 4; ++gate) {
    float* panel = panels + gate / 2 * inner * panel_columns + gate % 2 * lane_count;
    for (Index j = 0; j < lane_count; ++j) {
      const float* row = j < count ? weight.row(gate * d + first + j) : nullptr;
      for (Index l = 0; l < inner; ++l) {
        float& to = panel[l * panel_columns + j];
        if (precision == Precision::bf16 && row)
          pair_neighbours(row + 2 * l, std::min<Index>(2, d - 2 * l), &to);
        else
          to = row ? row[l] : 0.0F;
      }
    }
  }
}

// One sequence's gates, c and h of `count` units, from the sums of gates 0 and 2, with those of 1 and 3 `apart` after them.
template <class CellType, class Count>
[[gnu::always_inline]] inline void cell_units(const float* first_sum, const float* second_sum, Index apart, Index width,
                                              const float* c_before, float* gates, float* c, float* h, float* h_again,
                                              float* normaliser, Count count) {
#pragma omp simd
  for (Index j = 0; j < count; ++j) {
    float i = first_sum[j], f = first_sum[apart + j], z = second_sum[j], o = second_sum[apart + j];
    typename CellType::template State<float> state{};
    state.cell = c_before[j];
    if constexpr (CellType::normalised) state.normaliser = normaliser[j];
    CellType::forward(i, f, z, o, state);
    gates[j] = i;
    gates[width + j] = f;
    gates[2 * width + j] = z;
    gates[3 * width + j] = o;
    c[j] = state.cell;
    h[j] = h_again[j] = state.hidden;
    if constexpr (CellType::normalised) normaliser[j] = state.normaliser;
  }
}

// What a pass goes through: row s of `normaliser` is that of sequence s, moving on with it.
template <class CellType>
struct CellPass {
  const Cell<CellType>& p;
  View<const float> sums, weight, initial_h, initial_c;
  View<float> gates, h, c, normaliser;
  const float* zero;
};

// Decoding: no sequence is longer than one token, and packing the weight would cost more than reading it once.
template <class CellType>
void cell_one_token(const CellPass<CellType>& pass, Sequences sequences, Arena& arena) {
  const Index width = pass.p.width, d = pass.p.head_width(), count = static_cast<Index>(sequences.size());
  const View<float> sums{arena.take<float>(4 * width * count), count, 4 * width};  // head by head
  for (Index head = 0; pass.initial_h && head < pass.p.heads; ++head)
    multiply(pass.initial_h.middle_rows(0, count).middle_columns(head * d, d), Transpose::no, pass.p.of_head(pass.weight, head),
             Transpose::yes, sums.middle_columns(head * 4 * d, 4 * d));
  for (Index s = 0; s < count; ++s) {
    if (sequences[static_cast<std::size_t>(s)].length == 0) continue;
    const Index row = sequences[static_cast<std::size_t>(s)].begin;
    for (Index head = 0; head < pass.p.heads; ++head) {
      const Index first = head * d;
      float *sum = sums.row(s) + 4 * first, *gate = pass.gates.row(row) + first;
      const float* input = pass.sums.row(row) + first;
      for (Index part = 0; part < 4; ++part) {
        if (pass.initial_h) {
#pragma omp simd
          for (Index j = 0; j < d; ++j) sum[part * d + j] += input[part * width + j];
        } else {
          std::copy_n(input + part * width, d, sum + part * d);
        }
      }
      cell_units<CellType>(sum, sum + 2 * d, d, width, (pass.initial_c ? pass.initial_c.row(s) : pass.zero) + first, gate,
                           pass.c.row(row) + first, pass.h.row(row) + first, pass.h.row(row) + first,
                           pass.normaliser ? pass.normaliser.row(s) + first : nullptr, d);
    }
  }
}

// As many as groups are worth.
template <class CellType>
[[nodiscard]] Index cell_threads(const Cell<CellType>& p, Index sequences) {
  const Index d = p.head_width();
  return step_threads(p.heads * ((d + lane_count - 1) / lane_count), 4 * p.width * d * sequences);
}

template <Precision precision, class CellType>
void cell_steps(const CellPass<CellType>& pass, const LockStep& lock_step, Arena& arena) {
  constexpr bool rounds = precision == Precision::bf16;
  const Index width = pass.p.width, heads = pass.p.heads, d = pass.p.head_width(), groups = (d + lane_count - 1) / lane_count;
  const Index count = lock_step.count(), parts = lock_step.parts();
  const Index threads = cell_threads(pass.p, count);
  const Index inner = inner_floats<precision>(d), group_floats = 2 * inner * panel_columns;
  float* packed = arena.take<float>(heads * groups * group_floats);
  float* sums = arena.take<float>(threads * 2 * count * panel_columns);
  const Index stride = recurrent_stride(inner);
  float* all_rows = arena.take<float>(heads * 2 * count * stride);  // h of the step before and of this one, by turns
  SpinBarrier* barriers = take_barriers(std::min(threads, heads), arena);
#pragma omp parallel num_threads(static_cast <int>(threads))
  {
    const Team team = Team::mine(heads);
    float *first_sum = sums + thread_number() * 2 * count * panel_columns, *second_sum = first_sum + count * panel_columns;
    for (Index head = team.heads.begin; head < team.heads.end; ++head) {
      const Range share = share_of(groups, team.members, team.member), own = parts > 1 ? Range{0, groups} : share;
      float *packed_here = packed + head * groups * group_floats, *rows = all_rows + head * 2 * count * stride;
      for (Index group = share.begin; group < share.end; ++group)
        pack_cell_group<precision>(pass.p.of_head(pass.weight, head), group * lane_count, packed_here + group * group_floats);
      if (pass.initial_h && team.member == 0)
        for (Index i = 0; i < count; ++i) {
          const float* first = pass.initial_h.row(lock_step.number(i)) + head * d;
          if constexpr (rounds)
            pair_neighbours(first, d, rows + i * stride);
          else
            std::copy_n(first, d, rows + i * stride);
        }
      if (pass.initial_h || parts > 1) barriers[team.number].wait(team.members);
      const Range mine = parts > 1 ? share_of(parts, team.members, team.member) : Range{0, 1};
      for (Index number = mine.begin; number < mine.end; ++number) {
        const Range part = lock_step.part(number);
        const Index from = part.begin;
        Index running = part.end;
        for (Index step = 0; step < lock_step.steps(part); ++step) {
          running = lock_step.running(part, step, running);
          const float* before = rows + step % 2 * count * stride;
          float* now = rows + (1 - step % 2) * count * stride;
          for (Index group = own.begin; group < own.end; ++group) {
            const Index inside = group * lane_count, valid = std::min(lane_count, d - inside), first = head * d + inside;
            for (Index i = from; i < running; ++i) {
              const Index row = lock_step.at(i).begin + step;
              const float* input = pass.sums.row(row) + first;
              fetch_soon(pass.c.row(row) + first, valid);
              fetch_soon(pass.h.row(row) + first, valid);
              if (step > 0) fetch_soon(pass.c.row(row - 1) + first, valid);
              if (group + 1 < own.end) fetch_soon(input + lane_count, lane_count, 4, width);
              for (Index gate = 0; gate < 4; ++gate) {
                float* to = (gate < 2 ? first_sum : second_sum) + i * panel_columns + gate % 2 * lane_count;
                if (valid == lane_count)
                  store_lanes(to, load_lanes(input + gate * width));
                else
                  std::copy_n(input + gate * width, valid, to);
              }
            }
            const float* panels = packed_here + group * group_floats;
            if (step > 0 || pass.initial_h) {
              multiply_recurrent<precision>(before + from * stride, stride, running - from, panels, inner,
                                            first_sum + from * panel_columns);
              multiply_recurrent<precision>(before + from * stride, stride, running - from, panels + inner * panel_columns, inner,
                                            second_sum + from * panel_columns);
            }
            for (Index i = from; i < running; ++i) {
              const Index row = lock_step.at(i).begin + step, s = lock_step.number(i);
              const float* c_before = step > 0 ? pass.c.row(row - 1) : pass.initial_c ? pass.initial_c.row(s) : pass.zero;
              float again[lane_count];
              const auto update = [&](auto units) __attribute__((always_inline)) {
                cell_units<CellType>(first_sum + i * panel_columns, second_sum + i * panel_columns, lane_count, width,
                                     c_before + first, pass.gates.row(row) + first, pass.c.row(row) + first,
                                     pass.h.row(row) + first, rounds ? again : now + i * stride + inside,
                                     CellType::normalised ? pass.normaliser.row(s) + first : nullptr, units);
              };
              if (valid == lane_count)
                update(std::integral_constant<Index, lane_count>{});
              else
                update(valid);
              if constexpr (rounds) pair_neighbours(again, valid, now + i * stride + inside / 2);
            }
          }
          if (parts == 1) barriers[team.number].wait(team.members);
        }
      }
    }
  }
}

template <class CellType>
void run_cell(const CpuForward<Cell<CellType>>& given, Arena& scratch) {
  const Sequences sequences = given.sequences;
  const Index width = given.tag.width, count = std::ssize(sequences);
  const View<float> h = given.out.hidden, c = given.out.cell;
  const auto initial = or_none(given.carried.initial), final = or_none(given.carried.final);
  Arena::Mark mark{scratch};
  float* zero = scratch.take<float>(width);
  std::fill_n(zero, width, 0.0F);
  View<float> normaliser;
  if constexpr (CellType::normalised) {
    normaliser = {scratch.take<float>(count * width), count, width};
    for (Index s = 0; s < count; ++s) std::copy_n(initial.normaliser ? initial.normaliser.row(s) : zero, width, normaliser.row(s));
  }
  const CellPass<CellType> pass{given.tag,         given.in.sums, given.weights.recurrent, initial.hidden, initial.cell,
                                given.out.gates, h,             c,                       normaliser,     zero};
  const Cell<CellType>& p = given.tag;
  const bool rounds = given.precision == Precision::bf16;
  const Index parts = sequence_parts(count, p.heads, cell_threads(p, count),
                                     CellType::gates * p.head_width() * p.head_width() / (rounds ? 2 : 1));
  const LockStep lock_step{sequences, parts, scratch};
  if (lock_step.steps() == 1)
    cell_one_token(pass, sequences, scratch);
  else if (rounds)
    cell_steps<Precision::bf16>(pass, lock_step, scratch);
  else
    cell_steps<Precision::float32>(pass, lock_step, scratch);
  zero_padding(sequences, h);
  zero_padding(sequences, c);
  if (!final.hidden) return;
  for (Index s = 0; s < count; ++s) {
    const Sequence& sequence = sequences[static_cast<std::size_t>(s)];
    const auto last = [&](View<const float> states, View<const float> start) -> const float* {
      if (sequence.length > 0) return states.row(sequence.begin + sequence.length - 1);
      return start ? start.row(s) : zero;
    };
    const auto pass_on = [&](const float* from, float* to) {
      if (from != to) std::copy_n(from, width, to);
    };
    pass_on(last(h, pass.initial_h), final.hidden.row(s));
    pass_on(last(c, pass.initial_c), final.cell.row(s));
    if constexpr (CellType::normalised) pass_on(normaliser.row(s), final.normaliser.row(s));
  }
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuForward<Cell<LstmCell>>& pass, Arena& scratch) { run_cell(pass, scratch); }
RONDO_DEFINED_ONCE void run_recurrence(const CpuForward<Cell<SlstmCell>>& pass, Arena& scratch) { run_cell(pass, scratch); }

}  // namespace rondo
