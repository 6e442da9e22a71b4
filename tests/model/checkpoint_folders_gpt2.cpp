// GPT-2 and OPT folders there and back.
#include <rondo/model/checkpoint/gpt2.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {
namespace {

// Writes the folder's weights under names without their prefix, with what `add` puts beside them, and reads them again.
template <class Model, class Add>
void without_prefix_there_and_back(const std::string& name, Add add) {
  using Backend = Reference<float>;
  const ModelFolder original{shared("fixtures/" + name)};
  const Model model{original.shape<Model>()};
  const auto weights = original.template parameters<Backend>(model);
  TemporaryFolder folder;
  SaveOptions options = like<Model>(original);
  options.layout = 1;
  const ModelForm form = save_model(folder / "bare", weights, options);
  SafetensorsWriter writer;
  add_tensors(writer, file_tensors(form.names, weights), ElementType::f32);
  add(writer);
  writer.write_file(folder / "bare/model.safetensors");
  const ModelFolder bare{folder / "bare"};
  BOOST_TEST(bare.form<Model>().layout == 1U);
  const auto back = bare.template parameters<Backend>(model);
  BOOST_TEST(std::equal(back.flat().data, back.flat().data + back.flat().size(), weights.flat().data));
  // As it is: without a prefix.
  save_model(folder / "again", back, like<Model>(bare));
  const TensorFolder again{folder / "again"};
  BOOST_TEST(again.names().size() == original.tensors().names().size());
  for (const std::string& tensor : again.names()) BOOST_TEST(bare.tensors().contains(tensor), tensor);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gpt2_folders, *needs_shared("fixtures/gpt2"))

BOOST_AUTO_TEST_CASE(gpt2) {
  round_trip<Gpt2>("gpt2");
}
BOOST_AUTO_TEST_CASE(opt) {
  round_trip<Opt>("opt");
}

// The original files of GPT-2 hold masks beside the weights.
BOOST_AUTO_TEST_CASE(gpt2_without_prefix) {
  const std::vector<float> mask(40 * 40, 1), value{-1e4F};
  without_prefix_there_and_back<Gpt2>("gpt2", [&](SafetensorsWriter& writer) {
    writer.add("h.0.attn.bias", {1, 1, 40, 40}, ElementType::f32, std::span<const float>{mask});
    writer.add("h.1.attn.masked_bias", {1}, ElementType::f32, std::span<const float>{value});
  });
}
BOOST_AUTO_TEST_CASE(opt_without_prefix) {
  without_prefix_there_and_back<Opt>("opt", [](SafetensorsWriter&) {});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
