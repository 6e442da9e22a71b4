// The laws for the mixer and the block of the small xLSTM's mLSTM.
#include "every_back_end.hpp"

#include <rondo/combinator/block.hpp>
#include <rondo/mixer/mlstm.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(mlstm)

BOOST_AUTO_TEST_CASE(mixer) {
  expect_laws("MlstmMixer", [](const Shape& shape) { return subject<MlstmMixer<>>(shape); },
              {.width = 6, .depth = 2, .heads = 2, .inner_width = 12});
}
BOOST_AUTO_TEST_CASE(block) {
  using MlstmBlock = Block<OffsetLayerNorm, MlstmMixer<Bias::yes>, NoMlp>;
  expect_laws("a block of MlstmMixer<Bias::yes>", [](const Shape& shape) { return subject<MlstmBlock>(shape, 1); },
              {.width = 5, .depth = 2, .heads = 3, .inner_width = 18, .block_width = 6, .norm_epsilon = 1e-5});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
