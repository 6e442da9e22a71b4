// TensorFolder: sharded checkpoints, and indices that do not tell the truth.
#include <rondo/io/tensor_folder.hpp>

#include <boost/test/unit_test.hpp>

#include <rondo/io/safetensors_writer.hpp>
#include <vector>

#include "io/temporary_folder.hpp"

using namespace rondo;
using namespace rondo::test;

namespace {

// Tensors t0, t1 ... of `count` floats each, tensor i filled with i.
struct Tensors {
  Tensors(int number, std::size_t count) {
    for (int i = 0; i < number; ++i) values.emplace_back(count, static_cast<float>(i));
    for (int i = 0; i < number; ++i)
      writer.add("t" + std::to_string(i), {static_cast<std::ptrdiff_t>(count)}, ElementType::f32,
                 std::span{values[static_cast<std::size_t>(i)]});
  }
  std::vector<std::vector<float>> values;
  SafetensorsWriter writer;
};

void check(const std::filesystem::path& folder, const Tensors& tensors) {
  const TensorFolder checkpoint{folder};
  BOOST_TEST(checkpoint.names().size() == tensors.values.size());
  for (std::size_t i = 0; i < tensors.values.size(); ++i)
    BOOST_TEST((checkpoint.tensor("t" + std::to_string(i)).read<float>() == tensors.values[i]));
}
std::string refusal(const std::filesystem::path& folder) {
  return message_of([&] { TensorFolder{folder}; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tensor_folder)

BOOST_AUTO_TEST_CASE(a_folder_of_pickles_says_how_to_convert_it) {
  const TemporaryFolder folder;
  put(folder / "config.json", "{}");
  BOOST_TEST(!has(refusal(folder.path()), "convert"));
  for (const char* name : {"pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json"}) put(folder / name, "x");
  const std::string message = refusal(folder.path());
  BOOST_TEST(has(message, "expected model.safetensors or model.safetensors.index.json, found config.json, pytorch_model-00001-of"));
  BOOST_TEST(has(message, "convert it: python3 -c \"import sys, glob, torch; from safetensors.torch import save_file; "));
  BOOST_TEST(has(message, " '" + folder.path().string() + "'"));
  BOOST_TEST(!has(message, "\n"));
  Tensors{1, 2}.writer.write_folder(folder.path());
  BOOST_TEST(refusal(folder.path()) == "no error");
}
BOOST_AUTO_TEST_CASE(names_end_where_they_end) {
  const TemporaryFolder folder;
  Tensors{4, 100}.writer.write_folder(folder.path(), ShardLimit{1000});
  Json index = read_json(folder / "model.safetensors.index.json");
  std::string name = index["weight_map"]["t0"];
  name += '\0';
  for (auto& [tensor, file] : index["weight_map"].items())
    if (file == index["weight_map"]["t0"] && tensor != "t0") file = name + "x";
  index["weight_map"]["t0"] = name + "x";
  write_json(folder / "model.safetensors.index.json", index);
  BOOST_TEST(has(refusal(folder.path()), "expected the name of a file in the same folder"));
  BOOST_TEST(has(message_of([&] { MappedFile{folder / name}; }), "without a zero byte"));
}
BOOST_AUTO_TEST_CASE(one_file_or_many) {
  const TemporaryFolder folder;
  Tensors tensors{10, 100};
  tensors.writer.write_folder(folder.path());
  BOOST_TEST(std::filesystem::exists(folder / "model.safetensors"));
  BOOST_TEST(folder.entries() == 1);
  check(folder.path(), tensors);
  check(folder / "model.safetensors", tensors);

  put(folder / "config.json", "{}");
  tensors.writer.write_folder(folder.path(), ShardLimit{1000});  // two tensors of 400 bytes a shard
  BOOST_TEST(folder.entries() == 7);
  BOOST_TEST(!std::filesystem::exists(folder / "model.safetensors"));
  BOOST_TEST(std::filesystem::exists(folder / "model-00005-of-00005.safetensors"));
  const Json document = read_json(folder / "model.safetensors.index.json");
  BOOST_TEST(document["metadata"]["total_size"].get<int>() == 4000);
  BOOST_TEST(document["weight_map"]["t3"].get<std::string>() == "model-00002-of-00005.safetensors");
  check(folder.path(), tensors);

  Tensors fewer{3, 100};
  fewer.writer.write_folder(folder.path(), ShardLimit{1});  // a tensor larger than the limit has a shard of its own
  BOOST_TEST(folder.entries() == 5);
  check(folder.path(), fewer);
  fewer.writer.write_folder(folder.path());
  BOOST_TEST(folder.entries() == 2);
  check(folder.path(), fewer);
}

BOOST_AUTO_TEST_CASE(a_failing_tensor_leaves_the_old_checkpoint) {
  const TemporaryFolder folder;
  Tensors tensors{4, 100};
  tensors.writer.write_folder(folder.path(), ShardLimit{800});
  Tensors others{4, 100};
  others.writer.add("bad", {1}, ElementType::f32, [](TensorSink&) {});
  BOOST_TEST(has(message_of([&] { others.writer.write_folder(folder.path(), ShardLimit{800}); }), "tensor 'bad'"));
  BOOST_TEST(folder.entries() == 3);
  check(folder.path(), tensors);
}

BOOST_AUTO_TEST_CASE(folders_without_a_checkpoint) {
  const TemporaryFolder folder;
  BOOST_TEST(has(refusal(folder.path()), "expected model.safetensors or model.safetensors.index.json, found an empty folder"));
  put(folder / "pytorch_model.bin", "x");
  put(folder / "config.json", "{}");
  BOOST_TEST(has(refusal(folder.path()), "found config.json, pytorch_model.bin"));
  BOOST_TEST(has(refusal(folder / "missing"), "missing: cannot be read: No such file"));
  put(folder / "model.safetensors", "x");
  BOOST_TEST(has(refusal(folder.path()), "model.safetensors: length: expected at least 8 bytes, found 1"));
}

BOOST_AUTO_TEST_CASE(an_index_that_lies_is_refused) {
  const TemporaryFolder folder;
  Tensors tensors{4, 100};
  tensors.writer.write_folder(folder.path(), ShardLimit{800});
  const std::filesystem::path index_file = folder / "model.safetensors.index.json";
  const Json honest = read_json(index_file);
  const std::string first = "model-00001-of-00002.safetensors", second = "model-00002-of-00002.safetensors";
  const auto changed = [&](auto change) {
    Json document = honest;
    change(document["weight_map"]);
    write_json(index_file, document);
    return refusal(folder.path());
  };
  BOOST_TEST(changed([](Json&) {}) == "no error");
  BOOST_TEST(has(changed([&](Json& map) { map["extra"] = first; }),
                 "index.json: tensor 'extra': expected it in '" + first + "', found no such tensor in that file"));
  BOOST_TEST(has(changed([&](Json& map) { map["t0"] = second; }),
                 "tensor 't0': expected the file '" + first + "', which holds it, found '" + second + "'"));
  BOOST_TEST(has(changed([&](Json& map) { map.erase("t0"); }),
                 "tensor 't0' of '" + first + "': expected it in the index, found no such name"));
  BOOST_TEST(has(changed([&](Json& map) { map["t0"] = "model-00003-of-00003.safetensors"; }), "no such file in the folder"));
  BOOST_TEST(
      has(changed([&](Json& map) { map["t0"] = "../" + first; }), "expected the name of a file in the same folder, found \"../"));
  BOOST_TEST(
      has(changed([&](Json& map) { map["t0"] = (folder / first).string(); }), "expected the name of a file in the same folder"));
  BOOST_TEST(has(changed([&](Json& map) { map["t0"] = ".."; }), "expected the name of a file in the same folder"));
  BOOST_TEST(has(changed([&](Json& map) { map["t0"] = 7; }), "expected the name of a file in the same folder, found 7"));
  BOOST_TEST(has(changed([&](Json& map) { map = Json::array(); }), "expected an object 'weight_map'"));
  put(index_file, "[]");
  BOOST_TEST(has(refusal(folder.path()), "expected an object 'weight_map'"));
  put(index_file, R"({"weight_map": {"t0": "a", "t0": "b"}})");
  BOOST_TEST(has(refusal(folder.path()), "the key 't0' is given twice"));

  // A tensor in two shards.
  write_json(index_file, honest);
  std::filesystem::copy_file(folder / first, folder / second, std::filesystem::copy_options::overwrite_existing);
  BOOST_TEST(has(refusal(folder.path()), "tensor 't"));
}

BOOST_AUTO_TEST_CASE(a_name_nobody_has) {
  const TemporaryFolder folder;
  Tensors tensors{2, 3};
  tensors.writer.write_folder(folder.path());
  const TensorFolder checkpoint{folder.path()};
  BOOST_TEST(!checkpoint.contains("t9"));
  BOOST_TEST(has(message_of([&] { (void)checkpoint.tensor("weights"); }), "no tensor 'weights' among 2"));
}

BOOST_AUTO_TEST_SUITE_END()
