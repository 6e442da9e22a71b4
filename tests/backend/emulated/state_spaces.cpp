// Mamba and Mamba-2 on the emulated back-end.
#include "emulated.hpp"

#include <rondo/mixer/mamba.hpp>
#include <rondo/mixer/mamba2.hpp>
#include <rondo/testing/recurrence_subject.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(emulated_state_spaces)

BOOST_AUTO_TEST_CASE(mamba) { expect_emulated_laws("MambaMixer", subject<MambaMixer>(Shape{.width = 10, .depth = 2})); }
BOOST_AUTO_TEST_CASE(selective_scan) {
  const auto recurrence = recurrence_subject(SelectiveScan{.channels = 131, .states = 5});
  Findings findings = agrees_with_reference<Watched>(recurrence, packed({17, 2, 0, 33, 1, 16}, 0, 1, 3));
  findings.add(gradients_accumulate<Watched>(recurrence, packed({17, 2})));
  expect_found_nothing(findings, "SelectiveScan");
}
BOOST_AUTO_TEST_CASE(mamba2_chunks) {
  const auto mixer = subject<Mamba2Mixer>(Shape{.width = 8, .depth = 2, .heads = 4});
  expect_borders_of_chunks("Mamba2Mixer", mixer);
  // A_log's gradient is a sum over all tokens of terms that nearly cancel.
  expect_found_nothing(agrees_in_halves(mixer, packed({65, 2, 0, 63, 1, 64}, 5, 1, 3), 3e-2), "Mamba2Mixer in bf16, borders of chunks");
}
// Groups of heads, heads of any width, and decays that leave the range of numbers.
BOOST_AUTO_TEST_CASE(scalar_outer_product) {
  const Batch batch = packed({65, 2, 0, 33, 1, 16}, 0, 1, 3);
  for (const ScalarOuterProduct& tag :
       {ScalarOuterProduct{4, 2, 5, 7, 0.5}, ScalarOuterProduct{2, 1, 24, 40, 0.2}, ScalarOuterProduct{2, 1, 100, 68, 0.1}})
    for (const double decay : {-0.1, 0.0, -40.0, -1000.0}) {
      const auto recurrence = recurrence_subject(tag);
      Inputs<double> in = prepare(recurrence, batch);
      for (Index t = 0; t < in.x.rows; ++t)
        for (Index h = 0; h < tag.heads; ++h)  // behind queries and keys
          in.x(t, 2 * tag.groups * tag.key_width + h) = exact_in_float(decay > -1000 || (t + h) % 7 == 0 ? decay : -0.01);
      Findings findings;
      compare(findings, "agrees with Reference", run<Reference<double>>(recurrence, batch, in), run<Watched>(recurrence, batch, in),
              {2e-5, 1e-4});
      expect_found_nothing(findings, "ScalarOuterProduct " + std::to_string(tag.key_width) + ", decay " + std::to_string(decay));
    }
}
BOOST_AUTO_TEST_CASE(mamba2) { expect_emulated_laws("Mamba2Mixer", subject<Mamba2Mixer>(Shape{.width = 8, .depth = 2, .heads = 4})); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
