// Which form a composition is written in, and how config.json chooses among the compositions of a program.
#include <rondo/backend/reference/reference.hpp>
#include <rondo/combinator/checkpointed.hpp>
#include <rondo/combinator/pattern.hpp>
#include <rondo/model/checkpoint/gpt2.hpp>
#include <rondo/model/architecture/gla.hpp>
#include <rondo/model/checkpoint/hgrn1.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>
#include <rondo/model/checkpoint/llama.hpp>
#include <rondo/model/checkpoint/lstm.hpp>
#include <rondo/model/checkpoint/writer.hpp>

#include <boost/test/unit_test.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

using Backend = Reference<float>;
using Hybrid = LanguageModel<Pattern<Hgrn2Block, Hgrn2Block, LlamaBlock>>;

Shape small_shape() {
  return {.vocabulary = 13, .width = 8, .depth = 3, .heads = 2, .mlp_width = 6, .context = 64, .rope_theta = 50000};
}

// Writes a fresh model, reads it back; returns its config.json.
template <class Model>
Json there_and_back(const Shape& shape) {
  TemporaryFolder folder;
  const Model model{shape};
  const Parameters<Model, Backend> weights{model, Seed{3}};
  save_model(folder / "out", weights);
  const ModelFolder out{folder / "out"};
  BOOST_TEST((out.shape<Model>() == shape));
  const auto back = out.template parameters<Backend>(model);
  BOOST_TEST(std::equal(back.flat().data, back.flat().data + back.flat().size(), weights.flat().data));
  return out.config().document;
}

// The number of the composition in the list that a configuration chooses.
template <class... Models>
std::string chosen(const std::string& config) {
  return Compositions<Models...>::with(ModelConfig{parse_json(config, "config.json"), "config.json"},
                                       []<class Model>(const Shape&) { return composition_name<Model>(); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_forms)

BOOST_AUTO_TEST_CASE(published_compositions_have_their_published_form) {
  const Shape recurrent{.vocabulary = 13, .width = 8, .depth = 3, .heads = 2, .mlp_width = 6};
  BOOST_TEST(there_and_back<Hgrn2>(recurrent).at("model_type") == "hgrn2");
  const Shape diagonal{.vocabulary = 13, .width = 8, .depth = 3, .mlp_width = 6, .context = 64};
  BOOST_TEST(there_and_back<Hgrn1>(diagonal).at("model_type") == "hgrn");
  BOOST_TEST(there_and_back<Hgrn1ConvolvedTied>(diagonal).at("model_type") == "hgrn");
  BOOST_TEST(there_and_back<LlamaTied>(small_shape()).at("model_type") == "llama");
  const Shape stacked{.vocabulary = 13, .width = 8, .depth = 2, .embedding_width = 5, .dropout = 0.1};
  BOOST_TEST(there_and_back<Lstm>(stacked).at("model_type") == "lstm");
  using Recomputed = LanguageModel<Checkpointed<LlamaBlock>>;
  BOOST_TEST(there_and_back<Recomputed>(small_shape()).at("model_type") == "llama");
}

// The activation is one argument of the composition; how the model starts is nothing that its files say.
BOOST_AUTO_TEST_CASE(models_with_learned_positions_are_gpt2_or_opt) {
  const Shape shape{.vocabulary = 13, .width = 8, .depth = 3, .heads = 2, .mlp_width = 32, .context = 24, .norm_epsilon = 1e-5,
                    .dropout = 0.25};
  BOOST_TEST(there_and_back<Gpt2Untied>(shape).at("model_type") == "gpt2");
  BOOST_TEST(there_and_back<OptUntied>(shape).at("model_type") == "opt");
  using Silent = LanguageModel<Block<LayerNorm, AttentionMixer<NoPosition, Bias::yes>, Mlp<Gelu, Bias::yes>>, LayerNorm, TiedHead<>,
                               TorchDefault, PositionedEmbedding<>>;
  BOOST_TEST(there_and_back<Silent>(shape).at("activation_function") == "gelu");
  using Recomputed = LanguageModel<Checkpointed<Gpt2Block>, LayerNorm, TiedHead<>, SmallNormal, PositionedEmbedding<>>;
  BOOST_TEST(there_and_back<Recomputed>(shape).at("model_type") == "gpt2");
  Shape other = shape;
  other.norm_epsilon = 1e-6;
  BOOST_TEST(there_and_back<Opt>(other).at("model_type") == "rondo");
  using Rotated = LanguageModel<LlamaBlock, RmsNorm, Head<>, SmallNormal, PositionedEmbedding<>>;
  BOOST_TEST(there_and_back<Rotated>(shape).at("model_type") == "rondo");
}

BOOST_AUTO_TEST_CASE(other_compositions_have_rondos_own) {
  const Shape recurrent{.vocabulary = 13, .width = 8, .depth = 3, .heads = 2, .mlp_width = 6};
  const Json hybrid = there_and_back<Hybrid>(small_shape());
  BOOST_TEST(hybrid.at("model_type") == "rondo");
  BOOST_TEST(hybrid.at("shape").at("rope_theta") == 50000);
  using Gelu = LanguageModel<Block<RmsNorm, Hgrn2Mixer<LowerBoundedForget>, GatedMlp<GeluTanh>>>;
  BOOST_TEST(there_and_back<Gelu>(small_shape()).at("composition") ==
             "LanguageModel<Block<RmsNorm,Hgrn2Mixer<LowerBoundedForget,Projection>,GatedMlp<GeluTanh>>,RmsNorm,Head<0>>");
  BOOST_TEST(there_and_back<Gla>(recurrent).at("composition") ==
             "LanguageModel<Block<RmsNorm,GlaMixer<SigmoidRoot<16>>,GatedMlp<Silu>>,RmsNorm,Head<0>>");
  // shapes that the published form cannot say
  Shape wide_keys = small_shape();
  wide_keys.key_width = 6;
  BOOST_TEST(there_and_back<Hgrn2>(wide_keys).at("model_type") == "rondo");
  wide_keys = Shape{.vocabulary = 13, .width = 8, .depth = 3, .key_width = 16, .mlp_width = 6};
  BOOST_TEST(there_and_back<Hgrn1Unbounded>(wide_keys).at("expand_ratio") == 2);
  BOOST_TEST(there_and_back<Hgrn1>(wide_keys).at("model_type") == "rondo");
  Shape window = small_shape();
  window.window = 4;
  BOOST_TEST(there_and_back<Llama>(window).at("model_type") == "rondo");
}

BOOST_AUTO_TEST_CASE(the_mixer_norms_epsilon_decides_hgrn2s_layout) {
  Shape shape{.vocabulary = 13, .width = 8, .depth = 2, .heads = 2, .mlp_width = 6, .norm_epsilon = 1e-6};
  shape.mixer_norm_epsilon = 1e-6;
  BOOST_TEST(there_and_back<Hgrn2>(shape).at("model_type") == "hgrn2");
  TemporaryFolder folder;
  const Hgrn2 model{shape};
  const Parameters<Hgrn2, Backend> weights{model, Seed{1}};
  save_model(folder / "out", weights);
  const TensorFolder tensors{folder / "out"};
  BOOST_TEST(!tensors.contains("model.layers.0.mlp.up_proj.weight"));
  tensors.tensor("model.layers.1.mlp.gate_proj.weight").require_shape({12, 8});
  BOOST_TEST(has(message_of([&] { save_model(folder / "new", weights, {.layout = Hgrn2Files::separate}); }), "epsilon"));
  shape.mixer_norm_epsilon = 3e-6;
  BOOST_TEST(there_and_back<Hgrn2>(shape).at("model_type") == "rondo");
}

BOOST_AUTO_TEST_CASE(a_configuration_chooses_the_composition) {
  const auto of = [](const std::string& options) {
    return chosen<Hgrn2, Hgrn2Tied, Hgrn2Convolved, Hgrn2Unbounded, Hybrid>(R"({"model_type": "hgrn2")" + options + "}");
  };
  BOOST_TEST(of("") == composition_name<Hgrn2>());
  BOOST_TEST(of(R"(, "tie_word_embeddings": true)") == composition_name<Hgrn2Tied>());
  BOOST_TEST(of(R"(, "use_short_conv": true)") == composition_name<Hgrn2Convolved>());
  BOOST_TEST(of(R"(, "use_lower_bound": false)") == composition_name<Hgrn2Unbounded>());
  BOOST_TEST((chosen<Hgrn1, Hgrn1Convolved, Hgrn1Unbounded>(R"({"model_type": "hgrn", "use_short_conv": true})")) ==
             composition_name<Hgrn1Convolved>());
  const std::string own = R"({"model_type": "rondo", "shape": {"vocabulary": 9, "width": 8, "depth": 3}, "composition": ")";
  BOOST_TEST((chosen<Hgrn2, Hybrid>(own + composition_name<Hybrid>() + "\"}")) == composition_name<Hybrid>());
}

BOOST_AUTO_TEST_CASE(a_configuration_chooses_between_gpt2_and_opt) {
  const auto of = [](const std::string& config) { return chosen<Gpt2, Gpt2Untied, Opt, OptUntied>(config); };
  BOOST_TEST(of(R"({"model_type": "gpt2"})") == composition_name<Gpt2>());
  BOOST_TEST(of(R"({"model_type": "gpt2", "tie_word_embeddings": false})") == composition_name<Gpt2Untied>());
  BOOST_TEST(of(R"({"model_type": "opt"})") == composition_name<Opt>());
  BOOST_TEST(of(R"({"model_type": "opt", "tie_word_embeddings": false})") == composition_name<OptUntied>());
  BOOST_TEST(has(message_of([&] { of(R"({"model_type": "gpt2", "activation_function": "relu"})"); }),
                 "expected activation_function gelu_new, tie_word_embeddings true; "
                 "found activation_function relu, tie_word_embeddings true"));
}

BOOST_AUTO_TEST_CASE(a_configuration_no_composition_fits_is_refused) {
  const auto refusal = [](const std::string& config) { return message_of([&] { chosen<Hgrn2, Hgrn2Tied>(config); }); };
  BOOST_TEST(refusal(R"({"model_type": "hgrn2", "use_short_conv": true})") ==
             "config.json: this program has no such composition:\n"
             "  expected use_lower_bound true, use_short_conv false, tie_word_embeddings false; "
             "found use_lower_bound true, use_short_conv true, tie_word_embeddings false\n"
             "  expected use_lower_bound true, use_short_conv false, tie_word_embeddings true; "
             "found use_lower_bound true, use_short_conv true, tie_word_embeddings false");
  BOOST_TEST(refusal(R"({"model_type": "llama"})") ==
             "config.json: this program has no such composition:\n  model_type: expected 'hgrn2', found 'llama'");
  BOOST_TEST(has(refusal(R"({"model_type": "rondo", "composition": "LanguageModel<Other>"})"), "found LanguageModel<Other>"));
  BOOST_TEST(refusal("{}") == "config.json: model_type: missing; expected a text");
  const std::string own = R"({"model_type": "rondo", "composition": ")" + composition_name<Hgrn2>() + "\"";
  BOOST_TEST(refusal(own + "}") == "config.json: shape: expected an object of sizes, found none");
  BOOST_TEST(has(refusal(own + R"(, "shape": {"widht": 8}})"), "shape.widht: unknown key; did you mean 'width'?"));
  BOOST_TEST(has(refusal(own + R"(, "shape": {"width": 8}})"), "vocabulary must be positive"));
}

BOOST_AUTO_TEST_CASE(names_of_compositions_are_spelled_out) {
  BOOST_TEST(composition_name<LlamaBiasedTied>() ==
             "LanguageModel<Block<RmsNorm,AttentionMixer<Rotary,1>,GatedMlp<Silu>>,RmsNorm,TiedHead<0>>");
  BOOST_TEST(composition_name<Lstm>() == "LanguageModel<PlainBlock<CellMixer<LstmCell>>,NoNorm,Head<1>>");
  BOOST_TEST(composition_name<LanguageModel<Checkpointed<Hgrn2Block>>>() == composition_name<Hgrn2>());
  BOOST_TEST(composition_name<Opt>() == "LanguageModel<Block<LayerNorm,AttentionMixer<NoPosition,1>,Mlp<Relu,1>>,LayerNorm,"
                                        "TiedHead<0>,PositionedEmbedding<2>>");
  BOOST_TEST(composition_name<Gpt2>() == "LanguageModel<Block<LayerNorm,AttentionMixer<NoPosition,1>,Mlp<GeluTanh,1>>,LayerNorm,"
                                         "TiedHead<0>,PositionedEmbedding<0>>");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
