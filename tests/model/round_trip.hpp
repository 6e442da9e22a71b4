// A published folder read, written and read again must be the same folder.
#pragma once

#include <boost/test/unit_test.hpp>

#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/writer.hpp>

#include "io/temporary_folder.hpp"
#include "support/shared.hpp"

namespace rondo::test {

inline void same_tensors(const TensorFolder& expected, const TensorFolder& found) {
  BOOST_TEST(expected.names().size() == found.names().size());
  for (const std::string& name : expected.names()) {
    const StoredTensor &a = expected.tensor(name), &b = found.tensor(name);
    BOOST_TEST(a.shape == b.shape, boost::test_tools::per_element());
    BOOST_TEST((a.type == b.type && std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end())), name);
  }
}

template <class Model>
void round_trip(const std::filesystem::path& place) {
  using Backend = Reference<float>;
  const ModelFolder original{place};
  const Model model{original.shape<Model>()};
  const auto weights = original.template parameters<Backend>(model);
  TemporaryFolder folder;
  put(folder / "tokenizer.json", "{}");

  // in one file, as the folder it came from
  save_model(folder / "same", weights, like<Model>(original));
  const ModelFolder same{folder / "same"};
  same_tensors(original.tensors(), same.tensors());
  BOOST_TEST(same.config().document == original.config().document);
  BOOST_TEST((same.shape<Model>() == model.shape()));
  Parameters<Model, Backend> again{model};
  same.load(again);
  BOOST_TEST(std::equal(again.flat().data, again.flat().data + again.flat().size(), weights.flat().data));

  // in shards, with a configuration of rondo's own making and a tokenizer beside it
  save_model(folder / "shards", weights, {.shards = {20000}, .tokenizer = folder.path()});
  BOOST_TEST(std::filesystem::exists(folder / "shards/model.safetensors.index.json"));
  BOOST_TEST(std::filesystem::exists(folder / "shards/tokenizer.json"));
  const ModelFolder shards{folder / "shards"};
  BOOST_TEST(shards.tensors().files().size() > 1U);
  BOOST_TEST((shards.shape<Model>() == model.shape()));
  BOOST_TEST(shards.config().model_type() == original.config().model_type());
  shards.load(again);
  BOOST_TEST(std::equal(again.flat().data, again.flat().data + again.flat().size(), weights.flat().data));

  // in bf16: what is read is what bf16 keeps
  save_model(folder / "small", weights, {.type = ElementType::bf16});
  const ModelFolder small{folder / "small"};
  BOOST_TEST(small.config().document.at("dtype") == "bfloat16");
  small.load(again);
  for (Index i = 0; i < again.flat().size(); ++i) {
    const float exact = weights.flat().data[i];
    BOOST_TEST(std::abs(again.flat().data[i] - exact) <= std::abs(exact) / 256);
  }
}

template <class Model>
void round_trip(const char* name) {
  round_trip<Model>(shared(std::string("fixtures/") + name));
}

}  // namespace rondo::test
