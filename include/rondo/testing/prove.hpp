// prove(subject): every law, on Trace, on Reference in double and on Cpu, over batches that are enough to find what is wrong with a
// layer of your own.
//
//   const Findings findings = prove(subject<MyMixer>(shape));      shape.context of 80 and more, where the layer looks at it
//   if (!findings.empty()) std::cerr << findings << '\n';          law, leaf and entry, what was expected and found
//
//   const Findings findings = prove_on<MyBackend>(subject<Hgrn2Mixer<LowerBoundedForget>>(shape));      a back-end of your own
//
// Gradients come from the complex-step derivative of the forward pass in Reference, so a layer is proven against nothing but itself:
// what its formula should be is another matter, for a test of its values.
#pragma once

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/testing/laws.hpp>
#include <rondo/testing/trace_law.hpp>

namespace rondo::testing {

// The laws on one back-end.
template <class Backend, class Subject>
Findings prove_on(const Subject& subject) {
  Findings findings;
  // One token, one sequence, several with an empty one and padding around them.
  for (const Batch& batch : {packed({1}), packed({7}, 4), packed({5, 0, 4}, 3, 1, 2)}) findings.add(laws<Backend>(subject, batch));
  if constexpr (Subject::per_token) {
    findings.add(parts_equal_whole<Backend>(subject, 5, {0, 1, 3, 5}, 2));
    // Longer than the chunks that back-ends work in.
    findings.add(agrees_with_reference<Backend>(subject, packed({65, 3})));
    findings.add(parts_equal_whole<Backend>(subject, 66, {1, 64}));
  }
  return findings;
}

template <class Subject>
Findings prove(const Subject& subject) {
  Findings findings = touches_no_memory(subject, packed({3, 2}, 1, 0, 1));
  findings.add(prove_on<Reference<double>>(subject));
  findings.add(prove_on<Cpu>(subject));
  return findings;
}

}  // namespace rondo::testing
