// Decoding with xLSTM-large, with its caps, and with the small xLSTM, blocks of mLSTM around one of sLSTM.
#include "generate/session.hpp"

#include <rondo/model/architecture/xlstm.hpp>
#include <rondo/model/architecture/xlstm_large.hpp>

namespace rondo::test {
namespace {

const Shape large{.vocabulary = 37,
                  .width = 16,
                  .depth = 2,
                  .heads = 2,
                  .mlp_width = 24,
                  .context = 4,
                  .gate_soft_cap = 15,
                  .logit_soft_cap = 3};
const Shape small{.vocabulary = 37,
                  .width = 16,
                  .depth = 3,
                  .heads = 2,
                  .mlp_width = 24,
                  .inner_width = 32,
                  .context = 4,
                  .second_blocks = {1}};

BOOST_AUTO_TEST_SUITE(session_xlstm)

BOOST_AUTO_TEST_CASE(pieces_give_the_logits_of_the_whole_pass) {
  expect_whole_pass<XlstmLarge>(large);
  expect_whole_pass<Xlstm>(small);
}
BOOST_AUTO_TEST_CASE(reset_forgets_everything) {
  expect_reset<XlstmLarge>(large);
  expect_reset<Xlstm>(small);
}
BOOST_AUTO_TEST_CASE(logits_are_capped) {
  const XlstmLarge model{large};
  const auto weights = random_weights<Cpu>(model);
  Session<XlstmLarge, Cpu> session{model, weights};
  const auto logits = session.feed(some_text(9, large.vocabulary));
  float highest = 0;
  for (Index v = 0; v < logits.columns; ++v) highest = std::max(highest, std::abs(logits(0, v)));
  BOOST_TEST((1 < highest && highest < 3));
}
BOOST_AUTO_TEST_CASE(a_warm_feed_of_one_token_takes_no_memory, *needs_counted_memory()) {
  expect_no_allocation<XlstmLarge>(large);
  expect_no_allocation<Xlstm>(small);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
