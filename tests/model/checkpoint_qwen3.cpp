// Checkpoints of Qwen3: configurations, where windows are, names, whole folders there and back, what is refused.
#include <rondo/model/checkpoint/qwen3.hpp>
#include <rondo/testing/name_table_law.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {
namespace {

auto read(const std::string& text) {
  return Qwen3Files::read(ModelConfig{parse_json(text, "config.json"), "config.json"}, nullptr);
}
Shape windows(const std::string& members, int depth = 5) {
  return read(R"({"model_type": "qwen3", "num_hidden_layers": )" + std::to_string(depth) + ", " + members + "}").shape;
}
constexpr const char* slides = R"("use_sliding_window": true, "sliding_window": 7, )";

// Writes a model, reads it back and writes it again; returns its config.json.
template <class Model>
Json there_and_back(const Shape& shape) {
  const Model model{shape};
  const Parameters<Model, Reference<float>> weights{model, Seed{3}};
  TemporaryFolder folder;
  save_model(folder / "made", weights);
  const ModelFolder made{folder / "made"};
  BOOST_TEST((made.shape<Model>() == shape));
  const auto back = made.template parameters<Reference<float>>(model);
  BOOST_TEST(std::equal(back.flat().data, back.flat().data + back.flat().size(), weights.flat().data));
  save_model(folder / "again", back, like<Model>(made));
  BOOST_TEST(ModelFolder{folder / "again"}.config().document == made.config().document);
  return made.config().document;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_qwen3)

BOOST_AUTO_TEST_CASE(defaults) {
  const auto found = read(R"({"model_type": "qwen3"})");
  BOOST_TEST((found.shape == Shape{.vocabulary = 151936, .width = 4096, .depth = 32, .heads = 32, .mlp_width = 22016, .context = 32768}));
  BOOST_TEST((found.options == Qwen3Options{}));
  const auto other = read(R"({"num_attention_heads": 16, "num_key_value_heads": null, "tie_word_embeddings": true})");
  BOOST_TEST(other.shape.key_width == 128);
  BOOST_TEST(other.shape.key_value_head_count() == 16);
  BOOST_TEST(other.options.tied);
  BOOST_TEST(read(R"({"num_attention_heads": 64})").shape.key_value_heads == 32);
}
BOOST_AUTO_TEST_CASE(blocks_with_a_window) {
  BOOST_TEST(windows(R"("max_window_layers": 2)").window == 0);
  BOOST_TEST(windows(R"("use_sliding_window": true)").window == 0);  // from block 28 on
  const Shape later = windows(slides + std::string(R"("max_window_layers": 2)"));
  BOOST_TEST(later.window == 7);
  BOOST_TEST((later.full_blocks == BlockSet{0, 1}));
  BOOST_TEST((windows(slides + std::string(R"("max_window_layers": 0)")).full_blocks == BlockSet{}));
  BOOST_TEST(windows(R"("use_sliding_window": true, "sliding_window": null, "max_window_layers": 0)").window == 0);
  const std::string f = R"("full_attention")", s = R"("sliding_attention")", all = R"("layer_types": [)";
  const Shape listed = windows(slides + all + s + "," + f + "," + s + "," + s + "," + f + R"(], "max_window_layers": 0)");
  BOOST_TEST(listed.window == 7);
  BOOST_TEST((listed.full_blocks == BlockSet{1, 4}));
  BOOST_TEST((windows(slides + all + f + "," + f + "," + f + "," + f + "," + f + "]") == windows(R"("max_window_layers": 5)")));
}
BOOST_AUTO_TEST_CASE(folders) {
  Shape shape{.vocabulary = 13, .width = 8, .depth = 5, .heads = 2, .key_value_heads = 1, .key_width = 6, .mlp_width = 6, .context = 64};
  const Json plain = there_and_back<Qwen3>(shape);
  BOOST_TEST(plain.at("model_type") == "qwen3");
  BOOST_TEST(plain.at("use_sliding_window") == false);
  shape.window = 3;
  BOOST_TEST(there_and_back<Qwen3Tied>(shape).at("max_window_layers") == 0);
  shape.full_blocks = {0, 1, 2};
  BOOST_TEST(there_and_back<Qwen3>(shape).at("max_window_layers") == 3);
  shape.full_blocks = {0, 3};
  const Json mixed = there_and_back<Qwen3>(shape);
  BOOST_TEST(mixed.at("layer_types").at(3) == "full_attention");
  BOOST_TEST(mixed.at("layer_types").at(4) == "sliding_attention");
  shape.mlp_bias = true;
  BOOST_TEST(there_and_back<Qwen3>(shape).at("model_type") == "rondo");
}
BOOST_AUTO_TEST_CASE(names_are_a_bijection) {
  const Shape shape{.vocabulary = 13, .width = 8, .depth = 12, .heads = 2, .mlp_width = 6};
  const NameTable names = Qwen3Files::names({shape, {}});
  BOOST_TEST(name_table_violations(Qwen3{shape}, names) == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(names.name_of("blocks.11.mixer.query_norm.weight")->name == "model.layers.11.self_attn.q_norm.weight");
  BOOST_TEST(names.path_of("model.layers.0.self_attn.k_norm.weight").value() == "blocks.0.mixer.key_norm.weight");
}
BOOST_AUTO_TEST_CASE(what_is_refused) {
  const auto refused = [](const std::string& member, const std::string& part, int depth = 5) {
    const std::string message = message_of([&] { windows(member, depth); });
    BOOST_TEST(has(message, part), message);
  };
  refused(R"("layer_types": ["full_attention"])", "config.json: layer_types: expected full_attention or sliding_attention for each of 5");
  refused(R"("layer_types": ["chunked_attention"])", "config.json: layer_types: expected full_attention or", 1);
  refused(R"("layer_types": ["sliding_attention"])", "config.json: layer_types: expected full_attention for every", 1);
  refused(R"("use_sliding_window": true, "sliding_window": 0)", "config.json: sliding_window: expected an integer from 1");
  refused(R"("max_window_layers": -1)", "config.json: max_window_layers: expected an integer from 0");
  refused(R"("hidden_act": "gelu")", "config.json: hidden_act: expected one of 'silu', 'swish'");
  refused(R"("use_sliding_window": true)", "config.json: num_hidden_layers: expected at most 128", 200);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
