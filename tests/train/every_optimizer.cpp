// Every optimiser in a trainer: it learns, goes on bit for bit where it stopped, takes no memory in a warm step, and its plan is what
// it takes.
#include <numeric>

#include <boost/test/unit_test.hpp>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/evaluate/scorer.hpp>
#include <rondo/optimizer/any_optimizer.hpp>
#include <rondo/optimizer/masters.hpp>
#include <rondo/train/plan.hpp>
#include <rondo/train/training_state.hpp>

#include <io/temporary_folder.hpp>

#include "small_run.hpp"
#include "support/counted_memory.hpp"

namespace rondo::test {
namespace {

using Model = Hgrn2;
using Weights = Parameters<Model, Cpu>;
const BatchOptions batch_options{.rows = 2, .length = 12, .shuffled = true, .epochs = 0};

// A run with rates that suit the small model.
struct Run {
  Weights weights{Model{small_shape()}, Seed{1}};
  Trainer<Model, Cpu, AnyOptimizer, AnySchedule> trainer;
  explicit Run(const AnyOptimizer& optimizer, const AnySchedule& schedule = {Constant{.warmup = 3}})
      : trainer(weights.model(), weights, optimizer, schedule, CrossEntropy{},
                {.groups = {{.roles = {Role::embedding}, .rate = 0.5}}, .decay_schedule = {LinearDecay{}}}) {}
};

template <std::size_t I = 0>
void each_optimizer(const auto& act) {
  using Variant = decltype(AnyOptimizer::chosen);
  if constexpr (I < std::variant_size_v<Variant>) {
    std::variant_alternative_t<I, Variant> optimizer;
    optimizer.rate = std::is_same_v<decltype(optimizer), Sgd> ? 0.3 : std::is_same_v<decltype(optimizer), Lion> ? 0.003 : 0.02;
    if constexpr (std::is_same_v<decltype(optimizer), Muon>) optimizer.rest.rate = 0.02;
    BOOST_TEST_CONTEXT(optimizer.name) act(AnyOptimizer{optimizer});
    each_optimizer<I + 1>(act);
  }
}
std::vector<std::vector<float>> all_of(const Run& run) {
  std::vector<std::vector<float>> result{numbers(run.trainer.result().flat())};
  for (const auto& named : run.trainer.tensors()) result.push_back(numbers(named.tensor.reshaped(1, named.tensor.size())));
  return result;
}

BOOST_AUTO_TEST_SUITE(every_optimizer)

BOOST_AUTO_TEST_CASE(losses_fall) {
  const MemoryTokens source = small_documents();
  each_optimizer([&](const AnyOptimizer& optimizer) {
    Batches batches{source, batch_options};
    Run run{optimizer};
    std::vector<double> losses;
    run.trainer.on_step([&](const StepReport& report) { losses.push_back(report.loss); });
    run.trainer.run(batches, 60);
    const double last = std::accumulate(losses.end() - 10, losses.end(), 0.0) / 10;
    BOOST_TEST(last < 0.9 * losses.front(), losses.front() << " " << last);
  });
}

BOOST_AUTO_TEST_CASE(stopped_and_resumed_is_uninterrupted) {
  const MemoryTokens source = small_documents();
  each_optimizer([&](const AnyOptimizer& optimizer) {
    const AnySchedule schedule{Trapezoid{.warmup = 3, .cooldown = 0.5, .rise = Rise::from_zero}};
    Batches straight{source, batch_options}, first{source, batch_options}, second{source, batch_options};
    Run whole{optimizer, schedule}, before{optimizer, schedule}, after{optimizer, schedule};
    whole.trainer.run(straight, 12);
    before.trainer.on_step([&](const StepReport& report) {
      if (report.progress.step == 5) before.trainer.stop();
    });
    before.trainer.run(first, 12);
    const TemporaryFolder folder;
    save_training_state(folder.path(), before.trainer, first.position());
    second.seek(load_training_state(folder.path(), after.trainer));
    BOOST_TEST((all_of(before) == all_of(after)));
    after.trainer.run(second, 12);
    BOOST_TEST((all_of(whole) == all_of(after)));
  });
}

// The names that states of AdamW have always had.
BOOST_AUTO_TEST_CASE(adamw_states_keep_their_names) {
  const Run run{AnyOptimizer{AdamW{}}};
  std::vector<std::string> expected, found;
  for (const char* prefix : {"weights.", "first.", "second."})
    for (const auto& one : run.weights.tensors()) expected.push_back(prefix + one.name);
  for (const auto& one : run.trainer.tensors()) found.push_back(one.name);
  BOOST_TEST(found == expected, boost::test_tools::per_element());
  BOOST_TEST(run.trainer.numbers().empty());
}

BOOST_AUTO_TEST_CASE(warm_steps_take_no_memory, *needs_counted_memory()) {
  const MemoryTokens source = small_documents();
  each_optimizer([&](const AnyOptimizer& optimizer) {
    Batches batches{source, batch_options};
    Run run{optimizer};
    std::size_t before = 0;
    run.trainer.on_step([&](const StepReport& report) {
      if (report.progress.step == 2) before = allocation_count();
    });
    run.trainer.run(batches, 12);
    BOOST_TEST(allocation_count() == before);
  });
}

BOOST_AUTO_TEST_CASE(plan_knows_the_slots) {
  const Model model{small_shape()};
  const Sequence whole{0, 12, 0};
  each_optimizer([&](const AnyOptimizer& optimizer) {
    const StepPlan plan = plan_training_step(model, CrossEntropy{}, Sequences{&whole, 1}, 12, optimizer);
    BOOST_TEST(plan.slots == Run{optimizer}.trainer.state().bytes());
  });
}

// A trainer of masters goes the way of one of weights; what is evaluated of it is the copy of them in halves.
BOOST_AUTO_TEST_CASE(masters_train_as_weights_do) {
  const MemoryTokens source = small_documents();
  each_optimizer([&](const AnyOptimizer& optimizer) {
    Batches batches{source, batch_options}, again{source, batch_options};
    Run plain{optimizer};
    Masters<Model, Cpu, bf16> masters{Weights{plain.weights.model(), Seed{1}}};
    Trainer trainer{plain.weights.model(), masters.weights(), optimizer, AnySchedule{Constant{.warmup = 3}}, CrossEntropy{},
                    {.groups = {{.roles = {Role::embedding}, .rate = 0.5}}, .decay_schedule = {LinearDecay{}}}};
    trainer.store_in(masters.stored());
    plain.trainer.run(batches, 12);
    trainer.run(again, 12);
    BOOST_TEST((numbers(plain.weights.flat()) == numbers(masters.weights().flat())));
    for (std::size_t i = 0; i < masters.stored().tensors().size(); ++i) {
      const auto copy = masters.stored().tensors()[i].tensor;
      const auto expected = masters.weights().tensors()[i].tensor;
      for (Index r = 0; r < copy.rows; ++r)
        for (Index k = 0; k < copy.columns; ++k) BOOST_TEST(copy(r, k).bits == bf16(expected(r, k)).bits);
    }
    const std::vector<std::vector<Token>> text{{1, 2, 3, 4, 5}};
    Scorer wide{plain.weights.model(), plain.weights};
    Scorer narrow{plain.weights.model(), masters.stored()};
    const double exact = wide.sums(text).at(0), rounded = narrow.sums(text).at(0);
    BOOST_TEST((rounded != exact && std::abs(rounded - exact) < 0.05 * std::abs(exact)), rounded << " " << exact);
  });
}

BOOST_AUTO_TEST_CASE(an_average_of_an_average_is_refused) {
  Weights weights{Model{small_shape()}, Seed{1}};
  const std::string message = message_of([&] {
    Trainer{weights.model(), weights, ScheduleFreeAdamW{}, Constant{}, CrossEntropy{}, {.average = {TailAverage{}}}};
  });
  BOOST_TEST(has(message, "expected no other average"), message);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
