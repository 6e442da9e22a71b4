// The laws for whole language models of xLSTM-large, whose logits are capped.
#include "language_models.hpp"

#include <rondo/model/architecture/xlstm_large.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(model_xlstm_large)

// The memory divides by n . q, which may come near zero and then loses digits; in these sizes it does not.
constexpr Shape shape{
    .vocabulary = 11, .width = 10, .depth = 2, .heads = 2, .mlp_width = 13, .gate_soft_cap = 5, .logit_soft_cap = 1.5};

BOOST_AUTO_TEST_CASE(logits) {
  expect_laws("logits of XlstmLarge", [](const Shape& near) { return LogitsOf{XlstmLarge{near}}; }, shape);
}
BOOST_AUTO_TEST_CASE(loss) {
  expect_loss_laws<XlstmLarge>("loss of XlstmLarge", shape);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
