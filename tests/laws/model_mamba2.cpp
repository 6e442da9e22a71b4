// The laws for whole language models: logits, states, and the loss with all its options.
#include "language_models.hpp"

#include <rondo/model/architecture/mamba2.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(model_mamba2)

BOOST_AUTO_TEST_CASE(logits) {
  expect_laws("logits of Mamba2", [](const Shape& shape) { return LogitsOf{Mamba2{shape}}; },
              {.vocabulary = 11, .width = 8, .depth = 2, .heads = 4, .groups = 2, .state_size = 4});
}
BOOST_AUTO_TEST_CASE(loss) {
  expect_loss_laws<Mamba2Tied>("loss of Mamba2Tied",
                               {.vocabulary = 11, .width = 8, .depth = 2, .heads = 2, .state_size = 4});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
