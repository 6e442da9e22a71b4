// The laws that every layer keeps, as functions from a subject (rondo/testing/subject.hpp) to findings:
//
//   const Findings findings = laws<Cpu>(subject<MyMixer>(shape, 1), packed({5, 4}));       all of them
//   BOOST_TEST(findings.empty(), findings);
//
//   L1  gradients_are_exact       of weights, input and initial states, against the complex-step derivative
//   L2  gradients_accumulate      weight gradients are added, input gradients and outputs written, whatever stood there
//   L3  same_seed_same_bits       also with dropout
//   L4  packed_equals_separate    a sequence alone = the same sequence in a batch; padding rows are without effect  (and L14)
//   L5  is_causal                 token t changes nothing before t, and nothing in another sequence
//   L6  parts_equal_whole         whole = two parts at every cut, forward and backward;  steps_equal_whole: token by token
//   L7  fresh_equals_zero         no initial state = a state of zeros
//   L8  survives_saving           weights written and read again give the same bits
//   L9  returns_scratch           and allocates nothing once it has run
//   L10 names_are_unique
//   L11 agrees_with_reference     every back-end and Reference<double>
//   L12 equal_passes              two subjects with the same weights, as a block and the same block Checkpointed
//   L14 ignores_padding           NaN in padding rows reaches no other row and no state; their gradient is zero
//
// L9 on memory that nobody may touch is in rondo/testing/trace_law.hpp, L13 (names in other ecosystems) in
// rondo/testing/name_table_law.hpp.
#pragma once

#include <functional>
#include <set>

#include <rondo/testing/gradient_check.hpp>
#include <rondo/testing/subject.hpp>

namespace rondo::testing {

// Inputs of a batch in general position.
template <class Subject>
Inputs<double> prepare(const Subject& subject, const Batch& batch, Seed seed = Seed{1}) {
  Inputs<double> in = draw(subject, batch, seed);
  forget_unwritten_states(subject, batch, in);
  return in;
}

template <class Backend, class Subject>
Findings gradients_are_exact(const Subject& subject, const Batch& batch, const Mode& mode = {}) {
  return check_gradients<Backend>(subject, batch, prepare(subject, batch),
                                  std::is_same_v<typename Backend::Scalar, double> ? 2e-13 : rounding<Backend>().gradients, mode);
}

template <class Backend, class Subject>
Findings gradients_accumulate(const Subject& subject, const Batch& batch) {
  Findings findings;
  const Inputs<double> in = prepare(subject, batch);
  const Outputs<double> clean = run<Backend>(subject, batch, in);
  Outputs<double> noisy = run<Backend>(subject, batch, in, Mode{.gradient_noise = 1});
  for (Tensor<double>& gradient : noisy.d_weights)
    for (double& value : gradient.values) value -= 1;
  const double scale = std::max(1.0, 1 / std::max(gradient_floor(clean), 1e-30));
  compare(findings, "L2 weight gradients are added", clean, noisy, {0, rounding<Backend>().gradients * scale});
  const auto written = [&](const Tensor<double>& tensor) {
    for (const double value : tensor.values)
      if (!std::isfinite(value)) {
        findings.add({"L2 outputs are written", tensor.name, 0, value, 1});
        return;
      }
  };
  written(clean.y);
  written(clean.dx);
  for (const Tensor<double>& gradient : clean.d_initial) written(gradient);
  return findings;
}

template <class Backend, class Subject>
Findings same_seed_same_bits(const Subject& subject, const Batch& batch) {
  Findings findings;
  const Inputs<double> in = prepare(subject, batch);
  const Mode mode{.training = true, .key = key_of(Seed{3}, "step")};
  compare(findings, "L3 same seed, same bits", run<Backend>(subject, batch, in, mode), run<Backend>(subject, batch, in, mode),
          same_bits);
  return findings;
}

// Rows and states of one sequence of a batch, as a batch of its own.
inline Batch alone(const Batch& batch, std::size_t s) {
  const Sequence& sequence = batch.sequences[s];
  return {{{0, sequence.length, sequence.position}}, sequence.length};
}
inline Tensors<double> state_of(const Tensors<double>& states, std::size_t s) {
  Tensors<double> result;
  for (const Tensor<double>& state : states) result.push_back(state.middle_rows(static_cast<Index>(s), 1));
  return result;
}
inline Inputs<double> alone(const Batch& batch, const Inputs<double>& in, std::size_t s) {
  const Sequence& sequence = batch.sequences[s];
  Inputs<double> result{
      in.weights, in.x.middle_rows(sequence.begin, sequence.length), {}, in.dy.middle_rows(sequence.begin, sequence.length), {}};
  if (in.initial) result.initial = state_of(*in.initial, s);
  if (in.d_final) result.d_final = state_of(*in.d_final, s);
  return result;
}

inline void add(Tensors<double>& sums, const Tensors<double>& terms) {
  for (std::size_t i = 0; i < sums.size(); ++i)
    for (std::size_t j = 0; j < sums[i].values.size(); ++j) sums[i].values[j] += terms[i].values[j];
}

// `initial_states`: whether the sequences start from states of their own, or fresh.
template <class Backend, class Subject>
Findings packed_equals_separate(const Subject& subject, const Batch& batch, bool initial_states = true) {
  Findings findings;
  Inputs<double> in = prepare(subject, batch);
  if (!initial_states) in.initial.reset();
  const Outputs<double> whole = run<Backend>(subject, batch, in);
  Outputs<double> joined = whole;  // padding rows stay, states and gradients are put together from the parts
  for (Tensor<double>& gradient : joined.d_weights) std::fill(gradient.values.begin(), gradient.values.end(), 0.0);
  for (std::size_t s = 0; s < batch.sequences.size(); ++s) {
    const auto row = static_cast<Index>(s);
    const Outputs<double> part = run<Backend>(subject, alone(batch, s), alone(batch, in, s));
    joined.y.set_rows(batch.sequences[s].begin, part.y);
    joined.dx.set_rows(batch.sequences[s].begin, part.dx);
    for (std::size_t i = 0; i < part.final.size(); ++i) joined.final[i].set_rows(row, part.final[i]);
    for (std::size_t i = 0; i < part.d_initial.size(); ++i) joined.d_initial[i].set_rows(row, part.d_initial[i]);
    add(joined.d_weights, part.d_weights);
  }
  compare(findings, "L4 alone = in a batch", joined, whole, rounding<Backend>());
  const std::vector<bool> padding = batch.padding();
  for (Index t = 0; t < batch.tokens; ++t)
    if (padding[static_cast<std::size_t>(t)])
      compare(findings, "L14 the gradient of padding is zero", Tensor<double>("dx", 1, whole.dx.columns),
              whole.dx.middle_rows(t, 1), 0);
  return findings;
}

// Redraws x from row t of one sequence on; nothing before it and nothing of another sequence may change.
template <class Backend, class Subject>
Findings is_causal(const Subject& subject, const Batch& batch) {
  Findings findings;
  const Inputs<double> in = prepare(subject, batch);
  const Inputs<double> other = draw(subject, batch, Seed{2});
  const Outputs<double> before = run_forward<Backend>(subject, batch, in);
  for (std::size_t s = 0; s < batch.sequences.size(); ++s) {
    const Sequence& sequence = batch.sequences[s];
    for (const Index t : std::set<Index>{0, 1, sequence.length / 2, sequence.length - 1}) {
      if (t < 0 || t >= sequence.length) continue;
      const Index changed = sequence.length - t;
      Inputs<double> moved = in;
      moved.x.set_rows(sequence.begin + t, other.x.middle_rows(sequence.begin + t, changed));
      Outputs<double> after = run_forward<Backend>(subject, batch, moved);
      after.y.set_rows(sequence.begin + t, before.y.middle_rows(sequence.begin + t, changed));
      compare(findings, "L5 causal", before.y, after.y, rounding<Backend>().values);
      for (std::size_t i = 0; i < after.final.size(); ++i) {
        after.final[i].set_rows(static_cast<Index>(s), before.final[i].middle_rows(static_cast<Index>(s), 1));
        compare(findings, "L5 states of other sequences", before.final[i], after.final[i], rounding<Backend>().values);
      }
    }
  }
  return findings;
}

// One sequence, cut in two: the state between the parts is handed on, its gradient handed back.
template <class Backend, class Subject>
Findings parts_equal_whole(const Subject& subject, Index length, const std::set<Index>& cuts, Index position = 0) {
  Findings findings;
  const Batch batch = packed({length}, position);
  const Inputs<double> in = prepare(subject, batch);
  const Outputs<double> whole = run<Backend>(subject, batch, in);
  for (const Index cut : cuts) {
    if (cut < 0 || cut > length) continue;
    const Batch first = packed({cut}, position), second = packed({length - cut}, position + cut);
    Inputs<double> first_in{in.weights, in.x.middle_rows(0, cut), in.initial, in.dy.middle_rows(0, cut), {}};
    const Outputs<double> half = run_forward<Backend>(subject, first, first_in);
    const Inputs<double> second_in{in.weights, in.x.middle_rows(cut, length - cut), half.final,
                                   in.dy.middle_rows(cut, length - cut), in.d_final};
    Outputs<double> joined = run<Backend>(subject, second, second_in);
    first_in.d_final = joined.d_initial;
    Outputs<double> first_out = run<Backend>(subject, first, first_in);
    const auto stack = [&](Tensor<double> shape, const Tensor<double>& above, const Tensor<double>& below) {
      shape.set_rows(0, above);
      shape.set_rows(cut, below);
      return shape;
    };
    joined.y = stack(whole.y, first_out.y, joined.y);
    joined.dx = stack(whole.dx, first_out.dx, joined.dx);
    joined.d_initial = first_out.d_initial;
    add(joined.d_weights, first_out.d_weights);
    compare(findings, "L6 parts cut at " + std::to_string(cut) + " of " + std::to_string(length), whole, joined,
            rounding<Backend>());
  }
  return findings;
}

// All sequences of a batch token by token, their states in place; those that have ended take part with no token.
template <class Backend, class Subject>
Findings steps_equal_whole(const Subject& subject, const Batch& batch) {
  Findings findings;
  Inputs<double> in = prepare(subject, batch);
  const Outputs<double> whole = run_forward<Backend>(subject, batch, in);
  Tensor<double> y = whole.y;
  const Tensor<double> all = in.x;
  Index longest = 0;
  for (const Sequence& sequence : batch.sequences) longest = std::max(longest, sequence.length);
  in.d_final.reset();
  for (Index t = 0; t < longest; ++t) {
    Batch step;
    for (const Sequence& sequence : batch.sequences) {
      const Index length = t < sequence.length ? 1 : 0;
      step.sequences.push_back({step.tokens, length, sequence.position + std::min(t, sequence.length)});
      step.tokens += length;
    }
    in.x = Tensor<double>("x", step.tokens, all.columns);
    in.dy = Tensor<double>("dy", step.tokens, subject.out());
    for (std::size_t s = 0; s < step.sequences.size(); ++s)
      if (step.sequences[s].length) in.x.set_rows(step.sequences[s].begin, all.middle_rows(batch.sequences[s].begin + t, 1));
    const Outputs<double> now = run_forward<Backend>(subject, step, in, Mode{.in_place = true});
    for (std::size_t s = 0; s < step.sequences.size(); ++s)
      if (step.sequences[s].length) y.set_rows(batch.sequences[s].begin + t, now.y.middle_rows(step.sequences[s].begin, 1));
    in.initial = now.final;
  }
  compare(findings, "L6 step by step, outputs", whole.y, y, rounding<Backend>().values);
  for (std::size_t i = 0; i < whole.final.size(); ++i)  // in place: what whole did not write still is what was there
    for (std::size_t j = 0; j < whole.final[i].values.size(); ++j)
      if (std::isnan(whole.final[i].values[j])) (*in.initial)[i].values[j] = whole.final[i].values[j];
  compare(findings, "L6 step by step, final states", whole.final, *in.initial, rounding<Backend>().values);
  return findings;
}

template <class Backend, class Subject>
Findings fresh_equals_zero(const Subject& subject, const Batch& batch) {
  Findings findings;
  Batch fresh = batch;
  for (Sequence& sequence : fresh.sequences) sequence.position = 0;
  Inputs<double> in = prepare(subject, fresh);
  for (Tensor<double>& state : *in.initial) std::fill(state.values.begin(), state.values.end(), 0.0);
  Outputs<double> zero = run<Backend>(subject, fresh, in);
  in.initial.reset();
  zero.d_initial.clear();
  compare(findings, "L7 fresh state = zero state", zero, run<Backend>(subject, fresh, in), rounding<Backend>());
  return findings;
}

// `round_trip` writes tensors somewhere and returns what it then reads.
template <class Backend, class Subject>
Findings survives_saving(const Subject& subject, const Batch& batch,
                         const std::function<Tensors<double>(const Tensors<double>&)>& round_trip) {
  Findings findings;
  Inputs<double> in = prepare(subject, batch);
  const Outputs<double> before = run<Backend>(subject, batch, in);
  in.weights = round_trip(in.weights);
  compare(findings, "L8 saved and loaded", before, run<Backend>(subject, batch, in), same_bits);
  return findings;
}

// `allocations` returns how often memory was asked for so far.
template <class Backend, class Subject>
Findings returns_scratch(const Subject& subject, const Batch& batch, const std::function<std::size_t()>& allocations = {}) {
  Findings findings;
  Trial<Backend, Subject> trial(subject, batch, prepare(subject, batch));
  const auto look = [&](const char* place) {
    if (trial.scratch_in_use() != 0)
      findings.add({"L9 scratch returns to its mark", place, 0, static_cast<double>(trial.scratch_in_use()), 1});
  };
  trial.forward();
  look("after forward");
  trial.backward();
  look("after backward");
  if (!allocations) return findings;
  const std::size_t before = allocations();
  trial.forward();
  trial.backward();
  const std::size_t more = allocations() - before;
  if (more != 0) findings.add({"L9 a warm pass allocates nothing", "number of allocations", 0, static_cast<double>(more), 1});
  return findings;
}

template <class Subject>
Findings names_are_unique(const Subject& subject, const Batch& batch) {
  Findings findings;
  const auto look = [&](const std::string& record, const std::vector<NamedLeaf>& list) {
    std::set<std::string> names;
    for (const auto& [path, leaf] : list)
      if (leaf.name.empty() || !names.insert(path).second)
        findings.add({"L10 names of " + record + " are unique", "'" + path + "'", 1, 2, 1});
  };
  for (const auto& [path, leaf] : list_leaves(WeightRecords{}, subject)) {
    Index end = 0;
    leaf.each_matrix([&](Index first, Index rows, Index columns) { end = first + rows * columns; });
    if (end != leaf.dimensions.size())
      findings.add({"L10 the parts of a weight are all of it", "'" + path + "'", static_cast<double>(leaf.dimensions.size()),
                    static_cast<double>(end), 1});
  }
  const Extent extent{batch.tokens, std::ssize(batch.sequences)};
  look("weights", list_leaves(WeightRecords{}, subject));
  look("saved", list_leaves(SavedRecords{extent}, subject));
  look("state", list_leaves(StateRecords{extent}, subject));
  return findings;
}

template <class Backend, class Subject>
Findings agrees_with_reference(const Subject& subject, const Batch& batch, const Mode& mode = {}) {
  Findings findings;
  const Inputs<double> in = prepare(subject, batch);
  compare(findings, "L11 agrees with Reference", run<Reference<double>>(subject, batch, in, mode),
          run<Backend>(subject, batch, in, mode), rounding<Backend>());
  return findings;
}

// Subjects whose weights have the same leaves.
template <class Backend, class Plain, class Other>
Findings equal_passes(const Plain& plain, const Other& other, const Batch& batch, const Tolerance& tolerance,
                      const Mode& mode = {}) {
  Findings findings;
  const Inputs<double> in = prepare(plain, batch);
  compare(findings, "L12 equal passes", run<Backend>(plain, batch, in, mode), run<Backend>(other, batch, in, mode), tolerance);
  return findings;
}
// The same without backward passes.
template <class Backend, class Plain, class Other>
Findings equal_forward_passes(const Plain& plain, const Other& other, const Batch& batch, const Tolerance& tolerance) {
  Findings findings;
  const Inputs<double> in = prepare(plain, batch);
  const Outputs<double> expected = run_forward<Backend>(plain, batch, in), found = run_forward<Backend>(other, batch, in);
  compare(findings, "L12 equal forward passes", expected.y, found.y, tolerance.values);
  compare(findings, "L12 equal forward passes", expected.final, found.final, tolerance.values);
  return findings;
}

// NaN in the padding rows of x and other numbers there. (A backward pass may multiply x by zero: there other numbers alone.)
template <class Backend, class Subject>
Findings ignores_padding(const Subject& subject, const Batch& batch) {
  Findings findings;
  const std::vector<bool> padding = batch.padding();
  const Inputs<double> in = prepare(subject, batch);
  const auto with_padding = [&](auto value) {
    Inputs<double> result = in;
    for (Index t = 0; t < batch.tokens; ++t)
      for (Index i = 0; i < in.x.columns; ++i)
        if (padding[static_cast<std::size_t>(t)]) result.x(t, i) = value(t, i);
    return result;
  };
  const auto forget_padding = [&](Outputs<double> outputs) {
    for (Index t = 0; t < batch.tokens; ++t)
      if (padding[static_cast<std::size_t>(t)]) outputs.y.set_rows(t, Tensor<double>("y", 1, outputs.y.columns));
    return outputs;
  };
  const Outputs<double> expected = forget_padding(run<Backend>(subject, batch, in));
  const Inputs<double> other = draw(subject, batch, Seed{4});
  const Outputs<double> moved =
      forget_padding(run<Backend>(subject, batch, with_padding([&](Index t, Index i) { return other.x(t, i); })));
  compare(findings, "L14 padding is without effect", expected, moved, rounding<Backend>());
  if constexpr (!Subject::reads_tokens) {
    const Outputs<double> poisoned = forget_padding(run_forward<Backend>(
        subject, batch, with_padding([](Index, Index) { return std::numeric_limits<double>::quiet_NaN(); })));
    compare(findings, "L14 NaN in padding reaches no other row", expected.y, poisoned.y, rounding<Backend>().values);
    compare(findings, "L14 NaN in padding reaches no state", expected.final, poisoned.final, rounding<Backend>().values);
  }
  return findings;
}

// All laws that need no more than a subject and a batch of sequences.
template <class Backend, class Subject>
Findings laws(const Subject& subject, const Batch& batch) {
  Findings findings;
  findings.add(names_are_unique(subject, batch));
  findings.add(gradients_are_exact<Backend>(subject, batch, Mode{.training = true, .key = key_of(Seed{3}, "step")}));
  findings.add(gradients_accumulate<Backend>(subject, batch));
  findings.add(same_seed_same_bits<Backend>(subject, batch));
  findings.add(fresh_equals_zero<Backend>(subject, batch));
  findings.add(returns_scratch<Backend>(subject, batch));
  findings.add(agrees_with_reference<Backend>(subject, batch));
  if constexpr (Subject::per_token) {
    findings.add(packed_equals_separate<Backend>(subject, batch));
    findings.add(packed_equals_separate<Backend>(subject, batch, false));
    findings.add(is_causal<Backend>(subject, batch));
    findings.add(ignores_padding<Backend>(subject, batch));
    findings.add(steps_equal_whole<Backend>(subject, batch));
  }
  return findings;
}

}  // namespace rondo::testing
