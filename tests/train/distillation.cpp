// Training with teachers: objectives whose type is put aside, what a step takes, what goes on where.
#include <boost/test/unit_test.hpp>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/with_projections.hpp>
#include <rondo/objective/any_objective.hpp>
#include <rondo/objective/distillation.hpp>
#include <rondo/objective/hidden_matching.hpp>
#include <rondo/train/plan.hpp>

#include "small_run.hpp"
#include "support/counted_memory.hpp"

namespace rondo::test {
namespace {

Shape teacher_shape() {
  Shape shape = small_shape();
  shape.width = 24;
  shape.depth = 3;
  return shape;
}

// A Llama on any back-end, the same numbers on each.
template <class Backend>
std::shared_ptr<const Evaluation<Backend>> llama(Seed seed = Seed{7}) {
  struct Held {
    Llama model{teacher_shape()};
    Parameters<Llama, Backend> weights;
    EvaluationOf<Llama, Backend> evaluation{model, weights};
    explicit Held(Seed seed) : weights(model, seed) {}
  };
  const auto held = std::make_shared<Held>(seed);
  return {held, &held->evaluation};
}
template <class Backend>
auto taught(Index block_tokens = 512) {
  return Distillation{AnyDivergence{JensenShannon{0.4}}, Ensemble<LiveTeacher<Backend>>{{LiveTeacher<Backend>{llama<Backend>()}}},
                      {.alpha = 0.6, .temperature = 2}, {}, block_tokens};
}
template <class Backend>
auto matched() {
  return HiddenMatching{taught<Backend>(), {{1, 2}}, teacher_shape().width, {HiddenDistance::cosine, 0.3}};
}

template <class Model, class ObjectiveType>
struct TaughtRun {
  Parameters<Model, Cpu> weights;
  Trainer<Model, Cpu, AdamW, Cosine, ObjectiveType> trainer;
  TaughtRun(const Model& model, ObjectiveType objective)
      : weights(model, Seed{1}), trainer(model, weights, AdamW{.rate = 1e-2}, Cosine{.warmup = 5}, std::move(objective), {.seed = Seed{3}}) {}
  StepReport run(Index steps) {
    const MemoryTokens source = small_documents();
    Batches batches{source, {.rows = 2, .length = 12}};
    StepReport last;
    trainer.on_step([&](const StepReport& report) { last = report; });
    trainer.run(batches, steps);
    return last;
  }
};

BOOST_AUTO_TEST_SUITE(distillation)

BOOST_AUTO_TEST_CASE(an_objective_whose_type_is_put_aside_has_the_same_bits) {
  Shape shape = small_shape();
  shape.dropout = 0.1;
  const auto expect = [&](const auto& model, const auto& objective, std::size_t parts) {
    TaughtRun plain{model, objective};
    TaughtRun any{model, any_objective<Cpu>(objective)};
    const StepReport of_plain = plain.run(20), of_any = any.run(20);
    BOOST_TEST(numbers(plain.weights.flat()) == numbers(any.weights.flat()), boost::test_tools::per_element());
    BOOST_TEST(of_plain.loss == of_any.loss);
    for (std::size_t i = 0; i < of_plain.parts.size(); ++i) {
      BOOST_TEST(of_plain.parts[i].name == of_any.parts[i].name);
      BOOST_TEST(of_plain.parts[i].sum == of_any.parts[i].sum);
      BOOST_TEST(of_plain.parts[i].name.empty() == (i >= parts));
    }
  };
  expect(Hgrn2{shape}, CrossEntropy{}, 0);
  expect(Hgrn2{shape}, taught<Cpu>(), 2);
  expect(WithProjections{Hgrn2{shape}, {{16, 24}}}, matched<Cpu>(), 3);
}

BOOST_AUTO_TEST_CASE(maps_beside_a_model_change_nothing_of_it) {
  const Hgrn2 model{small_shape()};
  TaughtRun alone{model, CrossEntropy{}};
  TaughtRun beside{WithProjections{model}, CrossEntropy{}};
  alone.run(10);
  beside.run(10);
  BOOST_TEST(numbers(alone.weights.flat()) == numbers(beside.weights.flat()), boost::test_tools::per_element());

  // Those of a run are trained, and are no tensors of the model's.
  TaughtRun matching{WithProjections{model, {{16, 24}}}, matched<Cpu>()};
  const auto projection = [&] { return matching.weights.tensors().back(); };
  BOOST_TEST(projection().name == "projections.0.bias");
  BOOST_TEST(matching.run(10).parts[2].sum > 0);
  BOOST_TEST(projection().tensor(0, 0) != 0.0F);
  const auto kept = without_projections(matching.weights.tensors());
  BOOST_TEST(kept.size() == alone.weights.tensors().size());
  for (std::size_t i = 0; i < kept.size(); ++i) BOOST_TEST(kept[i].name == alone.weights.tensors()[i].name);
}

BOOST_AUTO_TEST_CASE(a_student_comes_near_its_teacher) {
  TaughtRun run{Hgrn2{small_shape()}, any_objective<Cpu>(Distillation{
                                          ForwardKl{}, LiveTeacher<Cpu>{llama<Cpu>()}, {.alpha = 1, .temperature = 1}})};
  const double first = run.run(1).loss, last = run.run(150).loss;
  BOOST_TEST(last < 0.3 * first, first << " -> " << last);
}

BOOST_AUTO_TEST_CASE(warm_steps_take_no_memory, *needs_counted_memory()) {
  const auto expect = [](auto&& run) {
    std::size_t before = 0, after = 1;
    run.trainer.on_step([&](const StepReport& report) { (report.progress.step <= 2 ? before : after) = allocation_count(); });
    run.run(20);
    BOOST_TEST(after == before);
  };
  expect(TaughtRun{Hgrn2{small_shape()}, any_objective<Cpu>(taught<Cpu>())});
  expect(TaughtRun{WithProjections{Hgrn2{small_shape()}, {{16, 24}}}, any_objective<Cpu>(matched<Cpu>())});
  Distillation adaptive{AdaptiveKl{}, LiveTeacher<Cpu>{llama<Cpu>()}};
  expect(TaughtRun{Hgrn2{small_shape()}, any_objective<Cpu>(adaptive)});
}

// First the teacher's pass, with one of its blocks; then, beside a plain step, its hidden vectors and a block of logits.
BOOST_AUTO_TEST_CASE(a_plan_says_what_a_teacher_takes) {
  const Hgrn2 model{small_shape()};
  std::vector<Sequence> sequences;
  for (Index row = 0; row < 4; ++row) sequences.push_back({row * 64, 64, 0});
  const Index tokens = 256, rows = 32;
  const StepPlan plain = plan_training_step(model, CrossEntropy{{}, rows}, sequences, tokens);
  const StepPlan with = plan_training_step(model, taught<Trace>(rows), sequences, tokens);
  const std::size_t hidden = static_cast<std::size_t>(tokens * teacher_shape().width) * sizeof(float);
  const std::size_t logits = static_cast<std::size_t>(rows * 30) * sizeof(float);
  BOOST_TEST(with.saved == plain.saved);
  BOOST_TEST(with.gradients == plain.gradients);
  const std::vector<Token> ids(static_cast<std::size_t>(tokens), 1);
  const Tokens row{ids.data(), 1, tokens};
  TraceContext alone;
  alone.begin(sequences, row, row);
  const auto evaluation = llama<Trace>();
  const auto taught_hidden = LiveTeacher<Trace>{evaluation}.prepare(alone);
  BOOST_TEST(taught_hidden.columns == teacher_shape().width);
  BOOST_TEST(with.scratch >= plain.scratch);
  // The student's hidden vectors and their gradient lie in a plan's scratch, too; a row of numbers for losses and one for divergences;
  // and what arenas round up.
  const std::size_t own = static_cast<std::size_t>(2 * tokens * small_shape().width) * sizeof(float);
  const std::size_t rounding = static_cast<std::size_t>(tokens) * sizeof(float) + 1024;
  BOOST_TEST(with.scratch <= std::max(plain.scratch + hidden + logits, own + alone.scratch.high_water()) + rounding);
  // What is planned is what is taken, where operations take nothing of their own.
  using C = Reference<float>::Context;
  const auto context = std::make_shared<C>();
  Workspace<Hgrn2, Reference<float>> workspace{model, tokens, context};
  const Parameters<Hgrn2, Reference<float>> weights{model, Seed{1}};
  workspace.add_gradient(weights, Batch{row, row, sequences, tokens, 0}, taught<Reference<float>>(rows));
  BOOST_TEST(context->scratch.high_water() + own == with.scratch);
  // A third more for a teacher of the student's size: its forward pass, and its logits.
  BOOST_TEST(with.operations_per_token > plain.operations_per_token);
}

BOOST_AUTO_TEST_CASE(wrong_settings_are_refused) {
  const auto refused = [](const auto& objective, const std::string& why) {
    BOOST_CHECK_EXCEPTION((TaughtRun{Hgrn2{small_shape()}, objective}.run(1)), Error,
                          [&](const Error& error) { return std::string(error.what()).find(why) != std::string::npos; });
  };
  const LiveTeacher<Cpu> teacher{llama<Cpu>()};
  refused(Distillation{ForwardKl{}, teacher, {.alpha = 1.5}}, "alpha must be in [0, 1], found 1.5");
  refused(Distillation{ForwardKl{}, teacher, {.temperature = 0}}, "the temperature must be more than 0, found 0");
  refused(Distillation{JensenShannon{1}, teacher}, "jsd: beta");
  refused(Distillation{SkewForwardKl{-0.1}, teacher}, "skew_forward_kl: alpha must be in [0, 1), found -0.1");
  refused(Distillation{AnyDivergence{AdaptiveKl{0}}, teacher}, "adaptive_kl: mu must be in (0, 1], found 0");
  refused(HiddenMatching{Distillation{ForwardKl{}, teacher}, {{5, 0}}, 24}, "the stream of block 5 is asked for, the model has 2 blocks");
  Shape other = small_shape();
  other.vocabulary = 31;
  const auto student = [&] { TaughtRun{Hgrn2{other}, Distillation{ForwardKl{}, teacher}}.run(1); };
  BOOST_CHECK_EXCEPTION(student(), Error, [](const Error& error) {
    return std::string(error.what()).find("the teacher has a vocabulary of 30, the student one of 31") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
