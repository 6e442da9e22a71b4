// Tables of names: patterns, the bijection law over every table, parts and transposed tensors.
#include <boost/test/unit_test.hpp>

#include <rondo/backend/reference/reference.hpp>
#include <rondo/combinator/pattern.hpp>
#include <rondo/model/checkpoint/file_tensors.hpp>
#include <rondo/model/checkpoint/gpt2.hpp>
#include <rondo/model/checkpoint/hgrn1.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>
#include <rondo/model/checkpoint/llama.hpp>
#include <rondo/model/checkpoint/lstm.hpp>
#include <rondo/testing/name_table_law.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

using Violations = std::vector<std::string>;

Shape small_shape() {
  return {.vocabulary = 13, .width = 8, .depth = 12, .heads = 2, .mlp_width = 6};
}

template <class Model>
Violations law_of(std::size_t layout = 0) {
  using Form = PublishedForm<Model>;
  return name_table_violations(Model{small_shape()}, Form::Files::names({small_shape(), Form::options, layout}));
}

// A layer whose weights are in few and strange tensors.
struct Odd {
  template <class S>
  struct Weights {
    S first, second, third;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(parameter("first", {2, 3}, zeros(), Decay::no, w.first...),
                  parameter("second", {2, 3}, zeros(), Decay::no, w.second...),
                  parameter("third", {4}, zeros(), Decay::no, w.third...));
  }
};
constexpr NamePair beside[] = {
    {"first", "both", Rows{0, 2}, Stored::transposed}, {"second", "both", Rows{1, 2}, Stored::transposed}, {"third", "third"}};
constexpr NamePair below[] = {{"second", "both", Rows{0, 2}}, {"first", "both", Rows{1, 2}}, {"third", "3"}};

// What the numbers 1, 2, ... of the weights in their order are in a file.
std::vector<float> in_file(const NameTable& names, std::vector<Index>& shape) {
  ReferenceContext<float> c;
  RecordBuffer<WeightRecords, Odd, float, Arena> weights{c, WeightRecords{}, Odd{}};
  float next = 0;
  weights.each([&](const std::string&, const Leaf&, View<float> tensor) {
    for (Index i = 0; i < tensor.size(); ++i) tensor.data[i] = ++next;
  });
  TemporaryFolder folder;
  SafetensorsWriter writer;
  add_tensors(writer, file_tensors(names, weights), ElementType::f32);
  writer.write_file(folder / "odd.safetensors");
  const SafetensorsFile file{folder / "odd.safetensors"};
  shape = file.tensor("both").shape;
  // and back
  RecordBuffer<WeightRecords, Odd, float, Arena> back{c, WeightRecords{}, Odd{}};
  for (const FileTensor<float>& tensor : file_tensors(names, back)) {
    const auto elements = file.tensor(tensor.name).read<float>();
    scatter(tensor, std::span<const float>{elements});
  }
  BOOST_TEST(std::equal(weights.flat().data, weights.flat().data + weights.flat().size(), back.flat().data));
  return file.tensor("both").read<float>();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_names)

BOOST_AUTO_TEST_CASE(patterns_match_whole_texts) {
  const auto captures = match_pattern("layers.{i}.attn.{leaf}", "layers.12.attn.weight");
  BOOST_REQUIRE(captures.has_value());
  BOOST_TEST(fill_pattern("h{i}/{leaf}", *captures) == "h12/weight");
  for (const char* text : {"layers.x.attn.weight", "layers..attn.weight", "layers.1.attn.", "layers.1.attn.a.b", "layers.1.attn",
                           "layers.1.attn.weight.", "layer.1.attn.weight", ""})
    BOOST_TEST(!match_pattern("layers.{i}.attn.{leaf}", text).has_value(), text);
  BOOST_TEST(match_pattern("{path}", "a.b.c").has_value());
  BOOST_TEST(!match_pattern("{path}", "").has_value());
}

BOOST_AUTO_TEST_CASE(every_table_is_a_bijection) {
  const Violations none;
  BOOST_TEST(law_of<Hgrn1ConvolvedTied>(Hgrn1Files::separate) == none, boost::test_tools::per_element());
  BOOST_TEST(law_of<Hgrn1>(Hgrn1Files::fused_mlp) == none, boost::test_tools::per_element());
  BOOST_TEST(law_of<Hgrn2Convolved>(Hgrn2Files::separate) == none, boost::test_tools::per_element());
  BOOST_TEST(law_of<Hgrn2ConvolvedTied>(Hgrn2Files::fused_mlp) == none, boost::test_tools::per_element());
  BOOST_TEST(law_of<LlamaBiased>() == none, boost::test_tools::per_element());
  for (const std::size_t layout : {std::size_t{0}, std::size_t{1}}) {
    BOOST_TEST(law_of<Gpt2Untied>(layout) == none, boost::test_tools::per_element());
    BOOST_TEST(law_of<OptUntied>(layout) == none, boost::test_tools::per_element());
  }
  BOOST_TEST(law_of<Lstm>() == none, boost::test_tools::per_element());
  BOOST_TEST(law_of<LstmTied>() == none, boost::test_tools::per_element());
  using Hybrid = LanguageModel<Pattern<Hgrn2Block, LlamaBlock>>;
  BOOST_TEST(name_table_violations(Hybrid{small_shape()}, own_names) == none, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_law_finds_what_is_wrong) {
  constexpr NamePair missing[] = {{"first", "a"}, {"second", "b"}};
  BOOST_TEST((name_table_violations(Odd{}, NameTable{missing}) == Violations{"'third' has no name"}));
  constexpr NamePair same[] = {{"first", "a"}, {"second", "a"}, {"third", "c"}};
  BOOST_TEST((name_table_violations(Odd{}, NameTable{same}) == Violations{"'second' and another weight are both part 0 of 'a'"}));
  constexpr NamePair one_way[] = {{"first", "a"}, {"second", "b"}, {"{leaf}", "c"}};
  BOOST_TEST((name_table_violations(Odd{}, NameTable{one_way}) == Violations{"'third' is 'c', which leads back to '{leaf}'"}));
  constexpr NamePair half[] = {{"first", "a", Rows{0, 2}}, {"second", "b"}, {"third", "c"}};
  BOOST_TEST((name_table_violations(Odd{}, NameTable{half}) == Violations{"part 1 of 'a' is no weight"}));
  constexpr NamePair unequal[] = {{"first", "a", Rows{0, 2}}, {"second", "b"}, {"third", "a", Rows{1, 2}}};
  BOOST_TEST((name_table_violations(Odd{}, NameTable{unequal}) == Violations{"the parts of 'a' have different sizes"}));
  BOOST_TEST(name_table_violations(Odd{}, NameTable{beside}).empty());
}

BOOST_AUTO_TEST_CASE(names_are_those_of_published_files) {
  const NameTable llama{llama_names, llama_buffers};
  BOOST_TEST(llama.name_of("blocks.31.mixer.query.bias")->name == "model.layers.31.self_attn.q_proj.bias");
  BOOST_TEST(llama.path_of("model.layers.7.post_attention_layernorm.weight").value() == "blocks.7.channel.norm.weight");
  BOOST_TEST(!llama.path_of("model.layers.7.self_attn.rotary_emb.inv_freq").has_value());
  BOOST_TEST(llama.ignores("model.layers.7.self_attn.rotary_emb.inv_freq"));
  BOOST_TEST(NameTable{lstm_names}.name_of("blocks.1.recurrent_bias")->name == "lstm.bias_hh_l1");
  const NameTable gpt2 = Gpt2Files::names({{}, {}, Gpt2Files::prefixed}), bare = Gpt2Files::names({{}, {}, Gpt2Files::bare});
  BOOST_TEST(gpt2.name_of("blocks.3.channel.down.weight")->name == "transformer.h.3.mlp.c_proj.weight");
  BOOST_TEST((gpt2.name_of("blocks.3.channel.down.weight")->stored == Stored::transposed));
  BOOST_TEST((gpt2.name_of("blocks.3.channel.down.bias")->stored == Stored::as_is));
  BOOST_TEST(gpt2.path_of("transformer.h.0.attn.c_attn.bias", 1).value() == "blocks.0.mixer.key.bias");
  BOOST_TEST(bare.path_of("h.0.attn.c_attn.weight", 2).value() == "blocks.0.mixer.value.weight");
  BOOST_TEST(bare.name_of("head.weight")->name == "lm_head.weight");
  BOOST_TEST(gpt2.ignores("transformer.h.11.attn.masked_bias"));
  BOOST_TEST(bare.ignores("h.11.attn.bias"));
  BOOST_TEST(!bare.ignores("h.11.attn.c_attn.bias"));
  const NameTable opt = OptFiles::names({{}, {}, OptFiles::bare});
  BOOST_TEST(opt.name_of("embedding.position")->name == "decoder.embed_positions.weight");
  const NameTable first = Hgrn1Files::names({});
  BOOST_TEST(first.name_of("blocks.3.mixer.gate.weight")->name == "model.layers.3.attn.g_proj.weight");
  BOOST_TEST(first.path_of("model.layers.2.attn.i_conv1d.weight").value() == "blocks.2.mixer.value.convolution.weight");
  const NameTable fused = Hgrn2Files::names({{}, {}, Hgrn2Files::fused_mlp});
  BOOST_TEST(fused.path_of("model.layers.0.mlp.gate_proj.weight", 1).value() == "blocks.0.channel.up.weight");
  BOOST_TEST(!fused.path_of("model.layers.0.mlp.up_proj.weight").has_value());
}

BOOST_AUTO_TEST_CASE(weights_share_a_tensor) {
  std::vector<Index> shape;
  // Transposed: [in, out], the parts beside each other, as GPT-2 has query, key and value.
  BOOST_TEST((in_file(NameTable{beside}, shape) == std::vector<float>{1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12}));
  BOOST_TEST((shape == std::vector<Index>{3, 4}));
  BOOST_TEST((in_file(NameTable{below}, shape) == std::vector<float>{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6}));
  BOOST_TEST((shape == std::vector<Index>{4, 3}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
