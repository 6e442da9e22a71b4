// The laws for whole language models: logits, states, and the loss with all its options.
#include "language_models.hpp"

#include <rondo/model/architecture/lstm.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(model_lstm)

BOOST_AUTO_TEST_CASE(logits) {
  expect_laws("logits of Lstm", [](const Shape& shape) { return LogitsOf{Lstm{shape}}; },
              {.vocabulary = 11, .width = 8, .depth = 2, .embedding_width = 5});
}
BOOST_AUTO_TEST_CASE(loss) {
  expect_loss_laws<Lstm>("loss of Lstm", {.vocabulary = 11, .width = 8, .depth = 2, .embedding_width = 5});
}
BOOST_AUTO_TEST_CASE(residual) {
  expect_laws("logits of ResidualLstm", [](const Shape& shape) { return LogitsOf{ResidualLstm{shape}}; },
              {.vocabulary = 11, .width = 8, .depth = 2, .mlp_width = 13});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
