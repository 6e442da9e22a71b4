// LSTM, sLSTM and mLSTM on the emulated back-end.
#include "emulated.hpp"

#include <rondo/mixer/cell.hpp>
#include <rondo/mixer/mlstm.hpp>
#include <rondo/mixer/slstm.hpp>
#include <rondo/mixer/xlstm_large.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(emulated_long_short_term_memories)

const Shape shape{.width = 8, .depth = 2, .heads = 2};

BOOST_AUTO_TEST_CASE(lstm) { expect_emulated_laws("CellMixer", subject<CellMixer<LstmCell>>(Shape{.width = 6})); }
BOOST_AUTO_TEST_CASE(slstm) { expect_emulated_laws("SlstmMixer", subject<SlstmMixer>(shape, 1)); }
// Gates' pre-activations in 16 bits stand under exponentials: gradients of the gates' weights, sums of terms that nearly cancel, are off
// by more.
BOOST_AUTO_TEST_CASE(mlstm) { expect_emulated_laws("MlstmMixer", subject<MlstmMixer<>>(shape), 4e-2); }
BOOST_AUTO_TEST_CASE(xlstm_large) { expect_emulated_laws("XlstmLargeMixer", subject<XlstmLargeMixer>(shape), 4e-2); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
