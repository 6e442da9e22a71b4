// The laws for whole language models with learned positions: logits, states, and the loss with all its options.
#include "language_models.hpp"

#include <rondo/model/architecture/gpt2.hpp>

namespace rondo::testing {

const Shape tiny{.vocabulary = 11, .width = 8, .depth = 2, .heads = 4, .mlp_width = 13};

BOOST_AUTO_TEST_SUITE(model_gpt2)

BOOST_AUTO_TEST_CASE(logits) {
  expect_laws("logits of Gpt2", [](const Shape& shape) { return LogitsOf{Gpt2{shape}}; }, tiny);
}
BOOST_AUTO_TEST_CASE(loss) {
  expect_loss_laws<Gpt2>("loss of Gpt2", tiny);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
