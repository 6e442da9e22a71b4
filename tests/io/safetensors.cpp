// Safetensors files: what is written reads back; types convert as asked or not at all.
#include <rondo/io/safetensors_writer.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "io/temporary_folder.hpp"
#include "support/shared.hpp"

using namespace rondo;
using namespace rondo::test;

namespace {

std::vector<double> wild_numbers() {
  std::vector<double> numbers{0.0, -0.0, 1.0, -2.5, 1e-40, 3.14159265358979, 65504.0, 1e30, HUGE_VAL, -HUGE_VAL};
  for (int i = 0; i < 5000; ++i) numbers.push_back(std::sin(i * 12.9898) * std::exp2(i % 60 - 30));
  return numbers;
}

template <class T, class U>
bool same_bits(const std::vector<T>& a, const std::vector<U>& b) {
  static_assert(sizeof(T) == sizeof(U));
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(safetensors)

BOOST_AUTO_TEST_CASE(every_number_type_reads_back_as_converted) {
  const TemporaryFolder folder;
  const std::vector<double> numbers = wild_numbers();
  const std::ptrdiff_t count = std::ssize(numbers);
  SafetensorsWriter writer;
  for (const ElementType type : {ElementType::f64, ElementType::f32, ElementType::bf16, ElementType::f16})
    writer.add(std::string(name_of(type)), {count}, type, std::span{numbers});
  writer.write_file(folder / "x.safetensors");
  const SafetensorsFile file{folder / "x.safetensors"};
  BOOST_TEST(same_bits(file.tensor("F64").read<double>(), numbers));
  std::vector<float> floats(numbers.begin(), numbers.end());
  BOOST_TEST(same_bits(file.tensor("F32").read<float>(), floats));
  BOOST_TEST(same_bits(file.tensor("F64").read<float>(), floats));
  std::vector<double> rounded(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) rounded[i] = static_cast<double>(float{bf16{floats[i]}});
  BOOST_TEST(same_bits(file.tensor("BF16").read<double>(), rounded));
  for (std::size_t i = 0; i < numbers.size(); ++i) rounded[i] = static_cast<double>(float{fp16{floats[i]}});
  BOOST_TEST(same_bits(file.tensor("F16").read<double>(), rounded));
  BOOST_TEST(file.tensor("BF16").bytes.size() == 2 * numbers.size());
}

BOOST_AUTO_TEST_CASE(integers_keep_their_value_or_are_refused) {
  const TemporaryFolder folder;
  const std::vector<std::int64_t> ids{0, 1, -1, 70000, std::numeric_limits<std::int32_t>::max()};
  const std::vector<std::int64_t> large{1, std::int64_t{1} << 40};
  SafetensorsWriter writer;
  writer.add("ids", {1, 5}, ElementType::i64, std::span{ids});
  writer.add("narrow", {5}, ElementType::i32, std::span{ids});
  writer.add("large", {2}, ElementType::i64, std::span{large});
  writer.write_file(folder / "x.safetensors");
  const SafetensorsFile file{folder / "x.safetensors"};
  BOOST_TEST((file.tensor("ids").read<std::int64_t>() == ids));
  BOOST_TEST((file.tensor("narrow").read<std::int64_t>() == ids));
  BOOST_TEST((file.tensor("ids").read<std::int32_t>() == std::vector<std::int32_t>(ids.begin(), ids.end())));
  BOOST_TEST(has(message_of([&] { (void)file.tensor("large").read<std::int32_t>(); }),
                 "x.safetensors: tensor 'large': expected numbers of 32 bits, found 1099511627776"));
  BOOST_TEST(has(message_of([&] { (void)file.tensor("ids").read<std::uint32_t>(); }), "found -1"));
  BOOST_TEST(has(message_of([&] { (void)file.tensor("ids").read<float>(); }), "expected floating-point numbers, found I64"));

  SafetensorsWriter wrong;
  wrong.add("large", {2}, ElementType::i32, std::span{large});
  BOOST_TEST(has(message_of([&] { wrong.write_file(folder / "y.safetensors"); }),
                 "tensor 'large': 1099511627776 cannot be written as I32"));
  BOOST_TEST(folder.entries() == 1);
}

BOOST_AUTO_TEST_CASE(the_file_is_what_other_readers_expect) {
  const TemporaryFolder folder;
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const std::vector<std::int64_t> ids{7};
  SafetensorsWriter writer;
  writer.metadata("step", "1000");
  writer.add("half", {3}, ElementType::bf16, std::span{values}.first(3));
  writer.add("matrix", {2, 3}, ElementType::f32, std::span{values});
  writer.add("scalar", {}, ElementType::i64, std::span{ids});
  writer.add("nothing", {0, 4}, ElementType::f32, std::span<const float>{});
  writer.write_file(folder / "x.safetensors");
  const std::string bytes = content(folder / "x.safetensors");
  const std::string header =
      R"({"__metadata__":{"format":"pt","step":"1000"},"scalar":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
      R"("matrix":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},"nothing":{"dtype":"F32","shape":[0,4],"data_offsets":[32,32]},)"
      R"("half":{"dtype":"BF16","shape":[3],"data_offsets":[32,38]}})";
  const std::size_t padded = (header.size() + 7) / 8 * 8;
  BOOST_TEST(bytes.substr(8, padded) == header + std::string(padded - header.size(), ' '));
  BOOST_TEST(bytes.size() == 8 + padded + 38);
  BOOST_TEST(static_cast<unsigned char>(bytes[0]) + 256 * static_cast<unsigned char>(bytes[1]) == static_cast<int>(padded));
  const SafetensorsFile file{folder / "x.safetensors"};
  BOOST_TEST(file.metadata().at("step") == "1000");
  BOOST_TEST(file.tensor("scalar").elements() == 1);
  BOOST_TEST(file.tensor("nothing").elements() == 0);
  BOOST_TEST(file.tensors().front().name == "scalar");
}

BOOST_AUTO_TEST_CASE(views_with_gaps_and_pieces_from_a_callback) {
  const TemporaryFolder folder;
  std::vector<float> memory(40);
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<float>(i);
  const View<const float> matrix{memory.data(), 4, 3, 10};
  SafetensorsWriter writer;
  writer.add("view", {4, 3}, ElementType::f32, matrix);
  writer.add("pieces", {40}, ElementType::f64, [&](TensorSink& sink) {
    for (std::size_t i = 0; i < 4; ++i) sink.put(std::span<const float>{memory}.subspan(10 * i, 10));
  });
  writer.write_file(folder / "x.safetensors");
  const SafetensorsFile file{folder / "x.safetensors"};
  BOOST_TEST((file.tensor("view").read<float>() == std::vector<float>{0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32}));
  BOOST_TEST((file.tensor("pieces").read<float>() == memory));
}

BOOST_AUTO_TEST_CASE(a_writer_refuses_what_would_not_read_back) {
  const TemporaryFolder folder;
  const std::vector<float> values(6);
  SafetensorsWriter writer;
  const auto add = [&](const std::string& name, std::vector<std::ptrdiff_t> shape, ElementType type = ElementType::f32) {
    return message_of([&] { writer.add(name, std::move(shape), type, std::span{values}); });
  };
  BOOST_TEST(add("a", {2, 3}) == "no error");
  BOOST_TEST(has(add("a", {6}), "tensor 'a': the name is taken"));
  BOOST_TEST(has(add("__metadata__", {6}), "the name is taken"));
  BOOST_TEST(has(add("b", {2, 4}), "6 elements given for shape [2, 4]"));
  BOOST_TEST(has(add("b", {-2, -3}), "not a shape: [-2, -3]"));
  BOOST_TEST(has(add("b", {std::ptrdiff_t{1} << 40, std::ptrdiff_t{1} << 40}), "6 elements given"));
  BOOST_TEST(has(add("b", {6}, ElementType::f8_e4m3), "F8_E4M3 cannot be written"));
  writer.add("ids", {6}, ElementType::i64, std::span{values});
  BOOST_TEST(
      has(message_of([&] { writer.write_file(folder / "x"); }), "tensor 'ids': floating-point numbers cannot be written as I64"));

  const auto put = [&](std::size_t count) {
    SafetensorsWriter other;
    other.add("c", {6}, ElementType::f32, [&](TensorSink& sink) {
      sink.put(std::span<const float>(values).first(count));
      sink.put(std::span<const float>(values).first(2));
    });
    return message_of([&] { other.write_file(folder / "x"); });
  };
  BOOST_TEST(put(4) == "no error");
  BOOST_TEST(has(put(3), "tensor 'c': 1 elements of its shape were not put"));
  BOOST_TEST(has(put(5), "tensor 'c': more elements put"));
  SafetensorsWriter broken;
  broken.add("\xff", {6}, ElementType::f32, std::span{values});
  BOOST_TEST(has(message_of([&] { broken.write_file(folder / "y"); }), "header cannot be written"));
  BOOST_TEST(folder.entries() == 1);
}

BOOST_AUTO_TEST_CASE(questions_a_file_cannot_answer) {
  const TemporaryFolder folder;
  const std::vector<float> values(6);
  SafetensorsWriter writer;
  writer.add("model.norm.weight", {2, 3}, ElementType::f32, std::span{values});
  writer.write_file(folder / "x.safetensors");
  SafetensorsFile file{folder / "x.safetensors"};
  const SafetensorsFile moved{std::move(file)};
  BOOST_TEST(moved.contains("model.norm.weight"));
  const StoredTensor& tensor = moved.tensor("model.norm.weight");
  BOOST_TEST(has(message_of([&] { (void)moved.tensor("model.norm.weigth"); }), "did you mean 'model.norm.weight'?"));
  BOOST_TEST(message_of([&] { tensor.require_shape({2, 3}); }) == "no error");
  BOOST_TEST(message_of([&] {
               tensor.require_shape({3, 2});
             }) ==
             (folder / "x.safetensors").string() + ": tensor 'model.norm.weight': expected shape [3, 2], found shape [2, 3]");
  std::vector<float> small(5);
  BOOST_TEST(has(message_of([&] { tensor.read_into(std::span{small}); }), "expected 5 elements, found 6 of shape [2, 3]"));
}

BOOST_AUTO_TEST_CASE(reference_files_load, *needs_shared("fixtures")) {
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(shared("fixtures"))) {
    if (entry.path().extension() != ".safetensors") continue;
    const SafetensorsFile file{entry.path()};
    BOOST_TEST(!file.tensors().empty());
    for (const StoredTensor& tensor : file.tensors()) {
      if (tensor.type == ElementType::i64) {
        BOOST_TEST(std::ssize(tensor.read<std::int64_t>()) == tensor.elements());
      } else {
        int strange = 0;
        for (const double value : tensor.read<double>()) strange += std::isnan(value) || std::abs(value) > 1e6;
        BOOST_TEST(strange == 0, tensor.file << " " << tensor.name);
      }
    }
    ++files;
  }
  BOOST_TEST(files > 40);
}

BOOST_AUTO_TEST_SUITE_END()
