// The laws for the mixer of xLSTM-large, with and without a cap of its gates.
#include "every_back_end.hpp"

#include <rondo/mixer/xlstm_large.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(xlstm_large)

BOOST_AUTO_TEST_CASE(capped) {
  expect_laws("XlstmLargeMixer", [](const Shape& shape) { return subject<XlstmLargeMixer>(shape); },
              {.width = 12, .depth = 2, .heads = 2, .gate_soft_cap = 4});
}
BOOST_AUTO_TEST_CASE(wide_keys) {
  expect_laws("XlstmLargeMixer with keys wider than values", [](const Shape& shape) { return subject<XlstmLargeMixer>(shape); },
              {.width = 7, .depth = 2, .heads = 3, .key_width = 5, .inner_width = 9});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
