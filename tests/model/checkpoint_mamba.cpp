// Checkpoints of Mamba: configurations of both programs that write them, names, whole folders there and back, what is refused.
#include <rondo/model/checkpoint/mamba.hpp>
#include <rondo/testing/name_table_law.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {
namespace {

auto read(const std::string& text) {
  return MambaFiles::read(ModelConfig{parse_json(text, "config.json"), "config.json"}, nullptr);
}
std::string refusal_of(const std::string& text) {
  return message_of([&] { read(text); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_mamba)

BOOST_AUTO_TEST_CASE(defaults_of_transformers) {
  const auto found = read(R"({"model_type": "mamba"})");
  BOOST_TEST((found.shape == Shape{.vocabulary = 50280, .width = 768, .depth = 32, .norm_epsilon = 1e-5}));
  BOOST_TEST(found.options.tied);
  BOOST_TEST(found.shape.inner() == 1536);
  BOOST_TEST(found.shape.rank() == 48);
}
BOOST_AUTO_TEST_CASE(keys_of_transformers) {
  const auto found = read(
      R"({"model_type": "mamba", "hidden_size": 30, "num_hidden_layers": 3, "vocab_size": 61, "state_size": 8, "expand": 3,
          "conv_kernel": 3, "time_step_rank": 5, "layer_norm_epsilon": 1e-6, "tie_word_embeddings": false, "use_bias": false})");
  BOOST_TEST((found.shape == Shape{.vocabulary = 61, .width = 30, .depth = 3, .inner_width = 90, .state_size = 8, .step_rank = 5,
                                   .convolution = 3, .norm_epsilon = 1e-6}));
  BOOST_TEST(!found.options.tied);
  // what only says the default, and what another program calls the same
  const auto plain = read(R"({"model_type": "mamba", "hidden_size": 32, "intermediate_size": 64, "time_step_rank": "auto",
                              "state_size": 16, "expand": 2, "norm_eps": 1e-4})");
  BOOST_TEST((plain.shape == Shape{.vocabulary = 50280, .width = 32, .depth = 32, .norm_epsilon = 1e-4}));
  BOOST_TEST(read(R"({"model_type": "mamba", "hidden_size": 32, "intermediate_size": 48})").shape.inner() == 48);
}
BOOST_AUTO_TEST_CASE(keys_of_state_spaces) {
  const std::string text = R"({"d_model": 768, "n_layer": 24, "vocab_size": 50277, "ssm_cfg": {}, "rms_norm": true,
                               "residual_in_fp32": true, "fused_add_norm": true, "pad_vocab_size_multiple": 8})";
  BOOST_TEST((ModelConfig{parse_json(text, "config.json"), "config.json"}.model_type() == "mamba"));
  const auto found = read(text);
  BOOST_TEST((found.shape == Shape{.vocabulary = 50280, .width = 768, .depth = 24, .norm_epsilon = 1e-5}));
  BOOST_TEST(found.options.tied);
  BOOST_TEST(found.layout == MambaFiles::state_spaces);
  const auto other = read(R"({"d_model": 32, "n_layer": 2, "vocab_size": 61, "pad_vocab_size_multiple": 16, "tie_embeddings": false,
                              "ssm_cfg": {"layer": "Mamba1", "d_state": 8, "expand": 3, "d_conv": 3, "dt_rank": 4}})");
  BOOST_TEST((other.shape == Shape{.vocabulary = 64, .width = 32, .depth = 2, .inner_width = 96, .state_size = 8, .step_rank = 4,
                                   .convolution = 3, .norm_epsilon = 1e-5}));
  BOOST_TEST(!other.options.tied);
  const ModelConfig second{Json{{"d_model", 32}, {"n_layer", 2}, {"ssm_cfg", {{"layer", "Mamba2"}}}}, "config.json"};
  BOOST_TEST(second.model_type() == "mamba2");
  const ModelConfig neither{Json{{"d_model", 32}}, "config.json"};
  BOOST_TEST(message_of([&] { (void)neither.model_type(); }) == "config.json: model_type: missing; expected a text");
}
// Biases of the projections, none of the convolution, in the keys of either program.
BOOST_AUTO_TEST_CASE(other_biases_there_and_back) {
  const auto found = read(R"({"model_type": "mamba", "use_bias": true, "use_conv_bias": false})");
  BOOST_TEST((found.shape.projection_bias && !found.shape.convolution_bias));
  const auto other = read(R"({"d_model": 32, "n_layer": 2, "ssm_cfg": {"bias": true, "conv_bias": false}})");
  BOOST_TEST((other.shape.projection_bias && !other.shape.convolution_bias));

  const Shape shape{.vocabulary = 16, .width = 6, .depth = 2, .state_size = 3, .step_rank = 2, .projection_bias = true,
                    .convolution_bias = false, .norm_epsilon = 1e-5};
  const MambaUntied model{shape};
  const Parameters<MambaUntied, Reference<float>> weights{model, Seed{3}};
  weights.each([](const std::string&, const Leaf&, View<float> w) {
    for (Index i = 0; i < w.size(); ++i) w.data[i] += static_cast<float>(i % 7) / 8;
  });
  for (const std::size_t layout : {MambaFiles::transformers, MambaFiles::state_spaces}) {
    TemporaryFolder folder;
    save_model(folder / "made", weights, {.layout = layout});
    const ModelFolder made{folder / "made"};
    BOOST_TEST((made.shape<MambaUntied>() == shape));
    const std::string mixer = "backbone.layers.1.mixer.";
    made.tensors().tensor(mixer + "in_proj.bias").require_shape({24});
    made.tensors().tensor(mixer + "out_proj.bias").require_shape({6});
    BOOST_TEST(!made.tensors().contains(mixer + "conv1d.bias"));
    const auto back = made.parameters<Reference<float>>(model);
    BOOST_TEST(std::equal(back.flat().data, back.flat().data + back.flat().size(), weights.flat().data));
    save_model(folder / "again", back, like<MambaUntied>(made));
    same_tensors(made.tensors(), ModelFolder{folder / "again"}.tensors());
    BOOST_TEST(ModelFolder{folder / "again"}.config().document == made.config().document);
  }
}
BOOST_AUTO_TEST_CASE(what_is_refused) {
  const auto refused = [](const std::string& member, const std::string& part) {
    const std::string message = refusal_of("{" + member + "}");
    BOOST_TEST(has(message, part), message);
  };
  const std::string own = R"("model_type": "mamba", )", others = R"("d_model": 32, "n_layer": 2, )";
  refused(own + R"("use_bias": "yes")", "config.json: use_bias: expected true or false");
  refused(own + R"("hidden_act": "gelu")", "config.json: hidden_act: expected one of 'silu', 'swish'");
  refused(own + R"("time_step_rank": "all")", "config.json: time_step_rank: expected an integer or \"auto\", found \"all\"");
  refused(own + R"("time_step_rank": 0)", "config.json: time_step_rank: expected an integer from 1");
  refused(own + R"("expand": 0)", "config.json: expand: expected a number from");
  refused(own + R"("hidden_size": 2, "expand": 0.25)", "config.json: expand: expected at least one channel");
  refused(others + R"("rms_norm": false)", "config.json: rms_norm: expected true");
  refused(others + R"("d_intermediate": 64)", "config.json: d_intermediate: expected 0");
  refused(others + R"("attn_layer_idx": [1])", "config.json: attn_layer_idx: expected none");
  refused(others + R"("ssm_cfg": {"conv_bias": 0})", "config.json: ssm_cfg.conv_bias: expected true or false");
  refused(others + R"("ssm_cfg": {"layer": "Mamba2"})", "config.json: ssm_cfg.layer: expected one of 'Mamba1'");
}
BOOST_AUTO_TEST_CASE(names_are_a_bijection) {
  const Shape shape{.vocabulary = 13, .width = 8, .depth = 12};
  const std::vector<std::string> none;
  for (const std::size_t layout : {MambaFiles::transformers, MambaFiles::state_spaces}) {
    BOOST_TEST(name_table_violations(Mamba{shape}, MambaFiles::names({shape, {true}, layout})) == none,
               boost::test_tools::per_element());
    BOOST_TEST(name_table_violations(MambaUntied{shape}, MambaFiles::names({shape, {false}, layout})) == none,
               boost::test_tools::per_element());
  }
  const NameTable names = MambaFiles::names({shape, {true}, MambaFiles::transformers});
  BOOST_TEST(names.name_of("embedding.weight")->name == "backbone.embeddings.weight");
  BOOST_TEST(names.name_of("blocks.3.step_bias")->name == "backbone.layers.3.mixer.dt_proj.bias");
  BOOST_TEST(names.path_of("backbone.layers.7.mixer.conv1d.bias").value() == "blocks.7.convolution.bias");
}
BOOST_AUTO_TEST_CASE(state_spaces_folder_there_and_back) {
  const Shape shape{.vocabulary = 16, .width = 6, .depth = 2, .inner_width = 18, .state_size = 3, .step_rank = 2, .norm_epsilon = 1e-5};
  const Mamba model{shape};
  using Weights = Parameters<Mamba, Reference<float>>;
  const Weights weights{model, Seed{3}};
  TemporaryFolder folder;
  save_model(folder / "made", weights, {.layout = MambaFiles::state_spaces});
  const auto same_weights = [&](const std::filesystem::path& path) {
    const ModelFolder found{path};
    BOOST_TEST(!found.config().has("model_type"));
    BOOST_TEST(found.tensors().contains("backbone.embedding.weight"));
    BOOST_TEST((found.shape<Mamba>() == shape));
    const auto back = found.parameters<Reference<float>>(model);
    BOOST_TEST(std::equal(back.flat().data, back.flat().data + back.flat().size(), weights.flat().data));
  };
  same_weights(folder / "made");
  const ModelFolder made{folder / "made"};
  save_model(folder / "again", weights, like<Mamba>(made));
  same_weights(folder / "again");
  // keys that the model does not say stay
  Json document = made.config().document;
  document["vocab_size"] = 11;
  document["ssm_cfg"]["dt_min"] = 0.002;
  write_json(folder / "made" / "config.json", document);
  same_weights(folder / "made");
  save_model(folder / "kept", weights, like<Mamba>(ModelFolder{folder / "made"}));
  BOOST_TEST(ModelFolder{folder / "kept"}.config().document == document);
  same_weights(folder / "kept");
}
BOOST_AUTO_TEST_CASE(shapes_that_the_published_form_cannot_say) {
  const auto type_of = [](const Shape& shape) {
    TemporaryFolder folder;
    save_model(folder.path(), Parameters<Mamba, Reference<float>>{Mamba{shape}, Seed{1}});
    const ModelFolder found{folder.path()};
    BOOST_TEST((found.shape<Mamba>() == shape));
    return found.config().model_type();
  };
  BOOST_TEST(type_of({.vocabulary = 9, .width = 4, .depth = 1}) == "mamba");
  BOOST_TEST(type_of({.vocabulary = 9, .width = 4, .depth = 1, .inner_width = 6}) == "rondo");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mamba_folders, *needs_shared("fixtures/mamba"))

BOOST_AUTO_TEST_CASE(tied_head) {
  round_trip<Mamba>("mamba");
}
BOOST_AUTO_TEST_CASE(own_head) {
  round_trip<MambaUntied>("mamba_long");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
