// LSTM, sLSTM and mLSTM on the emulated back-end.
#include "emulated.hpp"

#include <rondo/mixer/cell.hpp>
#include <rondo/mixer/mlstm.hpp>
#include <rondo/mixer/slstm.hpp>
#include <rondo/mixer/xlstm_large.hpp>
#include <rondo/testing/recurrence_subject.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(emulated_long_short_term_memories)

const Shape shape{.width = 8, .depth = 2, .heads = 2};

BOOST_AUTO_TEST_CASE(lstm) { expect_emulated_laws("CellMixer", subject<CellMixer<LstmCell>>(Shape{.width = 6})); }
BOOST_AUTO_TEST_CASE(slstm) { expect_emulated_laws("SlstmMixer", subject<SlstmMixer>(shape, 1)); }
// Gates' pre-activations in 16 bits stand under exponentials: gradients of the gates' weights, sums of terms that nearly cancel, are off
// by more.
BOOST_AUTO_TEST_CASE(mlstm) { expect_emulated_laws("MlstmMixer", subject<MlstmMixer<>>(shape), 4e-2); }
// Both beginnings, from nothing and from a state; documents around the chunks' borders; more values than a block of columns has.
BOOST_AUTO_TEST_CASE(matrix_memories) {
  for (const auto start : {MatrixMemory::Start::zero, MatrixMemory::Start::unbounded}) {
    const auto recurrence = recurrence_subject(MatrixMemory{.heads = 2, .key_width = 5, .value_width = 7, .scale = 0.4, .start = start});
    const Batch batch = packed({17, 3, 0, 1, 66}, 0, 1, 2);
    Findings findings = agrees_with_reference<Watched>(recurrence, batch);
    Inputs<double> fresh = prepare(recurrence, batch);
    fresh.initial.reset();
    compare(findings, "from nothing", run<Reference<double>>(recurrence, batch, fresh), run<Watched>(recurrence, batch, fresh),
            rounding<Watched>());
    findings.add(parts_equal_whole<Watched>(recurrence, 7, {0, 1, 3, 7}, 3));
    findings.add(gradients_accumulate<Watched>(recurrence, packed({5, 3})));
    expect_found_nothing(findings, "MatrixMemory");
  }
  const auto wide = recurrence_subject(MatrixMemory{.heads = 1, .key_width = 20, .value_width = 130, .scale = 0.2});
  expect_found_nothing(agrees_with_reference<Emulated<float>>(wide, packed({65, 2}, 0, 1, 2)), "MatrixMemory, wide");
}
BOOST_AUTO_TEST_CASE(xlstm_large) { expect_emulated_laws("XlstmLargeMixer", subject<XlstmLargeMixer>(shape), 4e-2); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
