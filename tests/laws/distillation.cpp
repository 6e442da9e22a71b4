// Distillation with all laws: every divergence, at temperatures and with a soft cap, from one teacher, from several, from stored outcomes.
#include "every_back_end.hpp"
#include "guarded.hpp"

#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/with_projections.hpp>
#include <rondo/objective/distillation.hpp>
#include <rondo/objective/hidden_matching.hpp>
#include <rondo/testing/drawn_teacher.hpp>
#include <rondo/testing/two_widths.hpp>

namespace rondo::testing {
namespace {

const Shape shape{.vocabulary = 11, .width = 4, .depth = 1, .heads = 2, .mlp_width = 5, .context = 16, .dropout = 0.2};
Shape capped() {
  Shape result = shape;
  result.logit_soft_cap = 1.5;
  return result;
}
Shape of_teacher() {
  Shape result = shape;
  result.width = 8;
  return result;
}
// (Chosen at run time, so that the laws are compiled for one type of objective.)
const auto taught_by = [](AnyDivergence divergence, const auto& by, DistillationOptions options = {}, CrossEntropyOptions soft = {},
                          Index rows = 512) { return Distillation{divergence, by, options, soft, rows}; };
const DrawnTeacher<Llama> teacher{Llama{of_teacher()}, Seed{2}};

// Log-probabilities of some tokens of each row, drawn, and of the rest.
struct DrawnCache {
  Index k = 3;
  Rest what{};

  void check(Index, double) const {}
  [[nodiscard]] Rest rest() const { return what; }
  template <class C>
  [[nodiscard]] Out<C> prepare(C& c) const {
    const Index rows = labelled_rows(c).rows.count();
    const Out<C> log_p = c.matrix(rows, k + 1);
    c.start(log_p, normal(1), key_of(Seed{5}, "cache"));
    return log_p;
  }
  template <class C>
  [[nodiscard]] StoredOutcomes<C> stored(C& c, In<C> log_p, const TaughtRows<C::place>& rows) const {
    const Index count = rows.rows.count();
    const auto ids = c.numbers(count * k, [&](Index i) { return (3 * (rows.first + i / k) + 4 * (i % k)) % 11; });
    return {ids.reshaped(count, k), log_p.middle_rows(rows.first, count)};
  }
};

// All laws where derivatives are exact; on the Cpu the same numbers, to its accuracy.
template <class Model, class ObjectiveType>
void expect_laws_of(const std::string& name, const Model& model, const ObjectiveType& objective) {
  const LossOf loss{model, objective};
  expect_none(laws<Reference<double>>(loss, packed({5, 0, 4}, 3, 1, 2)), name + " on Reference");
  Findings findings;
  for (const Batch& batch : {packed({3}), packed({5, 0, 4}, 3, 1, 2)}) {  // all rows have labels, or some
    findings.add(agrees_with_reference<Cpu>(loss, batch));
    findings.add(gradients_accumulate<Cpu>(loss, batch));
    findings.add(gradients_accumulate<Reference<double>>(loss, batch));
  }
  expect_none(findings, name + " on Cpu");
  expect_none(touches_no_memory(loss, packed({3, 2}, 1, 0, 1)), name + " on Trace");
}

BOOST_AUTO_TEST_SUITE(distillation)

BOOST_AUTO_TEST_CASE(every_divergence) {
  const auto expect = [](const auto& divergence) {
    const std::string name{divergence.name};
    expect_laws_of(name, Hgrn2{shape}, taught_by({divergence}, teacher, {.temperature = 2}, {}, 5));
    expect_laws_of(name + ", capped", Hgrn2{capped()}, taught_by({divergence}, teacher, {.alpha = 1, .temperature = 0.7}));
  };
  expect(ForwardKl{});
  expect(SoftCrossEntropy{});
  expect(ReverseKl{});
  expect(JensenShannon{});
  expect(JensenShannon{0.1});
  expect(TotalVariation{});
  expect(SkewForwardKl{});
  expect(SkewForwardKl{0});
  expect(SkewReverseKl{});
  expect(SkewReverseKl{0});
  expect(MixedKl{0.3});
  expect(AdaptiveKl{});
  expect(LogitsMse{});
}

BOOST_AUTO_TEST_CASE(every_switch) {
  const Hgrn2 model{shape};
  const CrossEntropyOptions soft{.label_smoothing = 0.1, .z_loss = 0.01};
  expect_laws_of("alpha of the labels", model,
                 taught_by({ForwardKl{}}, teacher, {.alpha = 0.3, .temperature = 2, .alpha_of = AlphaOf::labels}, soft));
  expect_laws_of("without T^2", model, taught_by({ForwardKl{}}, teacher, {.temperature = 2, .squared_temperature = false}, soft, 4));
  expect_laws_of("mean over sequences", model, taught_by({ReverseKl{}}, teacher, {.mean_over = MeanOver::sequences}));
  expect_laws_of("mean over outcomes", model, taught_by({ReverseKl{}}, teacher, {.mean_over = MeanOver::outcomes}));
  expect_laws_of("known when compiled", Hgrn2Tied{shape}, Distillation{JensenShannon{0.4}, teacher});
}

BOOST_AUTO_TEST_CASE(several_teachers) {
  const DrawnTeacher<Llama> other{Llama{of_teacher()}, Seed{3}};
  for (const MeanOf mean : {MeanOf::probabilities, MeanOf::logits, MeanOf::losses}) {
    const Ensemble ensemble{std::vector{teacher, other}, mean, {1, 3}};
    expect_laws_of("an ensemble", Hgrn2{shape}, taught_by({ReverseKl{}}, ensemble, {.temperature = 2}, {}, 5));
  }
}

// Parts of the outcomes: the numbers of whole rows.
template <class Model, class ObjectiveType>
void expect_parts(const std::string& name, const Model& model, ObjectiveType objective) {
  const LossOf whole{model, objective};
  for (const Index outcomes : {1, 4}) {
    objective.block_outcomes = outcomes;
    const LossOf parts{model, objective};
    Findings findings;
    for (const Batch& batch : {packed({3}), packed({5, 0, 4}, 3, 1, 2)}) {
      const Inputs<double> in = prepare(parts, batch);
      compare(findings, "parts = whole rows", run<Reference<double>>(whole, batch, in), run<Reference<double>>(parts, batch, in), {1e-13, 1e-12});
      compare(findings, "parts = whole rows on Cpu", run<Cpu>(whole, batch, in), run<Cpu>(parts, batch, in), rounding<Cpu>());
    }
    expect_none(findings, name + ", parts of " + std::to_string(outcomes));
  }
}
BOOST_AUTO_TEST_CASE(parts_of_the_outcomes) {
  const CrossEntropyOptions soft{.label_smoothing = 0.1, .z_loss = 0.01};
  const auto expect = [&](const auto& divergence) {
    const std::string name{divergence.name};
    expect_parts(name, Hgrn2{shape}, taught_by({divergence}, teacher, {.temperature = 2}, {}, 5));
    expect_parts(name + ", capped", Hgrn2{capped()}, taught_by({divergence}, teacher, {.alpha = 0.3, .temperature = 0.7}, soft));
  };
  expect(ForwardKl{});
  expect(SoftCrossEntropy{});
  expect(ReverseKl{});
  expect(JensenShannon{0.3});
  expect(TotalVariation{});
  expect(SkewForwardKl{});
  expect(SkewReverseKl{});
  expect(MixedKl{});
  expect(LogitsMse{});
  const DrawnTeacher<Llama> other{Llama{of_teacher()}, Seed{3}};
  for (const MeanOf mean : {MeanOf::probabilities, MeanOf::logits, MeanOf::losses})
    expect_parts("an ensemble", Hgrn2{shape}, taught_by({ReverseKl{}}, Ensemble{std::vector{teacher, other}, mean, {1, 3}}, {.temperature = 2}));
  expect_parts("a tied head", Hgrn2Tied{shape}, Distillation{JensenShannon{0.4}, teacher});
  auto in_parts = taught_by({SkewReverseKl{}}, teacher, {.alpha = 0.3, .temperature = 0.7}, soft);
  in_parts.block_outcomes = 4;
  expect_laws_of("parts of the outcomes", Hgrn2{capped()}, in_parts);
  auto whole_rows = taught_by({AdaptiveKl{}}, teacher);
  whole_rows.block_outcomes = 4;
  const LossOf loss{Hgrn2{shape}, whole_rows};
  BOOST_CHECK_THROW(run_forward<Reference<double>>(loss, packed({3}), prepare(LossOf{Hgrn2{shape}, CrossEntropy{}}, packed({3}))), Error);
}

BOOST_AUTO_TEST_CASE(stored_outcomes) {
  for (const Rest rest : {Rest::bucket, Rest::truncated, Rest::renormalised, Rest::renormalised_both}) {
    expect_laws_of("stored outcomes", Hgrn2{shape}, taught_by({ForwardKl{}}, DrawnCache{3, rest}, {.temperature = 2}, {}, 5));
    expect_laws_of("stored outcomes, capped", Hgrn2{capped()}, taught_by({JensenShannon{}}, DrawnCache{2, rest}));
    expect_laws_of("one stored", Hgrn2{shape}, taught_by({AdaptiveKl{}}, DrawnCache{1, rest}));
    expect_laws_of("all stored", Hgrn2{shape}, taught_by({ReverseKl{}}, DrawnCache{11, rest}));
  }
}

BOOST_AUTO_TEST_CASE(hidden_states) {
  const auto inner = taught_by({ForwardKl{}}, teacher, {.temperature = 2});
  for (const HiddenDistance distance : {HiddenDistance::mse, HiddenDistance::cosine}) {
    const HiddenMatchingOptions options{distance, 0.7};
    Shape two_blocks = shape;
    two_blocks.depth = 2;
    const WithProjections projected{Hgrn2{two_blocks}, {{4, 8}, {4, 8}}};
    const HiddenMatching two{inner, {{0, 0}, {1, 0}}, 8, options};
    expect_laws_of("projected streams", projected, two);
    expect_guarded_laws("projected streams", LossOf{projected, two});
    const auto alike = taught_by({ForwardKl{}}, DrawnTeacher<Llama>{Llama{shape}, Seed{2}});
    expect_laws_of("streams as they are", WithProjections{Hgrn2{shape}}, HiddenMatching{alike, {{0, 0}}, 4, options});
  }
  const LossOf wrong{WithProjections{Hgrn2{shape}}, HiddenMatching{inner, {{0, 0}}, 8, {}}};
  BOOST_CHECK_EXCEPTION(run_forward<Reference<double>>(wrong, packed({3}), prepare(LossOf{Hgrn2{shape}, inner}, packed({3}))), Error,
                        [](const Error& error) { return std::string(error.what()).find("there is no projection") != std::string::npos; });
}

BOOST_AUTO_TEST_CASE(other_back_ends) {
  const auto expect = [](const std::string& name, const auto& objective) {
    const LossOf loss{Hgrn2{shape}, objective};
    expect_guarded_laws(name, loss);
    Findings findings;
    for (const Batch& batch : {packed({5, 1, 6}), packed({3})}) {
      findings.add(agrees_with_reference<TwoWidths>(loss, batch));
      findings.add(gradients_accumulate<TwoWidths>(loss, batch));
    }
    expect_none(findings, name + " on two widths");
  };
  const DrawnTeacher<Llama> other{Llama{of_teacher()}, Seed{3}};
  expect("one teacher", taught_by({JensenShannon{}}, teacher, {.temperature = 2}));
  expect("two", taught_by({ForwardKl{}}, Ensemble{std::vector{teacher, other}, MeanOf::probabilities}, {.temperature = 2}));
  expect("stored outcomes", taught_by({ForwardKl{}}, DrawnCache{}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::testing
