// Folders with something wrong in them: the message says what, and no weight changes.
#include <limits>

#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/llama.hpp>
#include <rondo/model/checkpoint/writer.hpp>

#include <boost/test/unit_test.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

using Backend = Reference<float>;
using Weights = Parameters<Llama, Backend>;

// A folder with a Llama that a test may spoil.
struct Spoilt {
  Llama model{Shape{.vocabulary = 13, .width = 8, .depth = 2, .heads = 2, .mlp_width = 6, .context = 16}};
  Weights weights{model, Seed{5}};
  TemporaryFolder folder;

  Spoilt() { save_model(folder.path(), weights); }

  // Writes the tensors again as change(name, shape, elements) leaves them; false: leaves the tensor out.
  template <class Change>
  void change_tensors(Change change) {
    std::vector<std::vector<float>> kept;
    kept.reserve(100);
    SafetensorsWriter writer;
    {
      const TensorFolder tensors{folder.path()};
      for (const std::string& name : tensors.names()) {
        auto shape = tensors.tensor(name).shape;
        auto elements = tensors.tensor(name).read<float>();
        if (!change(name, shape, elements)) continue;
        kept.push_back(std::move(elements));
        writer.add(name, shape, ElementType::f32, std::span<const float>{kept.back()});
      }
    }
    writer.write_folder(folder.path());
  }
  void change_config(const std::string& key, const Json& value) {
    Json document = read_json(folder / "config.json");
    document[key] = value;
    write_json(folder / "config.json", document);
  }
  void split() { save_model(folder.path(), weights, {.shards = {600}}); }

  // The message of loading; the weights of the one who loads must stay as they are.
  std::string message() {
    Weights target{model, Seed{6}};
    const Weights before{model, Seed{6}};
    const std::string text = message_of([&] { ModelFolder{folder.path()}.load(target); });
    BOOST_TEST(std::equal(target.flat().data, target.flat().data + target.flat().size(), before.flat().data));
    return text;
  }
};

const std::string key_name = "model.layers.1.self_attn.k_proj.weight";

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_hostile)

BOOST_FIXTURE_TEST_CASE(an_untouched_folder_loads, Spoilt) {
  Weights target{model};
  ModelFolder{folder.path()}.load(target);
  BOOST_TEST(std::equal(target.flat().data, target.flat().data + target.flat().size(), weights.flat().data));
}

BOOST_FIXTURE_TEST_CASE(missing_and_surplus_tensors_are_named_at_once, Spoilt) {
  SafetensorsWriter writer;
  const std::vector<float> number{1.0F};
  writer.add("model.layers.0.mlp.gate.weight", {1}, ElementType::f32, std::span<const float>{number});
  writer.write_file(folder / "model.safetensors");
  const std::string text = message();
  BOOST_TEST(has(text, ": not the tensors of its config.json:\n"));
  BOOST_TEST(
      has(text, "tensor 'model.embed_tokens.weight' is missing; expected shape [13, 8] for the weight 'embedding.weight'"));
  BOOST_TEST(has(text, "tensor 'lm_head.weight' is missing"));
  BOOST_TEST(has(text, "tensor 'model.layers.0.mlp.gate.weight' is left over; did you mean"));
}
BOOST_FIXTURE_TEST_CASE(shapes_are_compared, Spoilt) {
  change_tensors([](const std::string& name, std::vector<Index>& shape, std::vector<float>& elements) {
    if (name == key_name) shape = {4, 8}, elements.resize(32);
    if (name == "model.norm.weight") shape = {1, 8};
    return true;
  });
  BOOST_TEST(has(message(), "tensor '" + key_name + "': expected shape [8, 8], found shape [4, 8]"), message());
  BOOST_TEST(has(message(), "tensor 'model.norm.weight': expected shape [8], found shape [1, 8]"));
}
BOOST_FIXTURE_TEST_CASE(the_vocabulary_is_compared, Spoilt) {
  change_config("vocab_size", 14);
  const ModelFolder changed{folder.path()};
  const Llama larger{changed.shape<Llama>()};
  const std::string text = message_of([&] { (void)changed.parameters<Backend>(larger); });
  BOOST_TEST(has(text, "tensor 'model.embed_tokens.weight': expected shape [14, 8], found shape [13, 8]"), text);
  BOOST_TEST(has(text, "tensor 'lm_head.weight': expected shape [14, 8], found shape [13, 8]"));
}
BOOST_FIXTURE_TEST_CASE(numbers_that_are_not_finite_are_refused, Spoilt) {
  for (const float wrong : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    change_tensors([&](const std::string& name, std::vector<Index>&, std::vector<float>& elements) {
      if (name == key_name) elements[17] = wrong;
      return true;
    });
    BOOST_TEST(
        has(message(), "tensor '" + key_name + "': expected finite numbers, found " + std::to_string(wrong) + " at place 17"),
        message());
  }
}
BOOST_FIXTURE_TEST_CASE(numbers_too_large_for_the_weights_are_refused, Spoilt) {
  SafetensorsWriter writer;
  std::vector<double> elements(8, 1e300);
  {
    const TensorFolder tensors{folder.path()};
    for (const std::string& name : tensors.names())
      if (name != "model.norm.weight")
        writer.add(
            name, tensors.tensor(name).shape, ElementType::f64,
            [values = tensors.tensor(name).read<double>()](TensorSink& sink) { sink.put(std::span<const double>{values}); });
    writer.add("model.norm.weight", {8}, ElementType::f64, std::span<const double>{elements});
  }
  writer.write_file(folder / "model.safetensors");
  BOOST_TEST(has(message(), "tensor 'model.norm.weight': expected finite numbers, found inf"), message());
}
BOOST_FIXTURE_TEST_CASE(integers_are_no_weights, Spoilt) {
  SafetensorsWriter writer;
  const std::vector<std::int64_t> elements(8, 1);
  {
    const TensorFolder tensors{folder.path()};
    for (const std::string& name : tensors.names())
      if (name != "model.norm.weight")
        writer.add(name, tensors.tensor(name).shape, ElementType::f32,
                   [values = tensors.tensor(name).read<float>()](TensorSink& sink) { sink.put(std::span<const float>{values}); });
    writer.add("model.norm.weight", {8}, ElementType::i64, std::span<const std::int64_t>{elements});
  }
  writer.write_file(folder / "model.safetensors");
  BOOST_TEST(has(message(), "tensor 'model.norm.weight': expected floating-point numbers, found I64"), message());
}
BOOST_FIXTURE_TEST_CASE(buffers_and_a_copied_head_are_no_surplus, Spoilt) {
  const LlamaTied tied{model.shape()};
  Parameters<LlamaTied, Backend> tied_weights{tied, Seed{5}};
  std::vector<float> frequencies(2, 1.0F), head;
  const auto write = [&](bool altered) {
    SafetensorsWriter writer;
    const auto tensors = file_tensors(NameTable{llama_names}, tied_weights);
    add_tensors(writer, tensors, ElementType::f32);
    writer.add("model.layers.0.self_attn.rotary_emb.inv_freq", {2}, ElementType::f32, std::span<const float>{frequencies});
    head = tensors.front().parts.front().numbers();
    if (altered) head[3] += 1;
    writer.add("lm_head.weight", {13, 8}, ElementType::f32, std::span<const float>{head});
    writer.write_file(folder / "model.safetensors");
  };
  change_config("tie_word_embeddings", true);
  write(false);
  ModelFolder{folder.path()}.load(tied_weights);
  write(true);
  BOOST_TEST(has(message_of([&] { ModelFolder{folder.path()}.load(tied_weights); }), "tensor 'lm_head.weight' is left over"));
}
BOOST_FIXTURE_TEST_CASE(a_missing_head_means_tied_where_the_configuration_is_silent, Spoilt) {
  change_tensors([](const std::string& name, auto&, auto&) { return name != "lm_head.weight"; });
  BOOST_TEST(has(message(), "tensor 'lm_head.weight' is missing"));
  Json document = read_json(folder / "config.json");
  document.erase("tie_word_embeddings");
  write_json(folder / "config.json", document);
  BOOST_TEST((ModelFolder{folder.path()}.shape<LlamaTied>() == model.shape()));
}
BOOST_FIXTURE_TEST_CASE(another_architecture_is_refused, Spoilt) {
  change_config("model_type", "gpt2");
  BOOST_TEST(has(message(), "config.json: model_type: expected 'llama', found 'gpt2'"), message());
  change_config("model_type", "llama");
  change_config("attention_bias", true);
  BOOST_TEST(has(message(), "config.json: expected attention_bias false, tie_word_embeddings false; found attention_bias true"));
}
BOOST_FIXTURE_TEST_CASE(shards_must_be_whole, Spoilt) {
  split();
  BOOST_REQUIRE(!std::filesystem::exists(folder / "model.safetensors"));
  ModelFolder{folder.path()}.load(weights);
  std::vector<std::filesystem::path> shards;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    if (entry.path().extension() == ".safetensors") shards.push_back(entry.path());
  BOOST_REQUIRE(shards.size() > 2U);
  std::filesystem::resize_file(shards[0], std::filesystem::file_size(shards[0]) - 5);
  BOOST_TEST(has(message(), shards[0].filename().string()), message());
  std::filesystem::remove(shards[0]);
  BOOST_TEST(has(message(), "expected the file '" + shards[0].filename().string() + "', found no such file in the folder"),
             message());
}
BOOST_FIXTURE_TEST_CASE(folders_without_the_files, Spoilt) {
  std::filesystem::remove(folder / "model.safetensors");
  BOOST_TEST(has(message(), "expected model.safetensors or model.safetensors.index.json, found config.json"), message());
  std::filesystem::remove(folder / "config.json");
  BOOST_TEST(has(message(), "config.json: cannot be"), message());
  BOOST_TEST(has(message_of([&] { ModelFolder{folder / "nowhere"}; }),
                 "nowhere: model: expected a folder with config.json and model.safetensors, found nothing of that name"));
  put(folder / "file", "");
  BOOST_TEST(has(message_of([&] { ModelFolder{folder / "file"}; }), "found a file"));
  put(folder / "config.json", "[1]");
  BOOST_TEST(has(message(), "config.json: content: expected a JSON object, found array"), message());
  put(folder / "config.json", "{");
  BOOST_TEST(has(message(), "config.json:1:"), message());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
