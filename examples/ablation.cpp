// ablation: what a change of one template argument does, at equal parameters and equal tokens. Try `ablation --list`.
#include <rondo/app/ablation.hpp>
#include <rondo/combinator/parallel.hpp>
#include <rondo/combinator/pattern.hpp>
#include <rondo/model/architecture/gla.hpp>
#include <rondo/model/checkpoint/delta_net.hpp>
#include <rondo/model/checkpoint/gpt2.hpp>
#include <rondo/model/checkpoint/hgrn1.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>
#include <rondo/model/checkpoint/llama.hpp>
#include <rondo/model/checkpoint/lstm.hpp>
#include <rondo/model/checkpoint/mamba.hpp>
#include <rondo/model/checkpoint/mamba2.hpp>
#include <rondo/model/checkpoint/mamba3.hpp>
#include <rondo/model/checkpoint/qwen3.hpp>
#include <rondo/model/checkpoint/xlstm.hpp>
#include <rondo/model/checkpoint/xlstm_large.hpp>

namespace {

using namespace rondo;

template <int keys>
app::Composition hgrn2_with_keys() {
  return app::composition<Hgrn2>("keys-" + std::to_string(keys), "hgrn2 with states of " + std::to_string(keys) + " rows a head",
                                 &Shape::mlp_width, [](Shape& shape) { shape.key_width = keys; });
}

// The small xLSTM with sLSTM in one of its blocks: MLPs 1.3 times as wide as the stream, the solver changes the mLSTM's width.
app::Composition xlstm(std::string name, std::string purpose, void (*place)(Shape&)) {
  return app::composition<Xlstm>(std::move(name), std::move(purpose), &Shape::inner_width, place);
}
void narrow_mlp(Shape& shape) {
  shape.mlp_width = (shape.width * 13 / 10 + 63) / 64 * 64;
}

}  // namespace

int main(int argc, char** argv) {
  using Mixer = Hgrn2Mixer<LowerBoundedForget>;
  return app::ablation(
      argc, argv,
      {// architectures
       app::composition<Hgrn2>("hgrn2", "lower-bounded forget gates on an expanded state, RMS norm, gated MLP"),
       app::composition<ResidualLstm>("residual-lstm", "hgrn2 with LSTM cells as mixers"),
       xlstm("xlstm", "the small xLSTM: mLSTM, and sLSTM in the second block",
             [](Shape& shape) { narrow_mlp(shape), shape.second_blocks = {1}; }),
       app::composition<MambaUntied>("mamba", "selective scan, no MLP", &Shape::inner_width),
       app::composition<Llama>("llama", "softmax attention with rotary positions"),
       app::composition<Gpt2Untied>("gpt2", "softmax attention with learned positions, layer norm, plain MLP"),
       app::composition<Hgrn1>("hgrn1", "hgrn2 without the expanded state"),
       app::composition<Gla>("gla", "gated linear attention: a low-rank decay that is not tied to the keys"),
       app::composition<Mamba2>("mamba2", "one decay a head, no MLP", &Shape::inner_width),
       app::composition<Mamba3>("mamba3", "keys that turn, written by the trapezoid rule, no convolution", &Shape::inner_width,
                                [](Shape& shape) { shape.rope_share = 0.5; }),
       app::composition<DeltaNet>("delta-net", "the delta rule: a write corrects what its key reads"),
       app::composition<GatedDeltaNet>("gated-delta-net", "the delta rule with one decay a head, an output gate"),
       app::composition<Kda>("kda", "the delta rule with one decay a channel, a low-rank output gate"),
       app::composition<XlstmLarge>("xlstm-large", "matrix memories in transformer-like blocks, soft caps", &Shape::mlp_width,
                                    [](Shape& shape) { shape.gate_soft_cap = 15, shape.logit_soft_cap = 30; }),
       app::composition<Lstm>("lstm", "stacked LSTM cells without residuals", &Shape::width),
       // HGRN2: gate, state expansion, short convolution, norm, channel mixer, every third block attention
       app::composition<Hgrn2Unbounded>("sigmoid-forget", "hgrn2 with forget gates that have no lower bound"),
       hgrn2_with_keys<16>(), hgrn2_with_keys<32>(), hgrn2_with_keys<64>(), hgrn2_with_keys<128>(),
       app::composition<Hgrn2Convolved>("convolved", "hgrn2 with short convolutions before the gates"),
       app::composition<LanguageModel<Block<LayerNorm, Mixer, GatedMlp<Silu>>>>("layer-norm", "hgrn2 with layer norms between blocks"),
       app::composition<LanguageModel<Block<RmsNorm, Mixer, Mlp<GeluTanh>>>>("plain-mlp", "hgrn2 with a plain MLP"),
       app::composition<LanguageModel<Pattern<Hgrn2Block, Hgrn2Block, LlamaBlock>>>("hybrid", "hgrn2 with attention in every third block"),
       app::composition<LanguageModel<Block<RmsNorm, Parallel<Mixer, AttentionMixer<>>, GatedMlp<Silu>>>>(
           "parallel", "hgrn2 beside attention to the last 64 tokens in every block", &Shape::mlp_width,
           [](Shape& shape) { shape.window = 64; }),
       app::composition<Qwen3>("qwen3", "llama with norms of queries and keys"),
       app::composition<LanguageModel<Block<RmsNorm, GatedAttentionMixer<>, GatedMlp<Silu>>>>("gated-attention",
                                                                                            "llama with a gate on what attention gives"),
       // xLSTM: where sLSTM stands
       xlstm("mlstm", "the small xLSTM without sLSTM", narrow_mlp),
       xlstm("slstm-first", "the small xLSTM with sLSTM in its first block",
             [](Shape& shape) { narrow_mlp(shape), shape.second_blocks = {0}; }),
       xlstm("slstm-last", "the small xLSTM with sLSTM in its last block", [](Shape& shape) {
         narrow_mlp(shape);
         shape.second_blocks = {shape.depth - 1};
       })});
}
