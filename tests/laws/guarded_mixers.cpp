// All token mixers in memory that the host cannot touch.
#include "guarded.hpp"

#include <rondo/mixer/attention.hpp>
#include <rondo/mixer/cell.hpp>
#include <rondo/mixer/delta.hpp>
#include <rondo/mixer/gla.hpp>
#include <rondo/mixer/hgrn1.hpp>
#include <rondo/mixer/hgrn2.hpp>
#include <rondo/mixer/mamba.hpp>
#include <rondo/mixer/mamba2.hpp>
#include <rondo/mixer/mlstm.hpp>
#include <rondo/mixer/slstm.hpp>
#include <rondo/mixer/xlstm_large.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(guarded_mixers)

BOOST_AUTO_TEST_CASE(gated_linear_recurrences) {
  const Shape shape{.width = 12, .depth = 3, .heads = 2};
  expect_guarded_laws("Hgrn1Mixer", subject<Hgrn1Mixer<LowerBoundedForget>>(shape, 1));
  expect_guarded_laws("Hgrn2Mixer", subject<Hgrn2Mixer<LowerBoundedForget, ConvolvedProjection>>(shape, 1));
  expect_guarded_laws("GlaMixer", subject<GlaMixer<>>(shape));
  expect_guarded_laws("DeltaMixer", subject<DeltaMixer<ScalarDecay, HeadGatedOutput>>(shape));
}
BOOST_AUTO_TEST_CASE(state_spaces) {
  expect_guarded_laws("MambaMixer", subject<MambaMixer>(Shape{.width = 10, .depth = 2}));
  expect_guarded_laws("Mamba2Mixer", subject<Mamba2Mixer>(Shape{.width = 8, .depth = 2, .heads = 4}));
  expect_guarded_laws("Mamba2Mixer, other biases", subject<Mamba2Mixer>(Shape{.width = 8, .depth = 2, .heads = 4,
                                                                             .projection_bias = true, .convolution_bias = false}));
}
BOOST_AUTO_TEST_CASE(long_short_term_memories) {
  const Shape shape{.width = 8, .depth = 2, .heads = 2};
  expect_guarded_laws("MlstmMixer", subject<MlstmMixer<>>(shape));
  expect_guarded_laws("SlstmMixer", subject<SlstmMixer>(shape, 1));
  expect_guarded_laws("XlstmLargeMixer", subject<XlstmLargeMixer>(shape));
  expect_guarded_laws("CellMixer", subject<CellMixer<LstmCell>>(Shape{.width = 6}));
}
BOOST_AUTO_TEST_CASE(attention) {
  expect_guarded_laws("AttentionMixer", subject<AttentionMixer<>>(Shape{.width = 12, .heads = 3, .context = 16}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
