// The shipped laws where the host cannot touch the memory, and the numbers of Reference there, bit for bit.
#pragma once

#include <boost/test/unit_test.hpp>

#include <rondo/testing/guarded.hpp>
#include <rondo/testing/laws.hpp>

namespace rondo::testing {

template <class Subject>
void expect_guarded_laws(const std::string& name, const Subject& subject) {
  using Device = Guarded<double>;
  Findings findings;
  for (const Batch& batch : {packed({2}), packed({5, 0, 4}, 3, 1, 2)}) {
    findings.add(laws<Device>(subject, batch));
    const Inputs<double> in = prepare(subject, batch);
    const Mode mode{.training = true, .key = key_of(Seed{3}, "step")};
    compare(findings, "the numbers of Reference", run<Reference<double>>(subject, batch, in, mode), run<Device>(subject, batch, in, mode),
            same_bits);
  }
  if constexpr (Subject::per_token) findings.add(parts_equal_whole<Device>(subject, 5, {0, 2, 5}, 3));
  BOOST_TEST(findings.empty(), name << findings);
}

}  // namespace rondo::testing
