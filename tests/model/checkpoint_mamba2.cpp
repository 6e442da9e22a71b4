// Checkpoints of Mamba-2: configurations of both programs that write them, names, whole folders there and back, what is refused.
#include <rondo/model/checkpoint/mamba2.hpp>
#include <rondo/model/checkpoint/mamba2_files.hpp>
#include <rondo/testing/name_table_law.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {
namespace {

auto read(const std::string& text) {
  return Mamba2Files::read(ModelConfig{parse_json(text, "config.json", BareNumbers::allowed), "config.json"}, nullptr);
}
const std::string others = R"("d_model": 32, "n_layer": 2, )";

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_mamba2)

BOOST_AUTO_TEST_CASE(defaults_of_transformers) {
  const auto found = read(R"({"model_type": "mamba2"})");
  BOOST_TEST((found.shape ==
              Shape{.vocabulary = 32768, .width = 4096, .depth = 64, .heads = 128, .groups = 8, .norm_epsilon = 1e-5}));
  BOOST_TEST(!found.options.tied);
}
BOOST_AUTO_TEST_CASE(keys_of_transformers) {
  const auto found = read(
      R"({"model_type": "mamba2", "hidden_size": 30, "num_hidden_layers": 3, "vocab_size": 61, "state_size": 8, "expand": 3,
          "num_heads": 6, "head_dim": 15, "n_groups": 3, "conv_kernel": 3, "layer_norm_epsilon": 1e-6, "tie_word_embeddings": true,
          "use_bias": true, "use_conv_bias": false, "rms_norm": false, "time_step_limit": [0.001, 0.5], "hidden_act": "swish"})");
  BOOST_TEST((found.shape == Shape{.vocabulary = 61, .width = 30, .depth = 3, .heads = 6, .groups = 3, .inner_width = 90,
                                   .state_size = 8, .convolution = 3, .projection_bias = true, .convolution_bias = false,
                                   .norm_epsilon = 1e-6, .step_low = 0.001, .step_high = 0.5}));
  BOOST_TEST(found.options.tied);
}
BOOST_AUTO_TEST_CASE(limits_of_the_step) {
  const auto limits = [](const std::string& text) {
    const Shape shape = read(R"({"model_type": "mamba2", "time_step_limit": )" + text + "}").shape;
    return std::pair{shape.step_low, shape.step_high};
  };
  BOOST_TEST((limits("[0.0, Infinity]") == std::pair{0.0, 0.0}));
  BOOST_TEST((limits(R"([0.0, {"__float__": "Infinity"}])") == std::pair{0.0, 0.0}));
  BOOST_TEST((limits(R"([0.1, {"__float__": "Infinity"}])") == std::pair{0.1, 0.0}));
  BOOST_TEST((limits("[0, 0.25]") == std::pair{0.0, 0.25}));
  BOOST_TEST((limits("null") == std::pair{0.0, 0.0}));
}
BOOST_AUTO_TEST_CASE(keys_of_state_spaces) {
  const std::string text = R"({"d_model": 768, "d_intermediate": 0, "n_layer": 24, "vocab_size": 50277, "attn_layer_idx": [],
                               "ssm_cfg": {"layer": "Mamba2"}, "rms_norm": true, "residual_in_fp32": true, "fused_add_norm": true,
                               "pad_vocab_size_multiple": 16, "tie_embeddings": true})";
  BOOST_TEST((ModelConfig{parse_json(text, "config.json"), "config.json"}.model_type() == "mamba2"));
  const auto found = read(text);
  BOOST_TEST((found.shape == Shape{.vocabulary = 50288, .width = 768, .depth = 24, .heads = 24, .norm_epsilon = 1e-5}));
  BOOST_TEST(found.options.tied);
  BOOST_TEST(found.layout == Mamba2Files::state_spaces);
  const auto other = read("{" + others + R"("vocab_size": 61, "tie_embeddings": false,
      "ssm_cfg": {"layer": "Mamba2", "d_state": 8, "expand": 3, "headdim": 12, "ngroups": 4, "d_conv": 3, "dt_limit": [0.1, Infinity],
                  "bias": true, "conv_bias": false}})");
  BOOST_TEST((other.shape == Shape{.vocabulary = 64, .width = 32, .depth = 2, .heads = 8, .groups = 4, .inner_width = 96,
                                   .state_size = 8, .convolution = 3, .projection_bias = true, .convolution_bias = false,
                                   .norm_epsilon = 1e-5, .step_low = 0.1}));
  BOOST_TEST(!other.options.tied);
}
// The published 130M model.
BOOST_AUTO_TEST_CASE(as_many_weights_as_published) {
  const Mamba2Tied model{Shape{.vocabulary = 50288, .width = 768, .depth = 24, .heads = 24}};
  BOOST_TEST(record_size(WeightRecords{}, model) == 128989632);
}
BOOST_AUTO_TEST_CASE(what_is_refused) {
  const auto refused = [](const std::string& members, const std::string& part) {
    const std::string message = message_of([&] { read("{" + members + "}"); });
    BOOST_TEST(has(message, part), message);
  };
  const std::string own = R"("model_type": "mamba2", )", sizes = others + R"("ssm_cfg": {"layer": "Mamba2", )";
  refused(own + R"("hidden_size": 32, "num_heads": 8, "head_dim": 4)",
          "config.json: num_heads: expected num_heads * head_dim = expand * hidden_size = 64, found 32");
  refused(own + R"("n_groups": 3)", "config.json: n_groups: expected a divisor of the 128 heads, found 3");
  refused(own + R"("hidden_act": "gelu")", "config.json: hidden_act: expected one of 'silu', 'swish'");
  for (const char* limits : {"[0.5, 0.1]", "[-1, 1]", "[0, 0]", "[0]", "0.5", R"([0, "Infinity"])", R"([0, {"__float__": "NaN"}])",
                             "[Infinity, Infinity]", "[0, NaN]"})
    refused(own + R"("time_step_limit": )" + limits, "config.json: time_step_limit: expected two numbers, 0 <= low <= high");
  refused(own + R"("use_bias": 1)", "config.json: use_bias: expected true or false");
  refused(own + R"("state_size": 0)", "config.json: state_size: expected an integer from 1");
  refused(others + R"("rms_norm": false, "ssm_cfg": {"layer": "Mamba2", "headdim": 16})", "config.json: rms_norm: expected true");
  refused(others + R"("ssm_cfg": {"layer": "Mamba1"})", "config.json: ssm_cfg.layer: expected one of 'Mamba2'");
  refused(sizes + R"("headdim": 48})", "config.json: ssm_cfg.headdim: expected a divisor of expand * d_model = 64, found 48");
  refused(sizes + R"("headdim": 16, "ngroups": 3})", "config.json: ssm_cfg.ngroups: expected a divisor of the 4 heads, found 3");
  refused(sizes + R"("d_ssm": 32})", "config.json: ssm_cfg.d_ssm: expected null or 64");
  refused(sizes + R"("rmsnorm": false})", "config.json: ssm_cfg.rmsnorm: expected true");
  refused(sizes + R"("norm_before_gate": true})", "config.json: ssm_cfg.norm_before_gate: expected false");
  refused(sizes + R"("D_has_hdim": true})", "config.json: ssm_cfg.D_has_hdim: expected false");
}
BOOST_AUTO_TEST_CASE(names_are_a_bijection) {
  const Shape shape{.vocabulary = 13, .width = 8, .depth = 12, .heads = 2, .state_size = 3};
  Shape biased = shape;
  biased.projection_bias = true;
  const std::vector<std::string> none;
  for (const std::size_t layout : {Mamba2Files::transformers, Mamba2Files::state_spaces}) {
    BOOST_TEST(name_table_violations(Mamba2Tied{shape}, Mamba2Files::names({shape, {}, layout})) == none,
               boost::test_tools::per_element());
    BOOST_TEST(name_table_violations(Mamba2{biased}, Mamba2Files::names({shape, {}, layout})) == none,
               boost::test_tools::per_element());
  }
  const NameTable names = Mamba2Files::names({shape, {}, Mamba2Files::transformers});
  BOOST_TEST(names.name_of("embedding.weight")->name == "backbone.embeddings.weight");
  BOOST_TEST(names.name_of("blocks.3.step_bias")->name == "backbone.layers.3.mixer.dt_bias");
  BOOST_TEST(names.path_of("backbone.layers.7.mixer.D").value() == "blocks.7.skip.weight");
}
BOOST_AUTO_TEST_CASE(state_spaces_folder_there_and_back) {
  const Shape shape{.vocabulary = 16, .width = 6, .depth = 2, .heads = 6, .groups = 2, .inner_width = 18, .state_size = 3,
                    .projection_bias = true, .convolution_bias = false, .norm_epsilon = 1e-5, .step_low = 0.001};
  const Mamba2Tied model{shape};
  using Weights = Parameters<Mamba2Tied, Reference<float>>;
  const Weights weights{model, Seed{3}};
  TemporaryFolder folder;
  save_model(folder / "made", weights, {.layout = Mamba2Files::state_spaces});
  const auto same_weights = [&](const std::filesystem::path& path) {
    const ModelFolder found{path};
    BOOST_TEST(!found.config().has("model_type"));
    BOOST_TEST(found.tensors().contains("backbone.embedding.weight"));
    BOOST_TEST((found.shape<Mamba2Tied>() == shape));
    const auto back = found.parameters<Reference<float>>(model);
    BOOST_TEST(std::equal(back.flat().data, back.flat().data + back.flat().size(), weights.flat().data));
  };
  same_weights(folder / "made");
  Json document = ModelFolder{folder / "made"}.config().document;
  document["ssm_cfg"]["chunk_size"] = 128;  // a key that the model does not say
  write_json(folder / "made" / "config.json", document, BareNumbers::allowed);
  save_model(folder / "kept", weights, like<Mamba2Tied>(ModelFolder{folder / "made"}));
  BOOST_TEST(ModelFolder{folder / "kept"}.config().document == document);
  same_weights(folder / "kept");
}
BOOST_AUTO_TEST_CASE(forms_of_new_models) {
  const auto type_of = []<class Model>(const Model& model) {
    TemporaryFolder folder;
    save_model(folder.path(), Parameters<Model, Reference<float>>{model, Seed{1}});
    const ModelFolder found{folder.path()};
    BOOST_TEST((found.shape<Model>() == model.shape()));
    return found.config().model_type();
  };
  BOOST_TEST(type_of(Mamba2{{.vocabulary = 9, .width = 4, .depth = 1, .heads = 2}}) == "mamba2");
  BOOST_TEST(type_of(Mamba2{{.vocabulary = 9, .width = 4, .depth = 1, .heads = 2, .step_low = 0.1, .step_high = 2}}) == "mamba2");
  BOOST_TEST(type_of(Mamba2{{.vocabulary = 9, .width = 4, .depth = 1, .heads = 2, .inner_width = 6}}) == "rondo");
  for (const bool tied : {false, true}) {
    const Shape bare{.vocabulary = 9, .width = 4, .depth = 1, .heads = 2, .projection_bias = true, .convolution_bias = false};
    BOOST_TEST((tied ? type_of(Mamba2Tied{bare}) : type_of(Mamba2{bare})) == "mamba2");
  }
  // the name of folders that are there already
  BOOST_TEST(composition_name<Mamba2>() == "LanguageModel<Block<RmsNorm,Mamba2Mixer<0,1>,NoMlp>,RmsNorm,Head<0>>");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mamba2_folders, *needs_shared("fixtures/mamba2"))

BOOST_AUTO_TEST_CASE(two_groups) {
  round_trip<Mamba2>("mamba2");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
