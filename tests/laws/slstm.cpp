// The laws for the sLSTM cell as a mixer.
#include "every_back_end.hpp"

#include <rondo/mixer/cell.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(slstm)

BOOST_AUTO_TEST_CASE(cell) {
  for (const Index width : {5, 16})
    expect_laws("CellMixer<SlstmCell>", [](const Shape& shape) { return subject<CellMixer<SlstmCell>>(shape); },
                {.width = width, .embedding_width = 9});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
