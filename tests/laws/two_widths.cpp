// The laws on a back-end whose stored numbers are narrower than its wide ones: every layer, mixer and model keeps wide what must be.
#include "every_back_end.hpp"

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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
