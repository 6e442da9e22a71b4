// The laws for whole language models: logits, states, and the loss with all its options.
#include "language_models.hpp"

#include <rondo/model/architecture/hgrn2.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(model_hgrn2)

BOOST_AUTO_TEST_CASE(logits) {
  expect_laws("logits of Hgrn2Tied", [](const Shape& shape) { return LogitsOf{Hgrn2Tied{shape}}; },
              {.vocabulary = 11, .width = 8, .depth = 2, .heads = 2, .mlp_width = 13});
}
BOOST_AUTO_TEST_CASE(loss) {
  expect_loss_laws<Hgrn2Tied>("loss of Hgrn2Tied", {.vocabulary = 11, .width = 8, .depth = 2, .heads = 2, .mlp_width = 13});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
