// The laws for the LSTM cell as a mixer.
#include "every_back_end.hpp"

#include <rondo/combinator/block.hpp>
#include <rondo/mixer/cell.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(lstm)

BOOST_AUTO_TEST_CASE(mixer) {
  for (const Index width : {5, 16})
    expect_laws("CellMixer<LstmCell>", [](const Shape& shape) { return subject<CellMixer<LstmCell>>(shape); },
                {.width = width, .embedding_width = 9});
}
BOOST_AUTO_TEST_CASE(block_with_dropout) {
  expect_laws("PlainBlock<CellMixer<LstmCell>>",
              [](const Shape& shape) { return subject<PlainBlock<CellMixer<LstmCell>>>(shape, 1); },
              {.width = 8, .depth = 2, .dropout = 0.3});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
