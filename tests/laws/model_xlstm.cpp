// The laws for the small xLSTM: mLSTM and sLSTM blocks in one stack, logits, states, and the loss.
#include "language_models.hpp"

#include <rondo/model/architecture/xlstm.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(model_xlstm)

constexpr Shape shape{.vocabulary = 11, .width = 12, .depth = 2, .heads = 2, .mlp_width = 10, .inner_width = 16, .second_blocks = {1},
                      .norm_epsilon = 1e-5};

BOOST_AUTO_TEST_CASE(logits) {
  expect_laws("logits of Xlstm", [](const Shape& given) { return LogitsOf{Xlstm{given}}; }, shape);
}
BOOST_AUTO_TEST_CASE(blocks_of_different_heads) {
  Shape other = shape;
  other.second_heads = 3, other.second_convolution = 2, other.mlp_bias = true;
  expect_laws("logits of Xlstm, three heads in sLSTM", [](const Shape& given) { return LogitsOf{Xlstm{given}}; }, other);
  other.second_mlp = false;
  expect_laws("logits of Xlstm without MLP", [](const Shape& given) { return LogitsOf{Xlstm{given}}; }, other);
}
BOOST_AUTO_TEST_CASE(loss) {
  expect_loss_laws<Xlstm>("loss of Xlstm", shape);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
