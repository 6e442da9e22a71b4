// What a device's back-end has to show, on the emulated one: all laws in float32 with every check on; the same bits whatever the order of
// teams; in bf16 the numbers of Reference on the same rounded inputs, within 2 hundredths of each tensor's norm.
#pragma once

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <string>

#include <rondo/backend/emulated/emulated.hpp>
#include <rondo/testing/laws.hpp>

#include "../norms.hpp"

namespace rondo::testing {

using Watched = Emulated<float, true>;

template <class Subject>
Findings agrees_in_halves(const Subject& subject, const Batch& batch, double tolerance = 2e-2) {
  const Inputs<double> in = rounded(subject, prepare(subject, batch));
  const Outputs<double> expected = run<Reference<double>>(subject, batch, in), found = run<Emulated<bf16>>(subject, batch, in);
  const double floor = gradient_floor(expected);
  const std::string law = "bf16 agrees with Reference";
  Findings findings;
  compare_norms(findings, law, {expected.y}, {found.y}, tolerance);
  compare_norms(findings, law, expected.final, found.final, tolerance);
  compare_norms(findings, law, expected.d_weights, found.d_weights, tolerance, floor);
  compare_norms(findings, law, {expected.dx}, {found.dx}, tolerance, floor);
  compare_norms(findings, law, expected.d_initial, found.d_initial, tolerance, floor);
  return findings;
}

// Outputs with teams and elements run in another order.
template <class Backend, class Subject>
Outputs<double> run_in_order(TeamOrder order, const Subject& subject, const Batch& batch, const Inputs<double>& in) {
  typename Backend::Context context;
  auto& device = context.device();
  device.order = order;
  auto outputs = run<Backend>(subject, batch, in);
  device.order = TeamOrder::forward;
  return outputs;
}
template <class Backend, class Subject>
Findings needs_no_order(const Subject& subject, const Batch& batch) {
  Findings findings;
  const Inputs<double> in = prepare(subject, batch);
  const Outputs<double> expected = run<Backend>(subject, batch, in);
  for (const TeamOrder order : {TeamOrder::backward, TeamOrder::shuffled})
    compare(findings, "teams in any order, same bits", expected, run_in_order<Backend>(order, subject, batch, in), same_bits);
  return findings;
}

inline void expect_found_nothing(const Findings& findings, const std::string& name) {
  BOOST_TEST_MESSAGE(name << ": largest error " << findings.worst());
  BOOST_TEST(findings.empty(), name << findings);
}

// `halves`: how far bf16 may be from exact numbers.
template <class Subject>
void expect_emulated_laws(const std::string& name, const Subject& subject, double halves = 2e-2) {
  Findings findings;
  for (const Batch& batch : {packed({1}), packed({5, 0, 4}, 3, 1, 2)}) {
    findings.add(laws<Watched>(subject, batch));
    findings.add(agrees_with_reference<Watched>(subject, batch, Mode{.training = true, .key = key_of(Seed{3}, "step")}));
  }
  const Batch mixed = packed({17, 3, 1}, 0, 0, 1);
  findings.add(needs_no_order<Watched>(subject, mixed));
  findings.add(agrees_with_reference<Watched>(subject, mixed));
  if constexpr (Subject::per_token) findings.add(parts_equal_whole<Watched>(subject, 7, {0, 1, 3, 7}, 3));
  expect_found_nothing(findings, name);
  expect_found_nothing(agrees_in_halves(subject, mixed, halves), name + " in bf16");
}
// At the borders of chunks of 16 and 64 rows.
template <class Subject>
void expect_borders_of_chunks(const std::string& name, const Subject& subject) {
  Findings findings;
  for (const Index length : {15, 16, 17, 63, 64, 65, 130}) findings.add(agrees_with_reference<Watched>(subject, packed({length}, 2)));
  const Batch mixed = packed({65, 2, 0, 63, 1, 64}, 5, 1, 3);
  findings.add(agrees_with_reference<Watched>(subject, mixed));
  findings.add(packed_equals_separate<Watched>(subject, mixed));
  findings.add(ignores_padding<Watched>(subject, mixed));
  findings.add(parts_equal_whole<Watched>(subject, 130, {1, 16, 63, 64, 65, 129}));
  findings.add(needs_no_order<Watched>(subject, mixed));
  expect_found_nothing(findings, name + ", borders of chunks");
}

}  // namespace rondo::testing
