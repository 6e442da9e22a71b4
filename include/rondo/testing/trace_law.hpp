// L9 where there is no memory: a layer leaves that to operations.
//
//   const Findings findings = touches_no_memory(subject<MyMixer>(shape), packed({3, 2}));
#pragma once

#include <vector>

#include <rondo/backend/trace/trace.hpp>
#include <rondo/testing/subject.hpp>

namespace rondo::testing {

// Both passes where views point nowhere. A layer that looks at memory itself ends the program here.
template <class Subject>
Findings touches_no_memory(const Subject& subject, const Batch& batch) {
  Findings findings;
  TraceContext c;
  const std::vector<Token> ids(static_cast<std::size_t>(batch.tokens), 0);
  const Tokens row{ids.data(), 1, batch.tokens};
  c.begin(batch.sequences, row, row);
  const auto weights = c.record(WeightRecords{}, subject), gradients = c.record(WeightRecords{}, subject);
  const auto saved = c.record(SavedRecords{c.extent()}, subject);
  const auto initial = c.record(StateRecords{c.extent()}, subject), final = c.record(StateRecords{c.extent()}, subject);
  const auto x = c.matrix(batch.tokens, subject.in()), dx = c.matrix(batch.tokens, subject.in());
  const auto y = c.matrix(subject.output_rows(batch.tokens), subject.out());
  const std::size_t used = c.scratch.used();
  const auto look = [&](const char* place) {
    if (c.scratch.used() != used)
      findings.add(
          {"L9 scratch returns to its mark", place, static_cast<double>(used), static_cast<double>(c.scratch.used()), 1});
  };
  subject.forward(c, weights, In<TraceContext>(x), y, saved, CarriedFor<Subject, TraceContext>{&initial, &final});
  look("after forward, on Trace");
  subject.backward(c, weights, In<TraceContext>(x), In<TraceContext>(y), dx, saved, gradients,
                   CarriedGradientFor<Subject, TraceContext>{&initial, &final, &initial});
  look("after backward, on Trace");
  return findings;
}

}  // namespace rondo::testing
