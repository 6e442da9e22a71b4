// The laws on a back-end whose stored numbers are narrower than its wide ones: every layer, mixer and model keeps wide what must be.
#include "every_back_end.hpp"

#include <cmath>
#include <vector>

#include <rondo/evaluate/scorer.hpp>
#include <rondo/layer/block_linear.hpp>
#include <rondo/model/architecture/gla.hpp>
#include <rondo/model/architecture/gpt2.hpp>
#include <rondo/model/architecture/hgrn1.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/architecture/lstm.hpp>
#include <rondo/model/architecture/mamba.hpp>
#include <rondo/model/architecture/mamba2.hpp>
#include <rondo/model/architecture/xlstm.hpp>
#include <rondo/model/architecture/xlstm_large.hpp>
#include <rondo/objective/cross_entropy.hpp>
#include <rondo/testing/two_widths.hpp>

namespace rondo::testing {

static_assert(Backend<TwoWidths>);

// A norm as it must not be: its statistic is stored narrow.
class NarrowNorm : public RmsNorm {
 public:
  using RmsNorm::RmsNorm;
  template <class S>
  struct Saved {
    S reciprocal;
  };
};
template <class Layer, class C>
concept RunsOn = requires(C& c, const Layer& layer, typename Layer::template Weights<In<C>> w, In<C> x, Out<C> y,
                          typename Layer::template Saved<Out<C>> saved, NormSizes sizes) {
  c.norm(sizes, x, w.weight, In<C>{}, y, WideOut<C>{}, saved.reciprocal);
};
static_assert(RunsOn<RmsNorm, TwoWidthsContext>);
static_assert(!RunsOn<NarrowNorm, TwoWidthsContext>, "a statistic that is stored narrow is not seen");
static_assert(RunsOn<NarrowNorm, CpuContext>);

BOOST_AUTO_TEST_SUITE(two_widths)

const Shape small{.vocabulary = 11, .width = 8, .depth = 2, .heads = 2, .mlp_width = 12, .convolution = 3, .context = 16};

template <class Model>
void expect_logits(const std::string& name, const Shape& shape) {
  const LogitsOf<Model> logits{Model{shape}};
  Findings findings;
  for (const Batch& batch : {packed({5, 0, 4}, 0, 1, 2)}) {
    findings.add(agrees_with_reference<TwoWidths>(logits, batch));
    findings.add(gradients_accumulate<TwoWidths>(logits, batch));
    findings.add(steps_equal_whole<TwoWidths>(logits, batch));
  }
  expect_none(findings, name);
}

BOOST_AUTO_TEST_CASE(token_wise) {
  const auto laws_of = [&](const std::string& name, const auto& layer, Index out) {
    expect_none(laws<TwoWidths>(subject(layer, small.width, out), packed({5, 4}, 1, 1, 2)), name);
  };
  laws_of("Linear", Linear<Bias::yes>{8, 9}, 9);
  laws_of("BlockLinear", BlockLinear<Bias::yes>{2, 8, 8}, 8);
  laws_of("RmsNorm", RmsNorm{8, 1e-6, 2}, 8);
  laws_of("LayerNorm", LayerNorm{8, 1e-5}, 8);
}
BOOST_AUTO_TEST_CASE(models) {
  expect_logits<Hgrn2>("HGRN2", small);
  expect_logits<Hgrn1>("HGRN1", small);
  expect_logits<Gla>("GLA", small);
  expect_logits<Llama>("Llama", small);
  expect_logits<Gpt2>("GPT-2", small);
  expect_logits<Lstm>("LSTM", small);
  expect_logits<Mamba>("Mamba", small);
  expect_logits<Mamba2>("Mamba-2", small);
  Shape both = small;  // a block of each kind
  both.second_blocks = {1};
  expect_logits<Xlstm>("xLSTM", both);
  expect_logits<XlstmLarge>("xLSTM-large", small);
}
// The gradient that an objective hands on, through heads with a matrix of their own and the embedding's.
template <class Model>
void expect_loss(const std::string& name) {
  for (const double cap : {0.0, 1.5}) {
    Shape shape = small;
    shape.logit_soft_cap = cap;
    const LossOf loss{Model{shape}, CrossEntropy{{.label_smoothing = 0.1, .z_loss = 0.01}, 5}};
    Findings findings;
    for (const Batch& batch : {packed({5, 1, 6}), packed({3})}) {  // some rows have no label; all have one
      findings.add(agrees_with_reference<TwoWidths>(loss, batch));
      findings.add(gradients_accumulate<TwoWidths>(loss, batch));
    }
    expect_none(findings, name);
  }
}
BOOST_AUTO_TEST_CASE(losses) {
  expect_loss<Hgrn2>("HGRN2");
  expect_loss<Hgrn2Tied>("HGRN2, tied");
}
template <class Backend>
std::vector<float> scores() {
  const Hgrn2 model{small};
  const Parameters<Hgrn2, Backend> weights{model, Seed{1}};
  return Scorer<Hgrn2, Backend>{model, weights}.sums(std::vector<std::vector<Token>>{{1, 2, 3, 4, 5, 6}, {7}, {8, 9, 10}});
}
BOOST_AUTO_TEST_CASE(log_probabilities) {
  const std::vector<float> expected = scores<Reference<double>>(), found = scores<TwoWidths>();
  for (std::size_t n = 0; n < expected.size(); ++n) BOOST_TEST(std::abs(found[n] - expected[n]) <= 1e-5F);
  BOOST_TEST(expected[0] < -5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
