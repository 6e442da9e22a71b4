// Recurrences with numbers as states on a device, and cells, whose teams wait for each other.
#include "device_checks.hpp"

#include <rondo/mixer/cell.hpp>
#include <rondo/mixer/hgrn1.hpp>
#include <rondo/mixer/mamba.hpp>
#include <rondo/mixer/slstm.hpp>
#include <rondo/recurrence/selective_scan.hpp>
#include <rondo/testing/recurrence_subject.hpp>

namespace rondo::testing {

// More sequences than walk together.
Batch many_sequences() {
  Batch batch;
  for (Index s = 0; s < 70; ++s) {
    batch.sequences.push_back({batch.tokens, s % 7, 0});
    batch.tokens += s % 7;
  }
  return batch;
}

void add_scans_and_cells(DeviceChecks& checks) {
  add_checks(checks, "Hgrn1Mixer", subject<Hgrn1Mixer<LowerBoundedForget>>(Shape{.width = 40, .depth = 3}, 1), mixed_batch());
  add_checks(checks, "MambaMixer", subject<MambaMixer>(Shape{.width = 68, .depth = 2}), mixed_batch());
  add_float_check(checks, "SelectiveScan, 5 states", recurrence_subject(SelectiveScan{.channels = 131, .states = 5}), mixed_batch());
  add_checks(checks, "LSTM 40", subject<CellMixer<LstmCell>>(Shape{.width = 40}), mixed_batch());
  add_checks(checks, "LSTM 40, many sequences", subject<CellMixer<LstmCell>>(Shape{.width = 40}), many_sequences());
  add_checks(checks, "LSTM 200", subject<CellMixer<LstmCell>>(Shape{.width = 200}), mixed_batch());
  add_checks(checks, "sLSTM 96 in 3 heads", subject<SlstmMixer>(Shape{.width = 96, .depth = 2, .heads = 3}, 1), mixed_batch());
}

}  // namespace rondo::testing
