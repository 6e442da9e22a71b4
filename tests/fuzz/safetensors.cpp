// Any bytes as a safetensors file: header, and every element of every tensor.
#include <rondo/io/safetensors.hpp>

#include <cstdint>
#include <cstring>

#include "fuzz/target.hpp"

namespace rondo::fuzz {

bool read(std::string_view bytes) {
  try {
    const SafetensorsFile file{"x.safetensors", std::as_bytes(std::span{bytes})};
    for (const StoredTensor& tensor : file.tensors()) {
      if (&file.tensor(tensor.name) != &tensor) std::abort();
      if (!is_number(tensor.type)) continue;
      if (is_floating(tensor.type)) {
        if (std::ssize(tensor.read<float>()) != tensor.elements()) std::abort();
      } else {
        try {
          (void)tensor.read<std::int32_t>();
        } catch (const Error&) {
          (void)tensor.read<std::int64_t>();
        }
      }
    }
  } catch (const Error&) {
    return false;
  }
  return true;
}

std::vector<std::string> seeds() {
  const auto file = [](const std::string& header, std::size_t data_bytes) {
    const std::uint64_t size = header.size();
    std::string data(data_bytes, '\0');
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 37 % 128);
    return std::string(reinterpret_cast<const char*>(&size), sizeof(size)) + header + data;
  };
  return {
      file("{}", 0),
      file(R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})", 24),
      file(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[4],"data_offsets":[8,16]},)"
           R"("b":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"c":{"dtype":"U8","shape":[0,7],"data_offsets":[16,16]}}    )",
           16),
      file(R"({"model.layers.0.\u0061ttn":{"dtype":"F64","shape":[1,1,2],"data_offsets":[0,16]},)"
           R"("i":{"dtype":"I32","shape":[3],"data_offsets":[16,28]},"f":{"dtype":"F16","shape":[3],"data_offsets":[28,34]},)"
           R"("t":{"dtype":"BOOL","shape":[1],"data_offsets":[34,35]}})",
           35),
  };
}

}  // namespace rondo::fuzz
