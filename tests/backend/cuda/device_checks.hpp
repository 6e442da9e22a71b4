// What a device computes beside the emulator and Reference, on numbers drawn anew in each run; everything a pass writes is NaN before it.
// The same sources make two programs: RONDO_DEVICE is CudaOf where there is a device, or Emulated, so that all but the device runs
// anywhere.
//
//   device beside Reference   float: 2e-5 of a tensor's norm or of a gradient's floor; bf16, on inputs that it can store: 2e-1. Formulas
//                             are judged in float32, by the same text of the kernels: in layers as narrow as these rounding alone leaves up
//                             to 0.15 of a gradient whose terms nearly cancel. Where gradients are small differences of large sums
//                             (mLSTM's gates: 0.22 seen) float has three times that, and bf16 stands beside the emulator alone
//   device beside emulator    the same kernels: float 2e-5, bf16 3e-2
//   same bits                 of a second run
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <rondo/app/emulated_kernels.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/testing/laws.hpp>

#include "../norms.hpp"

#if defined(RONDO_ON_CUDA)
#include <rondo/backend/cuda/cuda.hpp>
#define RONDO_DEVICE CudaOf
#else
#define RONDO_DEVICE Emulated
#endif

namespace rondo::testing {

template <class E>
using Device = RONDO_DEVICE<E>;

struct DeviceCheck {
  std::string name;
  std::function<Findings(Seed)> run;
};
using DeviceChecks = std::vector<DeviceCheck>;

// Norms of all that a pass leaves.
inline Findings beside(const std::string& law, const Outputs<double>& expected, const Outputs<double>& found, double tolerance) {
  const double floor = gradient_floor(expected);
  Findings findings;
  compare_norms(findings, law, Tensors<double>{expected.y}, Tensors<double>{found.y}, tolerance);
  compare_norms(findings, law, expected.final, found.final, tolerance);
  compare_norms(findings, law, expected.d_weights, found.d_weights, tolerance, floor);
  compare_norms(findings, law, Tensors<double>{expected.dx}, Tensors<double>{found.dx}, tolerance, floor);
  compare_norms(findings, law, expected.d_initial, found.d_initial, tolerance, floor);
  return findings;
}

template <class E, class Subject>
Findings check_on_device(const Subject& subject, const Batch& batch, Seed seed, double cancelling) {
  constexpr bool halves = !std::is_same_v<E, float>;
  Inputs<double> in = draw(subject, batch, seed);
  if (halves) in = rounded(subject, std::move(in));
  const Outputs<double> found = run<Device<E>>(subject, batch, in);
  Findings findings;
  if (!halves || cancelling == 1)
    findings = beside("beside Reference", run<Reference<double>>(subject, batch, in), found, halves ? 2e-1 : cancelling * 2e-5);
  findings.add(beside("beside the emulator", run<Emulated<E>>(subject, batch, in), found, halves ? 3e-2 : 2e-5));
  compare(findings, "the same bits again", found, run<Device<E>>(subject, batch, in), same_bits);
  return findings;
}
// In float32; recurrences by themselves are subjects of one width of numbers alone.
template <class Subject>
void add_float_check(DeviceChecks& checks, const std::string& name, const Subject& subject, const Batch& batch, double cancelling = 1) {
  checks.push_back({name + ", float32", [=](Seed seed) { return check_on_device<float>(subject, batch, seed, cancelling); }});
}
// And in bf16.
template <class Subject>
void add_checks(DeviceChecks& checks, const std::string& name, const Subject& subject, const Batch& batch, double cancelling = 1) {
  add_float_check(checks, name, subject, batch, cancelling);
  checks.push_back({name + ", bf16", [=](Seed seed) { return check_on_device<bf16>(subject, batch, seed, cancelling); }});
}
// Documents of 0, 1, 2 tokens among long ones, at borders of chunks of 16 and 64 rows, padding before and between.
inline Batch mixed_batch(Index position = 0) { return packed({65, 2, 0, 63, 1, 130}, position, 1, 3); }

void add_layers(DeviceChecks& checks);
void add_linear_recurrences(DeviceChecks& checks);
void add_scans_and_cells(DeviceChecks& checks);
void add_attention(DeviceChecks& checks);

}  // namespace rondo::testing
