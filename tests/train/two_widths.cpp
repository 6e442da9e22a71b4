// Training where stored numbers are narrower than wide ones: weights, slots and gradients are wide, passes read the copy that updates write.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

#include <rondo/optimizer/lamb.hpp>
#include <rondo/optimizer/schedule_free.hpp>
#include <rondo/testing/two_widths.hpp>
#include <rondo/train/training_state.hpp>

#include "io/temporary_folder.hpp"
#include "train/small_run.hpp"

namespace rondo::test {
namespace {

template <class Backend, class Optimizer>
struct Run {
  using Model = Hgrn2;
  MemoryTokens source = small_documents();
  Model model{small_shape()};
  Parameters<Model, Backend, Wide<typename Backend::Scalar>> weights;
  Trainer<Model, Backend, Optimizer> trainer;
  Batches<MemoryTokens> batches{source, {.rows = 3, .length = 9}};

  explicit Run(const Optimizer& optimizer, const TrainingOptions& options = {})
      : weights(Parameters<Model, Backend, Wide<typename Backend::Scalar>>{model, Seed{1}}),
        trainer(model, weights, optimizer, Cosine{.warmup = 2}, CrossEntropy{}, options) {}
  void go_to(Index step) { trainer.run(batches, step); }
};

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

template <class Optimizer>
void expect_as_reference(const Optimizer& optimizer, double tolerance) {
  TrainingOptions options;
  if (!evaluates_elsewhere(optimizer)) options.average = {ExponentialAverage{.decay = 0.5}};
  Run<TwoWidths, Optimizer> narrow{optimizer, options};
  Run<Reference<double>, Optimizer> exact{optimizer, options};
  const auto start = numbers(exact.weights.flat());
  narrow.go_to(6);
  exact.go_to(6);
  const auto found = numbers(narrow.weights.flat()), expected = numbers(exact.weights.flat());
  BOOST_TEST(largest_difference(start, expected) > 100 * tolerance, "the run goes somewhere");
  BOOST_TEST(largest_difference(found, expected) < tolerance);
  BOOST_TEST(largest_difference(numbers(narrow.trainer.result().flat()), numbers(exact.trainer.result().flat())) < tolerance);
  std::size_t between = 0;
  for (const double one : found) between += static_cast<double>(static_cast<float>(one)) != one;
  BOOST_TEST(between > found.size() / 2, "weights are not rounded to what is stored");
}

BOOST_AUTO_TEST_SUITE(two_widths)

BOOST_AUTO_TEST_CASE(a_run_is_as_accurate_as_its_gradients) {
  expect_as_reference(AdamW{.rate = 1e-2}, 2e-5);
  expect_as_reference(Lamb{.rate = 1e-2}, 2e-5);
  expect_as_reference(ScheduleFreeAdamW{.rate = 1e-2}, 2e-5);
}

BOOST_AUTO_TEST_CASE(a_run_goes_on_bit_for_bit) {
  const TemporaryFolder folder;
  Run<TwoWidths, AdamW> whole{{.rate = 1e-2}}, first{{.rate = 1e-2}}, second{{.rate = 1e-2}};
  whole.go_to(3);
  whole.go_to(6);
  first.go_to(3);
  save_training_state(folder.path(), first.trainer, first.batches.position());
  second.batches.seek(load_training_state(folder.path(), second.trainer));
  second.go_to(6);
  BOOST_TEST((numbers(whole.weights.flat()) == numbers(second.weights.flat())));
  BOOST_TEST(largest_difference(numbers(first.weights.flat()), numbers(second.weights.flat())) > 1e-3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
