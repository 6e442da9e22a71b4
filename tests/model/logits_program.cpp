// The program `logits`: what it writes, and which inputs it refuses.
#include <rondo/app/logits.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>
#include <rondo/model/checkpoint/xlstm.hpp>
#include <rondo/model/checkpoint/writer.hpp>

#include <boost/test/unit_test.hpp>

#include "io/temporary_folder.hpp"
#include "support/shared.hpp"

namespace rondo::test {
namespace {

using Backend = Reference<double>;

void write_in_double(const app::LogitsOptions& options) {
  app::CommonOptions common;
  common.backend = "reference";
  app::write_logits({app::serve<Hgrn2>()}, options, common);
}

void write_ids(const std::filesystem::path& file, std::vector<Index> shape, const std::vector<std::int64_t>& ids,
               const std::string& name = "input_ids") {
  SafetensorsWriter writer;
  writer.add(name, std::move(shape), ElementType::i64, std::span<const std::int64_t>{ids});
  writer.write_file(file);
}

struct Folder {
  TemporaryFolder folder;
  Folder() {
    // epsilons alike: the layout with one matrix for gate and up
    const Shape shape{.vocabulary = 11, .width = 8, .depth = 2, .heads = 2, .mlp_width = 6, .mixer_norm_epsilon = 1e-6};
    const Hgrn2 model{shape};
    save_model(folder / "model", Parameters<Hgrn2, Backend>{model, Seed{1}});
  }
  void run(bool gradients = true) {
    write_in_double({folder / "model", folder / "x.safetensors", folder / "y.safetensors", gradients});
  }
  std::string refusal() {
    const std::string message = message_of([&] { run(); });
    BOOST_TEST(!std::filesystem::exists(folder / "y.safetensors"));
    return message;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(logits_program)

BOOST_AUTO_TEST_CASE(a_run_takes_the_epsilon_of_published_models_unless_it_says_one) {
  const auto epsilon = [](const CompositionFiles& files, const std::vector<std::string>& settings) {
    std::vector<app::ServedModel> served(1);
    served[0].files = files;
    app::RunDescription run = app::run_from_settings(settings);
    app::choose(served, run);
    return run.shape.norm_epsilon;
  };
  BOOST_TEST(epsilon(composition_files<Xlstm>(), {}) == 1e-5);
  BOOST_TEST(epsilon(composition_files<Xlstm>(), {"shape.norm_epsilon=1e-6"}) == 1e-6);
  BOOST_TEST(epsilon(composition_files<Hgrn2>(), {}) == 1e-6);
}
BOOST_FIXTURE_TEST_CASE(writes_logits_loss_and_gradients, Folder) {
  write_ids(folder / "x.safetensors", {2, 3}, {1, 2, 3, 10, 0, 5});
  run();
  const SafetensorsFile output{folder / "y.safetensors"};
  output.tensor("logits").require_shape({2, 3, 11});
  output.tensor("loss").require_shape({1});
  const TensorFolder model{folder / "model"};
  BOOST_TEST(output.tensors().size() == model.names().size() + 2);
  for (const std::string& name : model.names()) output.tensor("grad." + name).require_shape(model.tensor(name).shape);
  BOOST_TEST(!output.contains("grad.model.layers.0.mlp.up_proj.weight"));
  for (const StoredTensor& tensor : output.tensors()) BOOST_TEST((tensor.type == ElementType::f32));
}
BOOST_FIXTURE_TEST_CASE(writes_logits_alone, Folder) {
  write_ids(folder / "x.safetensors", {2, 3}, {1, 2, 3, 10, 0, 5});
  run(false);
  BOOST_TEST(SafetensorsFile{folder / "y.safetensors"}.tensors().size() == 1U);
  write_ids(folder / "x.safetensors", {3, 1}, {1, 2, 3});
  run(true);
  const SafetensorsFile output{folder / "y.safetensors"};
  BOOST_TEST(output.tensors().size() == 1U);
  output.tensor("logits").require_shape({3, 1, 11});
}
BOOST_FIXTURE_TEST_CASE(a_sequence_does_not_see_the_others, Folder) {
  write_ids(folder / "x.safetensors", {2, 3}, {1, 2, 3, 10, 0, 5});
  run(false);
  const auto both = SafetensorsFile{folder / "y.safetensors"}.tensor("logits").read<float>();
  write_ids(folder / "x.safetensors", {1, 3}, {10, 0, 5});
  run(false);
  const auto second = SafetensorsFile{folder / "y.safetensors"}.tensor("logits").read<float>();
  BOOST_TEST(std::vector<float>(both.begin() + 33, both.end()) == second, boost::test_tools::per_element());
}
BOOST_FIXTURE_TEST_CASE(refuses_ids_it_cannot_read, Folder) {
  const std::filesystem::path input = folder / "x.safetensors";
  write_ids(input, {1, 3}, {1, 11, 3});
  BOOST_TEST(has(refusal(), "tensor 'input_ids': expected ids from 0 to 10 (the model's vocabulary), found 11 at place 1"));
  write_ids(input, {1, 3}, {1, 2, -1});
  BOOST_TEST(has(refusal(), "found -1 at place 2"));
  write_ids(input, {3}, {1, 2, 3});
  BOOST_TEST(has(refusal(), "tensor 'input_ids': expected shape [sequences, length], neither 0, found shape [3]"));
  write_ids(input, {2, 0}, {});
  BOOST_TEST(has(refusal(), "found shape [2, 0]"));
  write_ids(input, {1, 3}, {1, 2, 3}, "ids");
  BOOST_TEST(has(refusal(), "x.safetensors: no tensor 'input_ids'"));
  SafetensorsWriter writer;
  const std::vector<float> numbers{1, 2};
  writer.add("input_ids", {1, 2}, ElementType::f32, std::span<const float>{numbers});
  writer.write_file(input);
  BOOST_TEST(has(refusal(), "tensor 'input_ids': expected integers, found F32"));
}

BOOST_AUTO_TEST_CASE(gives_the_reference_values, *needs_shared("fixtures/hgrn2_fused_mlp")) {
  TemporaryFolder folder;
  const std::filesystem::path fixture = shared("fixtures/hgrn2_fused_mlp");
  write_in_double({fixture, fixture / "golden.safetensors", folder / "y.safetensors", true});
  const SafetensorsFile golden{fixture / "golden.safetensors"}, found{folder / "y.safetensors"};
  BOOST_TEST(golden.tensors().size() == found.tensors().size() + 1);  // input_ids
  for (const StoredTensor& tensor : found.tensors()) {
    golden.tensor(tensor.name).require_shape(tensor.shape);
    const auto expected = golden.tensor(tensor.name).read<float>(), values = tensor.read<float>();
    for (std::size_t i = 0; i < values.size(); ++i)
      BOOST_TEST(std::abs(values[i] - expected[i]) <= 1e-6F * (1 + std::abs(expected[i])));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
