// Safetensors files that lie: each is refused with an Error that says where, and costs neither a crash nor memory.
#include <rondo/io/safetensors.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "io/temporary_folder.hpp"

using namespace rondo;
using namespace rondo::test;

namespace {

std::string file_of(const std::string& header, const std::string& data, std::uint64_t claimed) {
  return std::string(reinterpret_cast<const char*>(&claimed), sizeof(claimed)) + header + data;
}
std::string file_of(const std::string& header, const std::string& data = "") {
  return file_of(header, data, header.size());
}

std::string refusal(const std::string& bytes) {
  return message_of([&] { SafetensorsFile("x.safetensors", std::as_bytes(std::span{bytes})); });
}

// One tensor "w" with these members over `data` bytes of data.
std::string tensor_of(const std::string& members, std::size_t data) {
  return file_of("{\"w\":{" + members + "}}", std::string(data, 'x'));
}

std::string nested(const std::string& open, const std::string& close, int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += open;
  for (int i = 0; i < depth; ++i) text += close;
  return text;
}

const std::string two_tensors = R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                                R"("b":{"dtype":"I64","shape":[1,1],"data_offsets":[8,16]}}  )";

}  // namespace

BOOST_AUTO_TEST_SUITE(safetensors_hostile)

BOOST_AUTO_TEST_CASE(the_honest_file_loads) {
  BOOST_TEST(refusal(file_of(two_tensors, std::string(16, '\0'))) == "no error");
  BOOST_TEST(refusal(file_of("{}")) == "no error");
}

BOOST_AUTO_TEST_CASE(cut_anywhere_or_longer_by_a_byte) {
  const TemporaryFolder folder;
  const std::string bytes = file_of(two_tensors, std::string(16, '\0'));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    put(folder / "x.safetensors", bytes.substr(0, length));
    const std::string message = message_of([&] { SafetensorsFile{folder / "x.safetensors"}; });
    BOOST_TEST(has(message, (folder / "x.safetensors").string()), "cut to " << length << " bytes: " << message);
  }
  BOOST_TEST(has(refusal(bytes + "x"), "data: expected 16 bytes (all tensors together), found 17 bytes"));
}

BOOST_AUTO_TEST_CASE(each_lie_is_named) {
  constexpr std::uint64_t huge = ~std::uint64_t{0};
  const std::string f32 = R"("dtype":"F32",)";
  const struct {
    std::string bytes, message;
  } table[] = {
      {"", "length: expected at least 8 bytes, found 0"},
      {std::string(7, '\0'), "length: expected at least 8 bytes, found 7"},
      {std::string(8, '\0'), "header: expected a JSON object, '{', found nothing"},
      {file_of("{}", "", huge),
       "length of the header: expected at most 2 bytes (what the file holds), found 18446744073709551615"},
      {file_of("{}", "", huge - 8), "length of the header"},
      {file_of("{}", "", std::uint64_t{1} << 63), "length of the header"},
      {file_of("{}", "", 3), "length of the header"},
      {file_of("{}", "", 1), "header:1:2: not JSON"},
      {file_of(" {}"), "header: expected a JSON object, '{', found ' '"},
      {file_of("[]"), "header: expected a JSON object, '{', found '['"},
      {file_of(std::string("\0\0", 2)), "found 'byte 0'"},
      {file_of("{}x"), "header:1:3: not JSON"},
      {file_of(std::string("{}\0", 3)), "header:1:3: not JSON: a zero byte"},
      {file_of("{\"a\":\"\xff\"}"), "ill-formed UTF-8"},
      {file_of("{\"\xc3\x28\":{}}"), "ill-formed UTF-8"},
      {file_of("{\"a\":" + nested("[", "]", 100000) + "}"), "nested deeper than 200 levels"},
      {file_of("{\"a\":" + nested("{\"a\":", "}", 100000) + "}"), "nested deeper than 200 levels"},
      {file_of("{\"a\":" + std::string(1 << 20, '[')), "nested deeper than 200 levels"},
      {file_of(R"({"__metadata__":[]})"), "__metadata__: expected an object of texts, found array"},
      {file_of(R"({"__metadata__":{"step":1}})"), "__metadata__ 'step': expected a text, found number"},
      {file_of(R"({"__metadata__":{},"__metadata__":{}})"), "the key '__metadata__' is given twice"},
      {file_of(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
               "12345678"),
       "the key 'w' is given twice"},
      {file_of(
           R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0077":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
           "12345678"),
       "the key 'w' is given twice"},
      {file_of(R"({"w":null})"), "tensor 'w': expected an object with dtype, shape and data_offsets, found null"},
      {tensor_of(R"("shape":[1],"data_offsets":[0,4])", 4), "tensor 'w': expected a member 'dtype', found none"},
      {tensor_of(R"("dtype":"F32","data_offsets":[0,4])", 4), "expected a member 'shape'"},
      {tensor_of(R"("dtype":"F32","shape":[1])", 4), "expected a member 'data_offsets'"},
      {tensor_of(R"("dtype":"F32","shape":[1],"data_offsets":[0,4],"stride":[1])", 4), "found 'stride'"},
      {tensor_of(R"("dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4])", 4), "the key 'dtype' is given twice"},
      {tensor_of(R"("dtype":"F33","shape":[1],"data_offsets":[0,4])", 4), "expected a dtype such as F32, BF16 or I64, found F33"},
      {tensor_of(R"("dtype":"f32","shape":[1],"data_offsets":[0,4])", 4), "found f32"},
      {tensor_of(R"("dtype":7,"shape":[1],"data_offsets":[0,4])", 4), "expected a dtype such as F32, BF16 or I64, found number"},
      {tensor_of(f32 + R"("shape":1,"data_offsets":[0,4])", 4), "expected shape to be a list, found number"},
      {tensor_of(f32 + R"("shape":[-1],"data_offsets":[0,4])", 4), "expected shape of whole numbers from 0, found -1"},
      {tensor_of(f32 + R"("shape":[1.0],"data_offsets":[0,4])", 4), "expected shape of whole numbers from 0, found 1.0"},
      {tensor_of(f32 + R"("shape":["1"],"data_offsets":[0,4])", 4), "expected shape of whole numbers from 0, found \"1\""},
      {tensor_of(f32 + R"("shape":[true],"data_offsets":[0,4])", 4), "expected shape of whole numbers from 0, found true"},
      {tensor_of(f32 + R"("shape":[[1]],"data_offsets":[0,4])", 4), "expected shape of whole numbers from 0, found [1]"},
      {tensor_of(f32 + R"("shape":[18446744073709551616],"data_offsets":[0,4])", 4), "expected shape of whole numbers from 0"},
      {tensor_of(f32 + R"("shape":[18446744073709551615],"data_offsets":[0,4])", 4), "expected shape of whole numbers from 0"},
      {tensor_of(f32 + R"("shape":[9223372036854775807],"data_offsets":[0,4])", 4),
       "a shape whose size in bytes is a 64-bit number"},
      {tensor_of(f32 + R"("shape":[4294967296,4294967296],"data_offsets":[0,0])", 0),
       "a shape whose size in bytes is a 64-bit number"},
      {tensor_of(f32 + R"("shape":[4294967296,2147483648,2],"data_offsets":[0,4])", 4), "a shape whose size in bytes"},
      {tensor_of(f32 + R"("shape":[1000000000000],"data_offsets":[0,4])", 4),
       "expected 4000000000000 bytes for F32 [1000000000000], found 4 bytes"},
      {tensor_of(f32 + R"("shape":[2],"data_offsets":[0,4])", 4),
       "expected 8 bytes for F32 [2], found 4 bytes at data_offsets [0, 4]"},
      {tensor_of(f32 + R"("shape":[0],"data_offsets":[0,4])", 4), "expected 0 bytes for F32 [0], found 4 bytes"},
      {tensor_of(f32 + R"("shape":[1],"data_offsets":[0])", 4), "data_offsets [begin, end]"},
      {tensor_of(f32 + R"("shape":[1],"data_offsets":[0,4,4])", 4), "data_offsets [begin, end]"},
      {tensor_of(f32 + R"("shape":[1],"data_offsets":[4,0])", 4), "begin <= end <= 4, found [4, 0]"},
      {tensor_of(f32 + R"("shape":[1],"data_offsets":[-4,0])", 4), "expected data_offsets of whole numbers from 0, found -4"},
      {tensor_of(f32 + R"("shape":[1],"data_offsets":[4,8])", 4), "begin <= end <= 4, found [4, 8]"},
      {tensor_of(f32 + R"("shape":[1],"data_offsets":[9223372036854775803,9223372036854775807])", 4), "begin <= end <= 4"},
      {tensor_of(f32 + R"("shape":[1],"data_offsets":[0,4])", 5), "data: expected 4 bytes (all tensors together), found 5 bytes"},
      {tensor_of(f32 + R"("shape":[1],"data_offsets":[1,5])", 5),
       "expected its data to begin at 0, where the tensor before it ends, found its beginning at 1 (a gap)"},
      {file_of(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[3],"data_offsets":[2,5]}})",
               "12345"),
       "tensor 'b': expected its data to begin at 3, where the tensor before it ends, found its beginning at 2 (an overlap)"},
      {file_of(R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}})",
               "12345"),
       "(an overlap)"},
      {file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}})",
               "12345"),
       "(a gap)"},
      {file_of(R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}})",
               "12345"),
       "tensor 'b': expected its data to begin at 5"},
      {file_of("{}", "x"), "data: expected 0 bytes (all tensors together), found 1 bytes"},
  };
  for (const auto& [bytes, expected] : table) {
    const std::string message = refusal(bytes);
    BOOST_TEST(has(message, expected), "expected: " << expected << "\n     found: " << message);
    BOOST_TEST(message.starts_with("x.safetensors"));
    BOOST_TEST(message.size() < 600u);
  }
}

BOOST_AUTO_TEST_CASE(claims_cost_no_memory) {
  struct rusage before {};
  ::getrusage(RUSAGE_SELF, &before);
  for (int i = 0; i < 200; ++i) {
    BOOST_TEST(refusal(tensor_of(R"("dtype":"F64","shape":[1000000000],"data_offsets":[0,8000000000])", 8)) != "no error");
    BOOST_TEST(refusal(file_of("{}", "", std::uint64_t{1} << 33)) != "no error");
  }
  struct rusage after {};
  ::getrusage(RUSAGE_SELF, &after);
  BOOST_TEST(after.ru_maxrss - before.ru_maxrss < 50000);  // kilobytes
}

BOOST_AUTO_TEST_CASE(elements_need_not_be_aligned) {
  const std::string header =
      R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F64","shape":[1],"data_offsets":[1,9]}})";
  const double value = -1234.5;
  const std::string bytes = file_of(header, "x" + std::string(reinterpret_cast<const char*>(&value), sizeof(value)));
  const SafetensorsFile file{"x", std::as_bytes(std::span{bytes})};
  BOOST_TEST(file.tensor("b").read<double>().front() == value);
}

BOOST_AUTO_TEST_SUITE_END()
