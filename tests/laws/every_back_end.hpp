// The list of back-ends, shapes and sequences that the laws run over.
#pragma once

#include <boost/test/unit_test.hpp>

#include <numeric>
#include <string>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/testing/laws.hpp>
#include <rondo/testing/trace_law.hpp>

namespace rondo::testing {

inline void expect_none(const Findings& findings, const std::string& what) {
  BOOST_TEST_MESSAGE(what << ": largest error " << findings.worst());
  BOOST_TEST(findings.empty(), what << findings);
}

// `make(shape)` returns the subject. Short sequences at every cut, then the borders of chunks of 64.
template <class Backend, class Make>
void expect_laws_on(const std::string& name, const Make& make, const Shape& shape) {
  Shape near = shape;
  near.context = 16;
  const auto subject = make(near);
  Findings findings;
  for (const Batch& batch : {packed({1}), packed({2}), packed({7}, 4), packed({5, 0, 4}, 3, 1, 2), packed({3, 1, 2, 6}, 0, 0, 1)})
    findings.add(laws<Backend>(subject, batch));
  expect_none(findings, name + ", short sequences");

  if constexpr (decltype(make(shape))::per_token) {
    Findings parts;
    for (const Index length : {1, 2, 7}) {
      std::set<Index> cuts;
      for (Index cut = 0; cut <= length; ++cut) cuts.insert(cut);
      parts.add(parts_equal_whole<Backend>(subject, length, cuts, 3));
    }
    expect_none(parts, name + ", every cut");

    Shape far = shape;
    far.context = 144;
    const auto longer = make(far);
    Findings borders;
    for (const Index length : {63, 64, 65, 130}) {
      borders.add(agrees_with_reference<Backend>(longer, packed({length})));
      borders.add(parts_equal_whole<Backend>(longer, length, {1, 63, 64, 65, length - 1}));
    }
    const Batch mixed = packed({65, 63, 1, 64}, 5, 1, 3);
    borders.add(agrees_with_reference<Backend>(longer, mixed));
    borders.add(packed_equals_separate<Backend>(longer, mixed));
    borders.add(is_causal<Backend>(longer, mixed));
    borders.add(ignores_padding<Backend>(longer, mixed));
    borders.add(steps_equal_whole<Backend>(longer, packed({66, 3}, 2)));
    expect_none(borders, name + ", borders of chunks");
  }
}

template <class Make>
void expect_laws(const std::string& name, const Make& make, const Shape& shape) {
  expect_none(touches_no_memory(make(shape), packed({3, 2}, 1, 0, 1)), name + " on Trace");
  expect_laws_on<Reference<double>>(name + " on Reference", make, shape);
  expect_laws_on<Cpu>(name + " on Cpu", make, shape);
}

}  // namespace rondo::testing
