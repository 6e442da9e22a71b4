// Objectives beside cross-entropy alone, each with all laws: a stream that is matched, a teacher on the same context, a head that is not
// of the vocabulary and on some rows alone. Rows without a label cost nothing.
#include "every_back_end.hpp"
#include "guarded.hpp"

#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/objective/cross_entropy.hpp>
#include <rondo/train/plan.hpp>

namespace rondo::testing {
namespace {

// weight / 2 |x - target|^2 over some rows; its gradient is added to d_x.
template <class C>
auto squared_distance(C& c, const ChosenRows<C::place>& rows, In<C> x, In<C> target, double weight, double scale, Out<C> d_x) {
  auto mark = c.mark();
  const Out<C> difference = c.matrix(rows.count(), x.columns), product = c.matrix(rows.count(), x.columns);
  c.copy(rows.of(c, target), difference);
  c.scale(difference, -1);
  c.add(rows.of(c, x), difference);
  c.template gated<Identity>(difference, difference, product);
  c.scale(product, weight / 2);
  const auto sum = c.sum(product);
  c.scale(difference, weight * scale);
  rows.add(c, difference, d_x);
  return sum;
}

// The streams of two blocks near what is prepared, [tokens, width], beside cross-entropy.
struct MatchedStreams {
  CrossEntropy cross_entropy{};
  Index first = 0, last = 1;

  void check() const { cross_entropy.check(); }
  [[nodiscard]] BlockSet taps() const { return {first, last}; }
  template <class C>
  [[nodiscard]] Out<C> prepare(C& c) const {
    const Out<C> target = c.matrix(c.extent().tokens, 8);
    c.start(target, normal(1), key_of(Seed{2}, "target"));
    return target;
  }
  template <class C>
  auto gradient(C& c, const auto& w, const auto& pass, double scale, const auto& dw) const {
    auto losses = cross_entropy.gradient(c, w, pass, scale, dw);
    auto mark = c.mark();
    const ChosenRows rows = labelled_rows(c).rows;
    const auto near = squared_distance<C>(c, rows, pass.stream(first), pass.prepared, 0.7, scale, pass.tap(first));
    const auto far = squared_distance<C>(c, rows, pass.stream(last), pass.prepared, 0.2, scale, pass.tap(last));
    losses.parts = {{{"cross_entropy", losses.sum}, {"near", near}, {"far", far}}};
    losses.sum += near + far;
    return losses;
  }
};

// The hidden vectors near a teacher's, which runs on the student's context before it.
template <class Teacher>
struct TaughtHidden {
  Teacher teacher;
  CrossEntropy cross_entropy{};

  void check() const { cross_entropy.check(); }
  template <class C>
  [[nodiscard]] Out<C> prepare(C& c) const {
    auto weights = c.record(WeightRecords{}, teacher);
    each_leaf<Out<C>>(WeightRecords{}, teacher, weights,
                      [&](const Path& path, const Leaf&, Out<C>& view) { c.start(view, normal(0.4), key_of(Seed{2}, path.text())); });
    const Out<C> hidden = c.matrix(c.extent().tokens, teacher.shape().width);
    teacher.evaluate(c, weights, hidden, {});
    return hidden;
  }
  template <class C>
  auto gradient(C& c, const auto& w, const auto& pass, double scale, const auto& dw) const {
    auto losses = cross_entropy.gradient(c, w, pass, scale, dw);
    auto mark = c.mark();
    const ChosenRows rows = labelled_rows(c).rows;
    losses.sum += squared_distance<C>(c, rows, pass.hidden, pass.prepared, 0.5, scale, pass.d_hidden);
    return losses;
  }
};

// Three classes, from a matrix and a bias.
class ThreeClasses : public RecordsOf<Linear<Bias::yes>> {
 public:
  constexpr ThreeClasses(const Shape& shape, Initial initial)
      : RecordsOf<Linear<Bias::yes>>({shape.width, 3, initial, initial, Role::head}) {}
  [[nodiscard]] constexpr Index outputs() const { return 3; }
  template <class C>
  void forward(C& c, const auto& w, const auto&, In<C> hidden, Out<C> logits) const {
    inner_.forward(c, w, hidden, logits);
  }
  template <class C>
  void backward(C& c, const auto& w, const auto&, In<C> hidden, In<C> d_logits, Out<C> d_hidden, const auto& dw, const auto&) const {
    inner_.backward(c, w, hidden, d_logits, d_hidden, dw);
  }
};

// The class of a sequence is the label of its last token.
struct ClassOfSequence {
  void check() const {}
  template <class C>
  auto gradient(C& c, const auto& w, const auto& pass, double scale, const auto& dw) const {
    auto mark = c.mark();
    const Tokens given = c.labels();
    const Sequences sequences = c.sequences();
    const auto last = [](const Sequence& sequence) { return sequence.begin + sequence.length - 1; };
    const auto counts = [&](const Sequence& sequence) { return sequence.length > 0 && has_label(given(0, last(sequence))); };
    const Index count = std::count_if(sequences.begin(), sequences.end(), counts);
    const auto of_each = [&](auto value) {
      return c.numbers(count, [&, s = std::size_t{0}](Index) mutable {
        while (!counts(sequences[s])) ++s;
        return value(last(sequences[s++]));
      });
    };
    const ChosenRows rows{of_each([](Index row) { return row; })};
    const auto labels = of_each([&](Index row) { return given(0, row); });
    const Out<C> logits = c.matrix(count, pass.model.outputs()), losses = c.matrix(1, count);
    const In<C> x = rows.of(c, pass.hidden);
    const Out<C> dx = rows.place_of(c, pass.d_hidden);
    pass.model.uncapped_logits(c, w, x, logits);
    c.cross_entropy(logits, labels, pass.model.shape().logit_soft_cap, CrossEntropyOptions{}, scale, losses);
    pass.model.uncapped_logits_backward(c, w, x, logits, dx, dw);
    rows.clear(c, pass.d_hidden);
    rows.put(c, dx, pass.d_hidden);
    return Losses<decltype(c.sum(losses))>{c.sum(losses), count};
  }
};

using Model = Hgrn2Tied;
using Classifier = LanguageModel<Hgrn2Block, RmsNorm, ThreeClasses>;
const Shape shape{.vocabulary = 11, .width = 8, .depth = 3, .heads = 2, .mlp_width = 13, .context = 16, .dropout = 0.2};

template <class Model, class ObjectiveType>
void expect_laws_of(const char* name, const Model& model, const ObjectiveType& objective) {
  const LossOf loss{model, objective};
  for (const Batch& batch : {packed({3}), packed({5, 1, 6}, 2), packed({5, 0, 4}, 3, 1, 2)}) {  // all rows have labels, or some
    expect_none(laws<Reference<double>>(loss, batch), std::string(name) + " on Reference");
    expect_none(laws<Cpu>(loss, batch), std::string(name) + " on Cpu");
  }
  expect_none(touches_no_memory(loss, packed({3, 2}, 1, 0, 1)), std::string(name) + " on Trace");
  expect_guarded_laws(name, loss);
}

// A batch of 12 rows, with padding; every `step`-th row of it has a label.
struct Example {
  std::vector<Token> ids, labels;
  std::vector<Sequence> sequences{{0, 5, 0}, {6, 6, 0}};
  explicit Example(Index step, Index outputs = 11) {
    for (Index t = 0; t < 12; ++t) {
      ids.push_back(static_cast<Token>(t * 7 % 11));
      labels.push_back(t % step == step - 1 ? static_cast<Token>(t * 5 % outputs) : no_label);
    }
  }
};
template <class ModelType, class ObjectiveType>
Losses<double> losses_of(const ModelType& model, const ObjectiveType& objective, const Example& example,
                         std::optional<RandomKey> dropout = {}, double floor = 0) {
  Reference<double>::Context c;
  const Parameters<ModelType, Reference<double>> weights{model, Seed{1}};
  Parameters<ModelType, Reference<double>> gradients{model};
  SavedBuffer<ModelType, Reference<double>::Context> saved;
  c.begin(example.sequences, {example.ids.data(), 1, 12}, {example.labels.data(), 1, 12}, dropout);
  const auto losses = add_gradient(c, model, weights.record(), objective, 1, c.matrix(12, model.shape().width),
                                   c.matrix(12, model.shape().width), saved.place(c, model), gradients.record());
  BOOST_TEST(c.sum_of_squares(gradients.flat()) > floor);
  return losses;
}

BOOST_AUTO_TEST_SUITE(objectives)

BOOST_AUTO_TEST_CASE(streams_are_matched) {
  expect_laws_of("two matched streams", Model{shape}, MatchedStreams{});
  expect_laws_of("the last stream twice", Model{shape}, MatchedStreams{{{.z_loss = 0.1}, 5}, 2, 2});
}
BOOST_AUTO_TEST_CASE(a_teacher_runs_on_the_same_context) {
  Shape larger = shape;
  larger.depth = 2;
  larger.heads = 4;
  expect_laws_of("a teacher's hidden vectors", Model{shape}, TaughtHidden<Hgrn2>{Hgrn2{larger}});
  // The student drops elements, its teacher does not.
  Shape dropping = larger;
  dropping.dropout = 0.9;
  const auto taught_by = [&](const Shape& teacher) {
    return losses_of(Model{shape}, TaughtHidden<Hgrn2>{Hgrn2{teacher}}, Example{1}, RandomKey{3}).sum;
  };
  BOOST_TEST(taught_by(larger) == taught_by(dropping));
}
BOOST_AUTO_TEST_CASE(classes_of_sequences) {
  expect_laws_of("classes of sequences", Classifier{shape}, ClassOfSequence{});
  BOOST_TEST(losses_of(Classifier{shape}, ClassOfSequence{}, Example{1, 3}).count == 2);
  BOOST_TEST(losses_of(Classifier{shape}, ClassOfSequence{}, Example{7, 3}, {}, -1).count == 0, "no last token has a label");
}

BOOST_AUTO_TEST_CASE(parts_add_up) {
  const auto losses = losses_of(Model{shape}, MatchedStreams{}, Example{2});
  const auto alone = losses_of(Model{shape}, CrossEntropy{}, Example{2});
  BOOST_TEST(losses.count == 6);
  BOOST_TEST(losses.parts[0].name == "cross_entropy");
  BOOST_TEST(losses.parts[0].sum == alone.sum);
  BOOST_TEST(losses.parts[3].name.empty());
  BOOST_TEST(losses.parts[1].sum > 0);
  BOOST_TEST(losses.sum == losses.parts[0].sum + losses.parts[1].sum + losses.parts[2].sum, boost::test_tools::tolerance(1e-14));
}

// The head's three products run over the labelled rows; a batch without any has the loss 0 and no gradient.
BOOST_AUTO_TEST_CASE(rows_without_a_label_cost_nothing) {
  const Model model{shape};
  const auto operations = [&](const Example& example) {
    TraceContext c;
    const auto weights = c.record(WeightRecords{}, model), gradients = c.record(WeightRecords{}, model);
    const auto saved = c.record(SavedRecords{{12, 2}}, model);
    c.begin(example.sequences, {example.ids.data(), 1, 12}, {example.labels.data(), 1, 12});
    const CrossEntropy objective{{}, 4};
    const Pass pass{c, model, weights, objective, c.matrix(12, 8), c.matrix(12, 8), saved};
    pass.forward();
    const double before = c.counts.operations;
    pass.loss(1, gradients);
    return c.counts.operations - before;
  };
  const double row = 3 * 2.0 * 11 * 8;
  BOOST_TEST(operations(Example{1}) == 12 * row);
  BOOST_TEST(operations(Example{2}) == 6 * row);
  BOOST_TEST(operations(Example{5}) == 2 * row);
  BOOST_TEST(operations(Example{13}) == 0);
  const auto none = losses_of(model, CrossEntropy{}, Example{13}, {}, -1);
  BOOST_TEST(none.sum == 0);
  BOOST_TEST(none.count == 0);
}

BOOST_AUTO_TEST_CASE(a_tap_beyond_the_stack_is_refused) {
  const auto refused = [](const Error& error) {
    return error.what() == std::string("objective: the stream of block 3 is asked for, the model has 3 blocks");
  };
  BOOST_CHECK_EXCEPTION(losses_of(Model{shape}, MatchedStreams{{}, 0, 3}, Example{1}), Error, refused);
}

// A trunk alone has the names, and so may have the weights, of a model with any head.
BOOST_AUTO_TEST_CASE(a_trunk_has_the_names_of_its_model) {
  const auto names = [](const auto& layer) {
    std::vector<std::string> result;
    for (const auto& [name, leaf] : list_leaves(WeightRecords{}, layer)) result.push_back(name + leaf.dimensions.text());
    return result;
  };
  std::vector<std::string> whole = names(Hgrn2{shape}), classes = names(Classifier{shape}), trunk = names(Hgrn2{shape}.trunk());
  BOOST_TEST(whole.back() == "head.weight[11, 8]");
  whole.pop_back();
  BOOST_TEST(classes[classes.size() - 2] == "head.weight[3, 8]");
  classes.resize(classes.size() - 2);
  BOOST_TEST(whole == trunk, boost::test_tools::per_element());
  BOOST_TEST(classes == trunk, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::testing
