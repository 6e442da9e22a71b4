// Checkpoints of Mamba-3: names, the rules of config.json, what is refused, which models have a form.
#include <rondo/model/checkpoint/mamba3.hpp>
#include <rondo/model/checkpoint/mamba3_files.hpp>
#include <rondo/testing/name_table_law.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {
namespace {

Description<Mamba3Options> read(const std::string& members) {
  return Mamba3Files::read(ModelConfig{parse_json("{" + members + "}", "config.json"), "config.json"}, nullptr);
}
template <class Model>
std::string type_of(const Shape& shape) {
  TemporaryFolder folder;
  save_model(folder.path(), Parameters<Model, Reference<float>>{Model{shape}, Seed{1}});
  const ModelFolder found{folder.path()};
  BOOST_TEST((found.shape<Model>() == shape));
  return found.config().model_type();
}

const Shape small{.vocabulary = 9, .width = 8, .depth = 2, .heads = 4, .groups = 2, .state_size = 6, .norm_epsilon = 1e-5,
                  .rope_share = 0.5};

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_mamba3)

BOOST_AUTO_TEST_CASE(names_are_a_bijection) {
  Shape biased = small;
  biased.depth = 12;
  biased.projection_bias = true;
  const std::vector<std::string> none;
  BOOST_TEST(name_table_violations(Mamba3Normed{biased}, Mamba3Files::names({})) == none, boost::test_tools::per_element());
  BOOST_TEST(Mamba3Files::names({}).name_of("blocks.11.key_bias").value().name == "backbone.layers.11.mixer.B_bias");
}
BOOST_AUTO_TEST_CASE(defaults) {
  const auto plain = read("");
  BOOST_TEST((plain.shape == Shape{.vocabulary = 32000, .width = 2048, .depth = 48, .heads = 64, .norm_epsilon = 1e-5, .rope_share = 0.5}));
  BOOST_TEST((plain.options == Mamba3Options{}));
}
BOOST_AUTO_TEST_CASE(sizes_and_options) {
  const auto found = read(R"("hidden_size": 24, "expand": 3, "head_dim": 12, "num_heads": 6, "n_groups": 3, "state_size": 10,
                             "rope_fraction": 1.0, "use_bias": true, "is_outproj_norm": true, "A_activation": "heavy_tail",
                             "tie_word_embeddings": true, "norm_eps": 1e-6)");
  BOOST_TEST((found.shape == Shape{.vocabulary = 32000, .width = 24, .depth = 48, .heads = 6, .groups = 3, .inner_width = 72,
                                   .state_size = 10, .projection_bias = true, .norm_epsilon = 1e-6}));
  BOOST_TEST((found.options == Mamba3Options{.normed = true, .heavy_tail = true, .tied = true}));
}
BOOST_AUTO_TEST_CASE(refused_by_name) {
  const auto refused = [](const std::string& members, const std::string& begin) {
    const std::string message = message_of([&] { read(members); });
    BOOST_TEST(message.starts_with(begin), message);
  };
  refused(R"("is_mimo": true)", "config.json: is_mimo: expected false");
  refused(R"("A_floor": 0.01)", "config.json: A_floor: expected 1e-4, found 0.01");
  refused(R"("A_activation": "exp")", "config.json: A_activation: expected one of 'softplus'");
  refused(R"("hidden_act": "relu")", "config.json: hidden_act");
  refused(R"("head_dim": 60)", "config.json: head_dim: expected a divisor of expand * hidden_size = 4096, found 60");
  refused(R"("num_heads": 8)", "config.json: num_heads: expected expand * hidden_size / head_dim = 64, found 8");
  refused(R"("n_groups": 7)", "config.json: n_groups: expected a divisor of the 64 heads, found 7");
  refused(R"("rope_fraction": 1.5)", "config.json: rope_fraction");
}
BOOST_AUTO_TEST_CASE(forms_of_new_models) {
  BOOST_TEST(type_of<Mamba3>(small) == "mamba3");
  BOOST_TEST(type_of<Mamba3Tied>(small) == "mamba3");
  BOOST_TEST(type_of<Mamba3Normed>(small) == "mamba3");
  BOOST_TEST(type_of<Mamba3HeavyTail>(small) == "mamba3");
  Shape other = small;
  other.inner_width = 12;
  BOOST_TEST(type_of<Mamba3>(other) == "rondo");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
