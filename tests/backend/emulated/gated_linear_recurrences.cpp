// HGRN1, HGRN2 and GLA on the emulated back-end, and the kernels of their outer-product recurrence by themselves.
#include "emulated.hpp"

#include <rondo/mixer/gla.hpp>
#include <rondo/mixer/hgrn1.hpp>
#include <rondo/mixer/hgrn2.hpp>
#include <rondo/testing/recurrence_subject.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(emulated_gated_linear_recurrences)

const Shape shape{.width = 12, .depth = 3, .heads = 2, .context = 144};

BOOST_AUTO_TEST_CASE(hgrn1) { expect_emulated_laws("Hgrn1Mixer", subject<Hgrn1Mixer<LowerBoundedForget>>(shape, 1)); }
BOOST_AUTO_TEST_CASE(hgrn2) {
  const auto mixer = subject<Hgrn2Mixer<LowerBoundedForget, ConvolvedProjection>>(shape, 1);
  expect_emulated_laws("Hgrn2Mixer", mixer);
  expect_borders_of_chunks("Hgrn2Mixer", mixer);
  expect_found_nothing(agrees_in_halves(mixer, packed({65, 2, 0, 63, 1, 64}, 5, 1, 3)), "Hgrn2Mixer in bf16, borders of chunks");
}
BOOST_AUTO_TEST_CASE(gla) {
  expect_emulated_laws("GlaMixer", subject<GlaMixer<>>(shape));
  // Rows of heads that are whole packs: asynchronous copies.
  const Shape wide{.width = 64, .depth = 2, .heads = 2, .context = 144};
  Findings findings = agrees_in_halves(subject<GlaMixer<>>(wide), packed({70, 17}));
  findings.add(agrees_with_reference<Watched>(subject<GlaMixer<>>(wide), packed({70, 17})));
  expect_found_nothing(findings, "GlaMixer, wide");
}

enum class Decay { usual, none, strong, one_among_weak };

// Heads of any width, padded to those of the kernels, and decays that leave the range of numbers.
BOOST_AUTO_TEST_CASE(outer_product) {
  const Batch batch = packed({65, 2, 0, 33, 1, 16}, 0, 1, 3);
  for (const OuterProduct& tag :
       {OuterProduct{2, 5, 7, 0.5}, OuterProduct{1, 16, 16}, OuterProduct{2, 24, 40, 0.2}, OuterProduct{1, 68, 100, 0.1}})
    for (const Decay decay : {Decay::usual, Decay::none, Decay::strong, Decay::one_among_weak}) {
      const auto recurrence = recurrence_subject(tag);
      Inputs<double> in = prepare(recurrence, batch);
      const Index keys = tag.heads * tag.key_width;
      for (Index t = 0; t < in.x.rows; ++t)
        for (Index i = 0; i < keys; ++i) {
          double& g = in.x(t, 2 * keys + i);
          g = decay == Decay::usual  ? exact_in_float(-std::log1p(std::exp(-2 - g)))
              : decay == Decay::none ? 0
              : decay == Decay::strong ? -40
                                       : exact_in_float((t + i) % 7 ? -0.01 : t % 2 ? -1000 : -1e30);
        }
      Findings findings;
      compare(findings, "agrees with Reference", run<Reference<double>>(recurrence, batch, in), run<Watched>(recurrence, batch, in),
              {2e-5, 1e-4});
      expect_found_nothing(findings, "OuterProduct " + std::to_string(tag.key_width) + " x " + std::to_string(tag.value_width) +
                                         ", decay " + std::to_string(static_cast<int>(decay)));
    }
}
// No kernels for wider heads: they run by plain loops.
BOOST_AUTO_TEST_CASE(heads_that_are_too_wide) {
  const auto recurrence = recurrence_subject(OuterProduct{1, 129, 4, 0.1});
  expect_found_nothing(agrees_with_reference<Watched>(recurrence, packed({5, 2})), "OuterProduct 129 x 4");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
