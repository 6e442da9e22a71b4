// ablation: what a change of one template argument does, at equal parameters and equal tokens.
#include <rondo/app/ablation.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>
#include <rondo/model/checkpoint/llama.hpp>
#include <rondo/model/checkpoint/lstm.hpp>

int main(int argc, char** argv) {
  using namespace rondo;
  using Mixer = Hgrn2Mixer<LowerBoundedForget>;
  return app::ablation(
      argc, argv,
      {app::composition<Hgrn2>("hgrn2", "lower-bounded forget gates, RMS norm, gated MLP"),
       app::composition<Hgrn2Unbounded>("sigmoid-forget", "hgrn2 with forget gates that have no lower bound"),
       app::composition<Hgrn2Convolved>("convolved", "hgrn2 with short convolutions before the gates"),
       app::composition<LanguageModel<Block<LayerNorm, Mixer, GatedMlp<Silu>>>>("layer-norm", "hgrn2 with layer norms between blocks"),
       app::composition<LanguageModel<Block<RmsNorm, Mixer, Mlp<GeluTanh>>>>("plain-mlp", "hgrn2 with a plain MLP"),
       app::composition<Llama>("llama", "softmax attention with rotary positions"),
       app::composition<ResidualLstm>("residual-lstm", "hgrn2 with LSTM cells as mixers"),
       app::composition<Lstm>("lstm", "stacked LSTM cells without residuals", &Shape::width)});
}
