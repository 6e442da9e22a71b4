// DeltaNet, Gated DeltaNet and Kimi delta attention: names, the rules of config.json, what is refused, whole folders.
#include <rondo/model/checkpoint/delta_net.hpp>
#include <rondo/testing/name_table_law.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {
namespace {

template <class Files>
auto read(const std::string& text) {
  return Files::read(ModelConfig{parse_json(text, "config.json"), "config.json"}, nullptr);
}
template <class Files>
std::string refusal_of(const std::string& member) {
  return message_of([&] { read<Files>("{" + member + "}"); });
}
template <class Model>
std::string type_of(const Shape& shape) {
  TemporaryFolder folder;
  save_model(folder.path(), Parameters<Model, Reference<float>>{Model{shape}, Seed{1}});
  const ModelFolder found{folder.path()};
  BOOST_TEST((found.shape<Model>() == shape));
  return found.config().model_type();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_delta_net)

BOOST_AUTO_TEST_CASE(names_are_a_bijection) {
  const Shape shape{.vocabulary = 13, .width = 8, .depth = 12, .heads = 2, .mlp_width = 6};
  const std::vector<std::string> none;
  BOOST_TEST(name_table_violations(DeltaNet{shape}, DeltaNetFiles::names({})) == none, boost::test_tools::per_element());
  BOOST_TEST(name_table_violations(GatedDeltaNet{shape}, GatedDeltaNetFiles::names({})) == none, boost::test_tools::per_element());
  BOOST_TEST(name_table_violations(Kda{shape}, KdaFiles::names({})) == none, boost::test_tools::per_element());
  BOOST_TEST(DeltaNetFiles::names({}).name_of("blocks.11.mixer.write.weight")->name == "model.layers.11.attn.b_proj.weight");
}
BOOST_AUTO_TEST_CASE(defaults) {
  const auto plain = read<DeltaNetFiles>("{}");
  BOOST_TEST((plain.shape == Shape{.vocabulary = 32000, .width = 2048, .depth = 24, .heads = 16, .mlp_width = 5632}));
  BOOST_TEST((plain.options == DeltaOptions<DeltaNetFiles>{}));
  const auto gated = read<GatedDeltaNetFiles>("{}");
  BOOST_TEST((gated.shape == Shape{.vocabulary = 32000, .width = 2048, .depth = 21, .heads = 6, .key_width = 256, .mlp_width = 5632,
                                   .inner_width = 3072}));
  BOOST_TEST((gated.options == DeltaOptions<GatedDeltaNetFiles>{.gated = true}));
  const auto kda = read<KdaFiles>("{}");
  BOOST_TEST((kda.shape == Shape{.vocabulary = 32000, .width = 2048, .depth = 24, .heads = 16, .mlp_width = 5632}));
  BOOST_TEST((kda.options == DeltaOptions<KdaFiles>{.gated = true}));
  BOOST_TEST(read<KdaFiles>(R"({"lower_bound": -5, "safe_gate": true})").options.bounded);
}
BOOST_AUTO_TEST_CASE(sizes) {
  const Shape wide = read<DeltaNetFiles>(R"({"hidden_size": 24, "num_heads": 2, "expand_k": 0.5, "expand_v": 1.5})").shape;
  BOOST_TEST(wide.key_width == 6);
  BOOST_TEST(wide.inner_width == 36);
  const Shape grouped =
      read<GatedDeltaNetFiles>(R"({"hidden_size": 24, "num_heads": 2, "num_v_heads": 4, "head_dim": 6, "expand_v": 1})").shape;
  BOOST_TEST((grouped.heads == 4 && grouped.key_value_heads == 2));
  BOOST_TEST((grouped.key_width == 0 && grouped.inner_width == 0));
}
BOOST_AUTO_TEST_CASE(refused_by_name) {
  const auto has = [](const std::string& message, const char* part) {
    BOOST_TEST(message.find(part) != message.npos, message << " does not say " << part);
  };
  has(refusal_of<DeltaNetFiles>(R"("use_beta": false)"), "config.json: use_beta: expected true");
  has(refusal_of<DeltaNetFiles>(R"("qk_norm": "sum")"), "config.json: qk_norm: expected one of 'l2'");
  has(refusal_of<DeltaNetFiles>(R"("qk_activation": "relu")"), "config.json: qk_activation");
  has(refusal_of<DeltaNetFiles>(R"("attn": {"layers": [1]})"), "config.json: attn: expected null");
  has(refusal_of<DeltaNetFiles>(R"("hidden_size": 10, "num_heads": 3)"), "config.json: expand_k: expected a factor of 10");
  has(refusal_of<GatedDeltaNetFiles>(R"("num_v_heads": 8)"), "config.json: num_v_heads: expected a multiple of num_heads 6");
  has(refusal_of<GatedDeltaNetFiles>(R"("head_dim": 6, "expand_v": 1.3)"), "config.json: expand_v: expected a factor of 6");
  has(refusal_of<GatedDeltaNetFiles>(R"("output_gate_activation": "sigmoid")"), "config.json: output_gate_activation");
  has(refusal_of<KdaFiles>(R"("lower_bound": -4)"), "config.json: lower_bound: expected null or -5");
  has(refusal_of<KdaFiles>(R"("safe_gate": true)"), "config.json: safe_gate: expected false");
}
BOOST_AUTO_TEST_CASE(forms_of_new_models) {
  const Shape shape{.vocabulary = 9, .width = 8, .depth = 1, .heads = 4, .mlp_width = 6};
  BOOST_TEST(type_of<DeltaNet>(shape) == "delta_net");
  BOOST_TEST(type_of<DeltaNetTurning>(shape) == "delta_net");
  BOOST_TEST(type_of<DeltaNetGatedTurning>(shape) == "delta_net");
  BOOST_TEST(type_of<GatedDeltaNetUngated>(shape) == "gated_deltanet");
  BOOST_TEST(type_of<GatedDeltaNetTurning>(shape) == "gated_deltanet");
  BOOST_TEST(type_of<GatedDeltaNetPlainTurning>(shape) == "gated_deltanet");
  Shape other = shape;
  other.key_width = 3, other.inner_width = 20;
  BOOST_TEST(type_of<GatedDeltaNet>(other) == "gated_deltanet");  // V / K is 5/3
  other.key_value_heads = 2;
  BOOST_TEST(type_of<GatedDeltaNetTied>(other) == "gated_deltanet");
  BOOST_TEST(type_of<KdaTied>(other) == "kda");
  BOOST_TEST(type_of<KdaBounded>(other) == "kda");
  BOOST_TEST(type_of<DeltaNetTied>(other) == "rondo");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
