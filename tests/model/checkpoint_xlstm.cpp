// Checkpoints of the small xLSTM: names, configurations, how a fresh model starts, folders there and back.
#include <cmath>

#include <rondo/combinator/checkpointed.hpp>
#include <rondo/model/checkpoint/xlstm.hpp>
#include <rondo/model/checkpoint/xlstm_files.hpp>
#include <rondo/testing/name_table_law.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {
namespace {

using Violations = std::vector<std::string>;

Shape mixed_shape() {
  return {.vocabulary = 13, .width = 8, .depth = 12, .heads = 2, .mlp_width = 64, .inner_width = 64, .context = 40,
          .second_blocks = {0, 3, 11}, .norm_epsilon = 1e-5};
}

template <class Model>
Violations law_of(std::size_t layout) {
  return name_table_violations(Model{mixed_shape()}, XlstmFiles::names({mixed_shape(), PublishedForm<Model>::options, layout}));
}

Description<XlstmOptions> read(const std::string& text) {
  return XlstmFiles::read(ModelConfig{parse_json(text, "config.json"), "config.json"}, nullptr);
}
std::string refusal_of(const std::string& text) {
  return message_of([&] { read(text); });
}
// Written over `document` and read again.
Description<XlstmOptions> again(const Description<XlstmOptions>& description, Json document = Json::object()) {
  XlstmFiles::write(description, document);
  return XlstmFiles::read(ModelConfig{document, "config.json"}, nullptr);
}

// Configurations of eight blocks.
std::string with(const std::string& members, const std::string& mlstm = R"({"mlstm": {}})", const std::string& slstm = R"({"slstm": {}})") {
  return R"({"vocab_size": 9, "num_blocks": 8, "embedding_dim": 100, "mlstm_block": )" + mlstm + R"(, "slstm_block": )" + slstm +
         (members.empty() ? "" : ", ") + members + "}";
}
std::string with_slstm(const std::string& slstm) { return with(R"("slstm_at": [1])", R"({"mlstm": {}})", slstm); }

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_xlstm)

BOOST_AUTO_TEST_CASE(names_are_a_bijection) {
  const Violations none;
  for (const std::size_t layout : {XlstmFiles::vanilla, XlstmFiles::cuda}) {
    BOOST_TEST(law_of<Xlstm>(layout) == none, boost::test_tools::per_element());
    BOOST_TEST(law_of<XlstmTied>(layout) == none, boost::test_tools::per_element());
    BOOST_TEST(law_of<XlstmBiased>(layout) == none, boost::test_tools::per_element());
    for (const bool mlp : {false, true}) {
      Shape shape = mixed_shape();
      shape.second_heads = 4, shape.mlp_bias = true, shape.second_mlp = mlp;
      BOOST_TEST(name_table_violations(XlstmBiasedTied{shape}, XlstmFiles::names({shape, {true, true}, layout})) == none,
                 boost::test_tools::per_element());
    }
  }
}
BOOST_AUTO_TEST_CASE(gates_have_exchanged_names) {
  const NameTable names = XlstmFiles::names({});
  const std::string block = "xlstm_block_stack.blocks.5.xlstm.";
  BOOST_TEST(names.name_of("blocks.5.mixer.input.weight")->name == block + "fgate.weight");
  BOOST_TEST(names.name_of("blocks.5.mixer.forget.weight")->name == block + "igate.weight");
  BOOST_TEST((names.name_of("blocks.5.mixer.forget.bias")->rows == Rows{1, 4}));
  BOOST_TEST(names.name_of("blocks.5.forget_gate.bias")->name == block + "mlstm_cell.fgate.bias");
}

BOOST_AUTO_TEST_CASE(defaults) {
  const auto found = read(R"({"vocab_size": 9, "mlstm_block": {}})");
  BOOST_TEST((found.shape == Shape{.vocabulary = 9, .width = 128, .depth = 1, .heads = 4, .inner_width = 256, .norm_epsilon = 1e-5}));
  BOOST_TEST((found.options == XlstmOptions{}));
  const Shape both = read(with(R"("slstm_at": [3, 1, 3], "context_length": 70, "dropout": 0.25, "bias": true, "tie_weights": true)")).shape;
  BOOST_TEST((both == Shape{.vocabulary = 9, .width = 100, .depth = 8, .heads = 4, .mlp_width = 192, .inner_width = 256, .context = 70,
                            .second_blocks = {1, 3}, .norm_epsilon = 1e-5, .dropout = 0.25}));
  BOOST_TEST((read(with(R"("bias": true, "tie_weights": true)")).options == XlstmOptions{.biased = true, .tied = true}));
}
BOOST_AUTO_TEST_CASE(places_of_slstm_blocks) {
  const auto places = [](const std::string& text) { return read(text).shape.second_blocks; };
  BOOST_TEST((places(with("")) == BlockSet{}));
  BOOST_TEST((places(with(R"("slstm_at": [])", R"({"mlstm": {}})", "null")) == BlockSet{}));
  BOOST_TEST((places(with(R"("slstm_at": "all")")) == BlockSet::all(8)));
  BOOST_TEST((places(with("", "null")) == BlockSet::all(8)));
  BOOST_TEST((places(with(R"("slstm_at": [2])", "null")) == BlockSet::all(8)));
  // what no block is is not looked at
  BOOST_TEST(read(with("", "null", R"({"slstm": {"num_heads": 5}})")).shape.heads == 5);
  BOOST_TEST(read(with("", R"({"mlstm": {"num_heads": 8}})", R"({"slstm": {"num_heads": 3}})")).shape.heads == 8);
  BOOST_TEST(!read(with(R"("bias": true)", "null")).options.biased);
  const std::string expected = "config.json: slstm_at: expected \"all\" or numbers of blocks, from 0 to 7, found ";
  BOOST_TEST(refusal_of(with(R"("slstm_at": [8])")) == expected + "[8]");
  BOOST_TEST(refusal_of(with(R"("slstm_at": [-1])")) == expected + "[-1]");
  BOOST_TEST(refusal_of(with(R"("slstm_at": "some")")) == expected + "\"some\"");
  BOOST_TEST(has(refusal_of(with(R"("slstm_at": [1])", R"({"mlstm": {}})", "null")), "config.json: slstm_block: expected an object"));
  BOOST_TEST(has(refusal_of(with("", "null", "null")), "config.json: mlstm_block: expected an object"));
  BOOST_TEST(has(refusal_of(R"({"vocab_size": 9, "num_blocks": 129, "slstm_block": {}})"), "slstm_at: expected \"all\" or numbers"));
}
BOOST_AUTO_TEST_CASE(widths_are_rounded) {
  const auto mlp = [](const std::string& more) {
    return read(with_slstm(R"({"slstm": {}, "feedforward": {)" + more + "}}")).shape.mlp();
  };
  BOOST_TEST(mlp("") == 192);
  BOOST_TEST(mlp(R"("proj_factor": 1.28)") == 128);
  BOOST_TEST(mlp(R"("proj_factor": 1.281)") == 192);
  BOOST_TEST(mlp(R"("round_proj_up_dim_up": false)") == 128);
  BOOST_TEST(mlp(R"("round_proj_up_to_multiple_of": 8)") == 136);
  const auto inner = [](const std::string& more) { return read(with("", R"({"mlstm": {)" + more + "}}")).shape.inner_width; };
  BOOST_TEST(inner("") == 256);
  BOOST_TEST(inner(R"("proj_factor": 1.5)") == 192);
  BOOST_TEST(has(refusal_of(with("", R"({"mlstm": {"proj_factor": 0}})")), "mlstm_block.mlstm.proj_factor: expected a factor"));
}
BOOST_AUTO_TEST_CASE(refusals) {
  const auto refused = [](const std::string& text, const std::string& part) {
    const std::string message = refusal_of(text);
    BOOST_TEST(has(message, "config.json: " + part), message);
  };
  refused(R"({"num_blocks": 2, "mlstm_block": {}})", "vocab_size: missing");
  refused(with(R"("add_post_blocks_norm": false)"), "add_post_blocks_norm: expected true");
  refused(with(R"("dropout": 1.0)"), "dropout: expected a number");
  refused(with_slstm(R"({"slstm": {"conv1d_kernel_size": 0}})"), "slstm_block.slstm.conv1d_kernel_size: expected an integer from 1");
  refused(with_slstm(R"({"slstm": {"group_norm_weight": false}})"), "slstm_block.slstm.group_norm_weight: expected true");
  refused(with_slstm(R"({"slstm": {"function": "lstm"}})"), "slstm_block.slstm.function: expected one of 'slstm'");
  refused(with_slstm(R"({"slstm": {"bias_init": "odd"}})"), "slstm_block.slstm.bias_init: expected one of");
  refused(with_slstm(R"({"slstm": {"recurrent_weight_init": "odd"}})"), "slstm_block.slstm.recurrent_weight_init: expected one of");
  refused(with_slstm(R"({"slstm": {"gradient_recurrent_cut": true}})"), "slstm_block.slstm.gradient_recurrent_cut: expected false");
  refused(with_slstm(R"({"slstm": {"gradient_recurrent_clipval": 1.0}})"), "slstm_block.slstm.gradient_recurrent_clipval: expected null");
  refused(with_slstm(R"({"slstm": {"initial_val": [0, 0, 1, 0]}})"), "slstm_block.slstm.initial_val: expected 0");
  refused(with_slstm(R"({"slstm": {}, "feedforward": {"act_fn": "relu"}})"), "slstm_block.feedforward.act_fn: expected one of 'gelu'");
  refused(with_slstm(R"({"slstm": {}, "feedforward": {"bias": 1}})"), "slstm_block.feedforward.bias: expected true or false");
  refused(with_slstm(R"({"slstm": {}, "feedforward": {"ff_type": "ffn"}})"), "slstm_block.feedforward.ff_type: expected one of");
  refused(with(R"("slstm_at": [1])", R"({"mlstm": {"num_heads": "4"}})"), "mlstm_block.mlstm.num_heads: expected an integer");
}

BOOST_AUTO_TEST_CASE(slstm_blocks_of_their_own_sizes) {
  const Shape heads = read(with_slstm(R"({"slstm": {"num_heads": 2, "conv1d_kernel_size": 3}})")).shape;
  BOOST_TEST(heads.heads == 4);
  BOOST_TEST(heads.second_heads == 2);
  BOOST_TEST(heads.convolution == 4);
  BOOST_TEST(heads.second_convolution == 3);
  const Shape none = read(with_slstm(R"({"slstm": {}, "feedforward": null})")).shape;
  BOOST_TEST(!none.second_mlp);
  BOOST_TEST(none.second_heads == 0);
  const Shape biased = read(with_slstm(R"({"slstm": {}, "feedforward": {"bias": true}})")).shape;
  BOOST_TEST((biased.second_mlp && biased.mlp_bias));
  // blocks of one type alone have the heads of that type
  const Shape alone = read(with(R"("slstm_at": "all")", R"({"mlstm": {"num_heads": 8}})", R"({"slstm": {"num_heads": 2}})")).shape;
  BOOST_TEST((alone.heads == 2 && alone.second_heads == 0));

  Description<XlstmOptions> given{mixed_shape(), {.tied = true}};
  given.shape.second_heads = 4, given.shape.second_convolution = 2, given.shape.mlp_bias = true;
  BOOST_TEST((again(given).shape == given.shape));
  given.shape.second_mlp = given.shape.mlp_bias = false, given.shape.mlp_width = 0;
  BOOST_TEST((again(given).shape == given.shape));
  Json written = Json::object();
  XlstmFiles::write(given, written);
  BOOST_TEST(written.at("slstm_block").at("feedforward").is_null());
  BOOST_TEST(written.at("slstm_block").at("slstm").at("num_heads") == 4);
  // a folder with an MLP before, and one without
  BOOST_TEST((again(given, parse_json(with_slstm(R"({"slstm": {}, "feedforward": {"proj_factor": 2}})"), "with")).shape == given.shape));
  given.shape.second_mlp = true, given.shape.mlp_width = 64;
  BOOST_TEST((again(given, written).shape == given.shape));
}
BOOST_AUTO_TEST_CASE(folders_of_such_blocks) {
  for (const bool mlp : {false, true}) {
    Shape shape = mixed_shape();
    shape.second_heads = 4, shape.second_mlp = mlp, shape.mlp_bias = mlp;
    if (!mlp) shape.mlp_width = 0;
    const XlstmBiasedTied model{shape};
    const Parameters<XlstmBiasedTied, Reference<float>> weights{model, Seed{1}};
    weights.each([](const std::string&, const Leaf&, View<float> w) {
      for (Index i = 0; i < w.size(); ++i) w.data[i] += static_cast<float>(i % 7) / 8;
    });
    for (const std::size_t layout : {XlstmFiles::vanilla, XlstmFiles::cuda}) {
      TemporaryFolder folder;
      save_model(folder / "made", weights, {.layout = layout});
      const ModelFolder made{folder / "made"};
      BOOST_TEST(made.config().model_type() == "xlstm_small");
      BOOST_TEST((made.shape<XlstmBiasedTied>() == shape));
      const std::string block = "xlstm_block_stack.blocks.3.";
      BOOST_TEST(made.tensors().contains(block + "ffn_norm.weight") == mlp);
      BOOST_TEST(made.tensors().contains(block + "ffn.proj_up.bias") == mlp);
      if (mlp) made.tensors().tensor(block + "ffn.proj_up.bias").require_shape({128});
      made.tensors().tensor(block + "xlstm.fgate.weight").require_shape({4, 2, 2});
      const auto back = made.parameters<Reference<float>>(model);
      BOOST_TEST(std::equal(back.flat().data, back.flat().data + back.flat().size(), weights.flat().data));
      save_model(folder / "again", back, like<XlstmBiasedTied>(made));
      same_tensors(made.tensors(), ModelFolder{folder / "again"}.tensors());
      BOOST_TEST(ModelFolder{folder / "again"}.config().document == made.config().document);
    }
  }
}
BOOST_AUTO_TEST_CASE(configurations_there_and_back) {
  Description<XlstmOptions> given{mixed_shape(), {.biased = true, .tied = true}};
  BOOST_TEST(XlstmFiles::refusal(given).empty());
  BOOST_TEST((again(given).shape == given.shape));
  BOOST_TEST((again(given).options == given.options));
  for (const Index width : {40, 64, 71, 128, 1344}) {
    given.shape.mlp_width = given.shape.inner_width = width;
    BOOST_TEST((again(given).shape == given.shape), "widths of " << width);
  }
  // over a configuration of other sizes; its other keys stay
  const Json other = parse_json(with(R"("slstm_at": "all", "weight_decay_on_embedding": true)", "null",
                                     R"({"slstm": {"backend": "cuda"}, "feedforward": {"proj_factor": 4}})"), "other");
  BOOST_TEST((again(given, other).shape == given.shape));
  Json written = other;
  XlstmFiles::write(given, written);
  BOOST_TEST(written.at("weight_decay_on_embedding") == true);
  BOOST_TEST(written.at("slstm_block").at("slstm").at("backend") == "cuda");
  BOOST_TEST((written.at("slstm_at") == Json::array({0, 3, 11})));

  Shape pure = mixed_shape();
  pure.second_blocks = BlockSet::all(12), pure.inner_width = 0;
  Json all = Json::object();
  XlstmFiles::write({pure, {}}, all);
  BOOST_TEST(all.at("slstm_at") == "all");
  BOOST_TEST(all.at("mlstm_block").is_null());
  BOOST_TEST((again({pure, {}}).shape == pure));

  const auto unwritable = [](auto change) {
    Shape shape = mixed_shape();
    change(shape);
    return XlstmFiles::refusal({shape, {}});
  };
  BOOST_TEST(has(unwritable([](Shape& s) { s.norm_epsilon = 1e-6; }), "epsilon"));
  BOOST_TEST(has(unwritable([](Shape& s) { s.logit_soft_cap = 30; }), "capped"));
  BOOST_TEST(has(unwritable([](Shape& s) { s.embedding_width = 4; }), "embedding"));
}

// The formulas of the package's small initialisation.
BOOST_AUTO_TEST_CASE(a_fresh_model_starts_as_published) {
  Shape shape{.vocabulary = 300, .width = 64, .depth = 3, .heads = 2, .mlp_width = 64, .second_blocks = {0, 2}};
  const Xlstm model{shape};
  const Parameters<Xlstm, Reference<double>> weights{model, Seed{1}};
  const auto deviation = [](View<double> w) {
    double sum = 0;
    for (Index i = 0; i < w.size(); ++i) sum += w.data[i] * w.data[i];
    return std::sqrt(sum / static_cast<double>(w.size()));
  };
  weights.each([&](const std::string& path, const Leaf&, View<double> w) {
    const double small = std::sqrt(2.0 / (5 * 64)), output = 2 / (3 * std::sqrt(64.0));
    if (path == "embedding.weight" || path == "head.weight" || path == "blocks.0.mixer.forget.weight" || path == "blocks.0.channel.up.weight")
      BOOST_TEST(std::abs(deviation(w) - small) < 0.1 * small, path);
    if (path == "blocks.0.channel.down.weight" || path == "blocks.1.down.weight")
      BOOST_TEST(std::abs(deviation(w) - output) < 0.1 * output, path);
    if (path == "blocks.0.mixer.recurrent" || path == "blocks.2.mixer.input.bias") BOOST_TEST(deviation(w) == 0, path);
    for (const Index block : {0, 2})
      if (path == "blocks." + std::to_string(block) + ".mixer.forget.bias")
        for (Index head = 0; head < 2; ++head)
          for (Index j = 0; j < 32; ++j)
            BOOST_TEST(std::abs(w(head, j) - (5 - 12 * std::pow(static_cast<double>(j) / 31, 0.3 + 1.3 * static_cast<double>(block) / 2))) < 1e-6);
  });
  // one block, heads one channel wide
  const Xlstm narrow{Shape{.vocabulary = 3, .width = 2, .depth = 1, .heads = 2, .mlp_width = 4, .second_blocks = {0}}};
  Parameters<Xlstm, Reference<double>>{narrow, Seed{1}}.each([](const std::string& path, const Leaf&, View<double> w) {
    if (path == "blocks.0.mixer.forget.bias") BOOST_TEST((w(0, 0) == 5 && w(1, 0) == 5));
  });
}

BOOST_AUTO_TEST_CASE(published_sizes) {
  const auto parameters = [](const std::string& text) { return record_size(WeightRecords{}, Xlstm{read(text).shape}); };
  // BabyHGRN's, and the package's own example
  BOOST_TEST(parameters(R"({"vocab_size": 16000, "embedding_dim": 1024, "num_blocks": 48, "slstm_at": [3, 5, 7, 40, 42, 44],
                            "mlstm_block": {}, "slstm_block": {}})") == 338181456);
  BOOST_TEST(parameters(R"({"vocab_size": 50304, "embedding_dim": 128, "num_blocks": 7, "slstm_at": [1],
                            "mlstm_block": {}, "slstm_block": {}})") == 13642672);
}

BOOST_AUTO_TEST_CASE(compositions_and_forms) {
  using Recomputed = LanguageModel<Checkpointed<Either<MlstmBlock<>, SlstmBlock>>, OffsetLayerNorm, Head<>, WidthNormal>;
  static_assert(Published<Recomputed> && Published<XlstmBiased> && !Published<LanguageModel<SlstmBlock>>);
  BOOST_TEST(composition_name<Xlstm>() ==
             "LanguageModel<Either<Block<OffsetLayerNorm,MlstmMixer<0>,NoMlp>,Block<OffsetLayerNorm,SlstmMixer,GatedMlp<Gelu>>>,"
             "OffsetLayerNorm,Head<0>>");
  // a shape that the published form cannot say, in rondo's own
  Shape shape = mixed_shape();
  shape.norm_epsilon = 1e-6;
  TemporaryFolder folder;
  const Xlstm model{shape};
  const Parameters<Xlstm, Reference<float>> weights{model, Seed{1}};
  save_model(folder / "own", weights);
  const ModelFolder own{folder / "own"};
  BOOST_TEST(own.config().model_type() == "rondo");
  BOOST_TEST((own.config().document.at("shape").at("second_blocks") == Json::array({0, 3, 11})));
  BOOST_TEST((own.shape<Xlstm>() == shape));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(xlstm_folders, *needs_shared("fixtures/xlstm_mixed"))

BOOST_AUTO_TEST_CASE(one_type_of_block) {
  round_trip<Xlstm>("xlstm_slstm");
  round_trip<Xlstm>("xlstm_mlstm");
}
BOOST_AUTO_TEST_CASE(both_types) {
  round_trip<Xlstm>("xlstm_mixed");
  round_trip<Xlstm>("xlstm_mixed_long");
}

BOOST_AUTO_TEST_CASE(the_layout_of_the_cuda_program) {
  using Backend = Reference<float>;
  const ModelFolder original{shared("fixtures/xlstm_mixed")};
  const Xlstm model{original.shape<Xlstm>()};
  const auto weights = original.parameters<Backend>(model);
  TemporaryFolder folder;
  save_model(folder / "cuda", weights, {.layout = XlstmFiles::cuda});
  const ModelFolder turned{folder / "cuda"};
  BOOST_TEST(turned.form<Xlstm>().layout == XlstmFiles::cuda);
  const auto back = turned.parameters<Backend>(model);
  BOOST_TEST(std::equal(back.flat().data, back.flat().data + back.flat().size(), weights.flat().data));

  const std::string cell = "xlstm_block_stack.blocks.1.xlstm.slstm_cell.";
  const auto kernel = original.tensors().tensor(cell + "_recurrent_kernel_").read<float>();
  const auto bias = original.tensors().tensor(cell + "_bias_").read<float>();
  const StoredTensor& turned_kernel = turned.tensors().tensor(cell + "_recurrent_kernel_");
  turned_kernel.require_shape({4, 8, 32});
  turned.tensors().tensor(cell + "_bias_").require_shape({128});
  const auto found_kernel = turned_kernel.read<float>();
  const auto found_bias = turned.tensors().tensor(cell + "_bias_").read<float>();
  for (std::size_t head = 0; head < 4; ++head)
    for (std::size_t gate = 0; gate < 4; ++gate)
      for (std::size_t out = 0; out < 8; ++out) {
        BOOST_TEST(found_bias[(head * 4 + gate) * 8 + out] == bias[(gate * 4 + head) * 8 + out]);
        for (std::size_t in = 0; in < 8; ++in)
          BOOST_TEST(found_kernel[(head * 8 + in) * 32 + gate * 8 + out] == kernel[(head * 32 + gate * 8 + out) * 8 + in]);
      }
  // read from there, it is written as it was
  save_model(folder / "again", back, like<Xlstm>(turned));
  same_tensors(turned.tensors(), ModelFolder{folder / "again"}.tensors());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
