// The laws for sLSTM: the cell in place of the LSTM's, the mixer of the small xLSTM and its block.
#include "every_back_end.hpp"

#include <rondo/combinator/block.hpp>
#include <rondo/mixer/cell.hpp>
#include <rondo/mixer/slstm.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(slstm)

BOOST_AUTO_TEST_CASE(cell) {
  for (const Index width : {5, 16})
    expect_laws("CellMixer<SlstmCell>", [](const Shape& shape) { return subject<CellMixer<SlstmCell>>(shape); },
                {.width = width, .embedding_width = 9});
}
BOOST_AUTO_TEST_CASE(mixer) {
  for (const Index heads : {1, 3})
    expect_laws("SlstmMixer", [](const Shape& shape) { return subject<SlstmMixer>(shape, 1); },
                {.width = 12, .depth = 2, .heads = heads, .dropout = 0.3});
}
BOOST_AUTO_TEST_CASE(block) {
  using SlstmBlock = Block<OffsetLayerNorm, SlstmMixer, OptionalMlp<GatedMlp<Gelu>>>;
  expect_laws("a block of SlstmMixer", [](const Shape& shape) { return subject<SlstmBlock>(shape, 1); },
              {.width = 8, .depth = 2, .heads = 2, .mlp_width = 11, .convolution = 3, .norm_epsilon = 1e-5, .dropout = 0.2});
  expect_laws("a block of SlstmMixer without MLP", [](const Shape& shape) { return subject<SlstmBlock>(shape, 1); },
              {.width = 8, .depth = 2, .heads = 2, .second_mlp = false, .dropout = 0.2});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
