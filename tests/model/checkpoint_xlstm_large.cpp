// xLSTM-large: names in all layouts, the rules of config.json, what is refused, whole folders.
#include <rondo/model/checkpoint/xlstm_large.hpp>
#include <rondo/testing/name_table_law.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {
namespace {

using Files = XlstmLargeFiles;

auto read(const std::string& text) { return Files::read(ModelConfig{parse_json(text, "config.json"), "config.json"}, nullptr); }
std::string refusal_of(const std::string& member) {
  return message_of([&] { read("{" + member + "}"); });
}
// Written and read again.
Shape again(const Description<XlstmLargeOptions>& description, Json document = Json::object()) {
  Files::write(description, document);
  const auto back = Files::read(ModelConfig{document, "config.json"}, nullptr);
  BOOST_TEST((back.options == description.options));
  return back.shape;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_xlstm_large)

BOOST_AUTO_TEST_CASE(every_layout_is_a_bijection) {
  const Shape shape{.vocabulary = 13, .width = 8, .depth = 12, .heads = 2, .mlp_width = 6};
  for (std::size_t layout = 0; layout < Files::layouts; ++layout) {
    const std::vector<std::string> none;
    BOOST_TEST(name_table_violations(XlstmLarge{shape}, Files::names({shape, {}, layout})) == none,
               boost::test_tools::per_element());
  }
  const auto query = [&](std::size_t layout) {
    return Files::names({shape, {}, layout}).name_of("blocks.11.mixer.query.weight")->name;
  };
  BOOST_TEST(query(Files::short_names) == "backbone.blocks.11.mlstm_layer.q.weight");
  BOOST_TEST(query(Files::long_names) == "backbone.blocks.11.mlstm_layer.query.weight");
  BOOST_TEST(query(Files::plain_embedding) == "backbone.blocks.11.mlstm_layer.q.weight");
}

BOOST_AUTO_TEST_CASE(defaults) {
  const Shape shape = read("{}").shape;
  BOOST_TEST((shape == Shape{.vocabulary = 50304,
                             .width = 4096,
                             .depth = 32,
                             .heads = 8,
                             .mlp_width = 10944,
                             .gate_soft_cap = 15,
                             .logit_soft_cap = 30}));
  BOOST_TEST(XlstmLargeMixer::key_width(shape) == 256);
  BOOST_TEST(XlstmLargeMixer::value_width(shape) == 512);
  BOOST_TEST(!read("{}").options.tied);
}
BOOST_AUTO_TEST_CASE(sizes) {
  const auto given = read(
      R"({"embedding_dim": 24, "num_blocks": 3, "num_heads": 2, "vocab_size": 41, "qk_dim_factor": 0.75, "v_dim_factor": 1.5,
      "norm_eps": 1e-5, "gate_soft_cap": null, "output_logit_soft_cap": null, "tie_word_embeddings": true})");
  BOOST_TEST((given.shape == Shape{.vocabulary = 41,
                                   .width = 24,
                                   .depth = 3,
                                   .heads = 2,
                                   .mlp_width = 64,
                                   .inner_width = 36,
                                   .norm_epsilon = 1e-5}));
  BOOST_TEST(XlstmLargeMixer::key_width(given.shape) == 9);
  BOOST_TEST(given.options.tied);
  BOOST_TEST((again(given) == given.shape));
  // the newer spelling of two keys that are both there
  BOOST_TEST(read(R"({"hidden_size": 64, "embedding_dim": 32})").shape.width == 64);
  BOOST_TEST(read(R"({"hidden_size": 64, "qk_dim_factor": 1})").shape.key_width == 8);
}
BOOST_AUTO_TEST_CASE(mlp_width) {
  const auto width = [](Index hidden, const std::string& more) {
    return read(R"({"num_heads": 1, "hidden_size": )" + std::to_string(hidden) + more + "}").shape.mlp();
  };
  BOOST_TEST(width(768, R"(, "ffn_proj_factor": 2.6667)") == 2048);  // 2048.03 is not rounded up
  BOOST_TEST(width(24, "") == 64);
  BOOST_TEST(width(32, R"(, "ffn_round_up_to_multiple_of": 8)") == 88);
  // Any width can be said, and a factor that says it is kept.
  for (const Index mlp : {1, 13, 63, 64, 65, 341, 1000}) {
    auto description = read(R"({"hidden_size": 384})");
    description.shape.mlp_width = mlp;
    BOOST_TEST(again(description).mlp() == mlp);
  }
  const auto odd = read(R"({"hidden_size": 384, "ffn_proj_factor": 1.3, "ffn_round_up_to_multiple_of": 10})");
  Json document = {{"ffn_proj_factor", 1.3}, {"ffn_round_up_to_multiple_of", 10}};
  Files::write(odd, document);
  BOOST_TEST(document.at("ffn_proj_factor") == 1.3);
  BOOST_TEST(document.at("ffn_round_up_to_multiple_of") == 10);
}
BOOST_AUTO_TEST_CASE(refusals) {
  const auto refused = [](const std::string& member, const std::string& part) {
    const std::string message = refusal_of(member);
    BOOST_TEST(has(message, part), message);
  };
  refused(R"("use_bias": true)", "config.json: use_bias: expected false");
  refused(R"("add_out_norm": false)", "config.json: add_out_norm: expected true");
  refused(R"("weight_mode": "fused")", "config.json: weight_mode: expected one of 'single', found \"fused\"");
  refused(R"("eps": 1e-5)", "config.json: eps: expected 1e-06");
  refused(R"("num_heads": 3)", "v_dim_factor: expected a factor that makes hidden_size 4096 a multiple of num_heads 3, found 1");
  refused(R"("hidden_size": 40, "qk_dim_factor": 0.3)", "qk_dim_factor: expected a factor that makes hidden_size 40");
  refused(R"("output_logit_soft_cap": -1)", "output_logit_soft_cap: expected a number");
  refused(R"("ffn_proj_factor": "2.667")", "ffn_proj_factor: expected a number");
  Description<XlstmLargeOptions> narrow = read("{}");
  narrow.shape.embedding_width = 8;
  BOOST_TEST(has(Files::refusal(narrow), "embedding"));
}

BOOST_AUTO_TEST_CASE(layouts_are_found_by_their_tensors) {
  const Shape shape{.vocabulary = 13, .width = 8, .depth = 2, .heads = 2, .mlp_width = 6, .gate_soft_cap = 15};
  const XlstmLarge model{shape};
  const Parameters<XlstmLarge, Reference<float>> weights{model, Seed{3}};
  for (const std::size_t layout : {Files::short_names, Files::long_names, Files::plain_embedding}) {
    TemporaryFolder folder;
    save_model(folder / "out", weights, {.layout = layout});
    const ModelFolder out{folder / "out"};
    BOOST_TEST(out.form<XlstmLarge>().layout == layout);
    BOOST_TEST(out.tensors().contains(layout == Files::plain_embedding ? "embedding.weight" : "backbone.embeddings.weight"));
    const auto back = out.parameters<Reference<float>>(model);
    BOOST_TEST(std::equal(back.flat().data, back.flat().data + back.flat().size(), weights.flat().data));
  }
  using Plain = LanguageModel<Block<RmsNorm, XlstmLargeMixer, GatedMlp<Silu>>>;
  BOOST_TEST(composition_name<Plain>() == composition_name<XlstmLarge>());
  BOOST_TEST(composition_files<Plain>().published->model_type() == "xlstm");
}
BOOST_AUTO_TEST_CASE(a_fresh_mlp_gives_zero) {
  const XlstmLarge model{Shape{.vocabulary = 13, .width = 32, .depth = 2, .heads = 2, .mlp_width = 64}};
  const Parameters<XlstmLarge, Reference<float>> weights{model, Seed{3}};
  const auto deviation = [](View<const float> tensor) {
    double sum = 0;
    for (Index i = 0; i < tensor.size(); ++i) sum += static_cast<double>(tensor.data[i]) * static_cast<double>(tensor.data[i]);
    return std::sqrt(sum / static_cast<double>(tensor.size()));
  };
  for (const auto& [name, leaf, tensor] : weights.tensors()) {
    const bool zero = name.ends_with("gate.weight");
    if (zero) BOOST_TEST(deviation(tensor) == 0, name);
    const double expected = name.ends_with("channel.down.weight")  ? 2 / (2 * std::sqrt(64.0))
                            : name.ends_with("mixer.output.weight") ? 2 / (2 * std::sqrt(32.0))
                            : name.ends_with("input_gate.bias")     ? 10.0
                                                                    : std::sqrt(2.0 / (5.0 * 32));
    const bool drawn = tensor.rows > 1 && !zero;
    if (drawn || name.ends_with("input_gate.bias")) BOOST_TEST(std::abs(deviation(tensor) / expected - 1) < 0.15, name);
    if (name.ends_with("forget_gate.bias")) BOOST_TEST((tensor(0, 0) == 3 && tensor(0, 1) == 6), name);
  }
}

BOOST_AUTO_TEST_CASE(short_texts, *needs_shared("fixtures/xlstm_large")) {
  round_trip<XlstmLarge>("xlstm_large");
}
BOOST_AUTO_TEST_CASE(long_texts, *needs_shared("fixtures/xlstm_large")) {
  round_trip<XlstmLarge>("xlstm_large_long");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
