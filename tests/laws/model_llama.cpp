// The laws for whole language models: logits, states, and the loss with all its options.
#include "language_models.hpp"

#include <rondo/model/architecture/llama.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(model_llama)

BOOST_AUTO_TEST_CASE(logits) {
  expect_laws("logits of Llama", [](const Shape& shape) { return LogitsOf{Llama{shape}}; },
              {.vocabulary = 11, .width = 8, .depth = 2, .heads = 4, .key_value_heads = 2, .mlp_width = 13});
}
BOOST_AUTO_TEST_CASE(loss) {
  expect_loss_laws<Llama>("loss of Llama",
                          {.vocabulary = 11, .width = 8, .depth = 2, .heads = 4, .key_value_heads = 2, .mlp_width = 13});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
