// A warm training step takes no memory: every `operator new` of this program is counted.
#include <boost/test/unit_test.hpp>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/model/architecture/llama.hpp>

#include "small_run.hpp"
#include "support/counted_memory.hpp"

namespace rondo::test {
namespace {

template <class Model>
void check_warm_steps() {
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = 2, .length = 12}};
  Shape shape = small_shape();
  shape.dropout = 0.1;
  SmallRun<Model, Cpu> run{{.accumulate = 2, .average = {WarmedAverage{0.9}}}, shape};
  BOOST_TEST(allocation_count() > 0U);
  std::size_t before = 0;
  std::size_t sequences[2] = {1000, 0};  // fewest and most in a step
  run.trainer.on_step([&](const StepReport& report) {
    const std::size_t now = run.trainer.workspace().context().sequences().size();
    sequences[0] = std::min(sequences[0], now);
    sequences[1] = std::max(sequences[1], now);
    if (report.progress.step == 1) before = allocation_count();
  });
  run.trainer.run(batches, 20);
  BOOST_TEST(allocation_count() == before);
  BOOST_TEST(sequences[0] < sequences[1]);
}

// Where the memory of the largest phase was taken before, steps of all of them take none.
template <class Model>
void check_phases() {
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = 3, .length = 12}};
  SmallRun<Model, Cpu> run;
  Batch largest;
  batches.next(largest);
  const std::vector<float> weights = numbers(run.weights.flat());
  run.trainer.reserve(largest);
  BOOST_TEST((numbers(run.weights.flat()) == weights));
  const auto step = [&](Index rows, Index length) {
    batches.resize(rows, length);
    run.trainer.step(batches, 100);
  };
  step(1, 5);  // what an update takes
  const std::size_t before = allocation_count();
  step(1, 5), step(2, 5), step(2, 9), step(3, 12), step(3, 7);
  BOOST_TEST(allocation_count() == before);
}

BOOST_AUTO_TEST_SUITE(allocation)

BOOST_AUTO_TEST_CASE(phases_take_no_memory, *needs_counted_memory()) {
  check_phases<Hgrn2>();
  check_phases<Llama>();
}

BOOST_AUTO_TEST_CASE(warm_steps_take_no_memory, *needs_counted_memory()) {
  check_warm_steps<Hgrn2>();
  check_warm_steps<Llama>();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
