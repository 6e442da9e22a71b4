// Safetensors files, read: named tensors in a memory-mapped file.
//
//   SafetensorsFile file{"model.safetensors"};
//   const StoredTensor& head = file.tensor("lm_head.weight");          // {name, type, shape, bytes}
//   head.require_shape({8192, 256});
//   head.read_into(std::span<float>{weights, 8192 * 256});             // from F64, F32, F16, BF16
//   std::vector<std::int64_t> ids = file.tensor("input_ids").read<std::int64_t>();
//
// The format: 8 bytes little-endian n, n bytes of JSON, then the data. The JSON object maps each name to
// {"dtype", "shape", "data_offsets": [begin, end]}, offsets counted from the start of the data, and may map
// "__metadata__" to texts. Elements are little-endian and row-major; the tensors cover the data without gap or overlap.
//
// The constructor checks the whole header: nothing of a file that is wrong anywhere is ever handed out, and no memory is
// taken for what the header only claims. Errors name the file, the tensor, what was expected and what was found.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/half.hpp>
#include <rondo/core/view.hpp>
#include <rondo/io/element_type.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/mapped_file.hpp>
#include <rondo/io/nearest_word.hpp>

namespace rondo {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian and read as it lies");

// "[8192, 256]"
inline std::string shape_text(std::span<const Index> shape) {
  std::string text = "[";
  for (const Index size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

struct StoredTensor {
  std::string file;
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<Index> shape;
  std::span<const std::byte> bytes;  // in the mapped file, not aligned

  [[nodiscard]] Index elements() const { return static_cast<Index>(bytes.size() / bytes_of(type)); }

  // An error about this tensor: "FILE: tensor 'NAME': expected ..., found ...".
  [[nodiscard]] Error mismatch(std::string_view expected, std::string_view found) const {
    return Error(file, "tensor '" + name + "'", expected, found);
  }
  void require_shape(std::span<const Index> expected) const {
    if (!std::equal(shape.begin(), shape.end(), expected.begin(), expected.end()))
      throw mismatch("shape " + shape_text(expected), "shape " + shape_text(shape));
  }
  void require_shape(std::initializer_list<Index> expected) const { require_shape(std::span<const Index>{expected}); }

  // All elements in row-major order. Floating-point elements convert to any floating-point type, integers to any integer
  // type that can hold each of them.
  template <class T>
  void read_into(std::span<T> target) const {
    if (std::ssize(target) != elements())
      throw mismatch(std::to_string(target.size()) + " elements", std::to_string(elements()) + " of shape " + shape_text(shape));
    if (!is_number(type) || is_floating(type) != is_floating_element<T>)
      throw mismatch(is_floating_element<T> ? "floating-point numbers" : "integers", name_of(type));
    visit_element_type<T>(type, [&](auto element) { read_as<decltype(element)>(target); });
  }
  template <class T>
  [[nodiscard]] std::vector<T> read() const {
    std::vector<T> result(static_cast<std::size_t>(elements()));
    read_into(std::span<T>{result});
    return result;
  }

 private:
  template <class From, class T>
  void read_as(std::span<T> target) const {
    constexpr std::size_t piece = 2048;
    From buffer[piece];
    for (std::size_t begin = 0; begin < target.size(); begin += piece) {
      const std::size_t count = std::min(piece, target.size() - begin);
      std::memcpy(buffer, bytes.data() + begin * sizeof(From), count * sizeof(From));
      const std::size_t good = convert_stored(std::span<const From>{buffer, count}, target.subspan(begin, count));
      if (good != count) throw does_not_fit(8 * sizeof(T), std::to_string(+buffer[good]));
    }
  }
  [[nodiscard]] Error does_not_fit(std::size_t bits, const std::string& number) const {
    return mismatch("numbers of " + std::to_string(bits) + " bits", number);
  }
};

class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path) : SafetensorsFile(MappedFile{path}) {}
  explicit SafetensorsFile(MappedFile file) : file_(std::move(file)) { parse(file_.path().string(), file_.bytes()); }
  // A file that lies in memory, which must outlive this; `name` is what messages call it.
  SafetensorsFile(const std::string& name, std::span<const std::byte> bytes) { parse(name, bytes); }

  // In the order of the header.
  [[nodiscard]] const std::vector<StoredTensor>& tensors() const { return tensors_; }
  // The texts of "__metadata__".
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const StoredTensor* find(const std::string& name) const {
    const auto place = places_.find(name);
    return place == places_.end() ? nullptr : &tensors_[place->second];
  }
  [[nodiscard]] bool contains(const std::string& name) const { return find(name) != nullptr; }
  [[nodiscard]] const StoredTensor& tensor(const std::string& name) const {
    const StoredTensor* found = find(name);
    if (found == nullptr) {
      std::vector<std::string> names;
      for (const StoredTensor& each : tensors_) names.push_back(each.name);
      throw error(name_, ": no tensor '", name, "' among ", names.size(), did_you_mean(name, names));
    }
    return *found;
  }

 private:
  void parse(const std::string& name, std::span<const std::byte> bytes) {
    name_ = name;
    std::uint64_t header_bytes = 0;
    constexpr std::size_t prefix = sizeof(header_bytes);
    if (bytes.size() < prefix) throw Error(name_, "length", "at least 8 bytes", std::to_string(bytes.size()));
    std::memcpy(&header_bytes, bytes.data(), prefix);
    if (header_bytes > bytes.size() - prefix)
      throw Error(name_, "length of the header",
                  "at most " + std::to_string(bytes.size() - prefix) + " bytes (what the file holds)",
                  std::to_string(header_bytes));
    const std::string_view text{reinterpret_cast<const char*>(bytes.data()) + prefix, static_cast<std::size_t>(header_bytes)};
    if (!text.starts_with('{'))
      throw Error(name_, "header", "a JSON object, '{'", text.empty() ? "nothing" : "'" + printable(text[0]) + "'");
    const Json header = parse_json(text, name_ + ": header");
    const auto data = bytes.subspan(prefix + static_cast<std::size_t>(header_bytes));
    tensors_.reserve(header.size());
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__")
        parse_metadata(value);
      else
        parse_tensor(key, value, data);
    }
    for (std::size_t i = 0; i < tensors_.size(); ++i) places_.emplace(tensors_[i].name, i);
    check_coverage(data);
  }

  void parse_metadata(const Json& metadata) {
    if (!metadata.is_object()) throw Error(name_, "__metadata__", "an object of texts", metadata.type_name());
    for (const auto& [key, value] : metadata.items()) {
      if (!value.is_string()) throw Error(name_, "__metadata__ '" + key + "'", "a text", value.type_name());
      metadata_.emplace(key, value.get<std::string>());
    }
  }

  void parse_tensor(const std::string& key, const Json& entry, std::span<const std::byte> data) {
    StoredTensor tensor;
    tensor.file = name_;
    tensor.name = key;
    if (!entry.is_object()) throw tensor.mismatch("an object with dtype, shape and data_offsets", entry.type_name());
    for (const auto& [member, value] : entry.items())
      if (member != "dtype" && member != "shape" && member != "data_offsets")
        throw tensor.mismatch("dtype, shape and data_offsets", "'" + member + "'");
    const auto member = [&](const char* member_name) -> const Json& {
      const auto found = entry.find(member_name);
      if (found == entry.end()) throw tensor.mismatch(std::string("a member '") + member_name + "'", "none");
      return *found;
    };
    const Json& type = member("dtype");
    const auto known = type.is_string() ? element_type_named(type.get_ref<const std::string&>()) : std::nullopt;
    if (!known)
      throw tensor.mismatch("a dtype such as F32, BF16 or I64", type.is_string() ? type.get<std::string>() : type.type_name());
    tensor.type = *known;

    const auto whole_numbers = [&](const char* member_name) {
      const Json& list = member(member_name);
      if (!list.is_array()) throw tensor.mismatch(std::string(member_name) + " to be a list", list.type_name());
      std::vector<Index> numbers;
      for (const Json& each : list) {
        if (!each.is_number_unsigned() || !std::in_range<Index>(each.get<std::uint64_t>()))
          throw tensor.mismatch(std::string(member_name) + " of whole numbers from 0", each.dump());
        numbers.push_back(static_cast<Index>(each.get<std::uint64_t>()));
      }
      return numbers;
    };
    tensor.shape = whole_numbers("shape");
    const std::vector<Index> offsets = whole_numbers("data_offsets");
    const Index data_bytes = std::ssize(data);
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data_bytes)
      throw tensor.mismatch("data_offsets [begin, end] with begin <= end <= " + std::to_string(data_bytes), shape_text(offsets));
    Index expected_bytes = static_cast<Index>(bytes_of(tensor.type));
    for (const Index size : tensor.shape)
      if (__builtin_mul_overflow(expected_bytes, size, &expected_bytes))
        throw tensor.mismatch("a shape whose size in bytes is a 64-bit number", shape_text(tensor.shape));
    if (expected_bytes != offsets[1] - offsets[0])
      throw tensor.mismatch(
          std::to_string(expected_bytes) + " bytes for " + std::string(name_of(tensor.type)) + " " + shape_text(tensor.shape),
          std::to_string(offsets[1] - offsets[0]) + " bytes at data_offsets " + shape_text(offsets));
    tensor.bytes = data.subspan(static_cast<std::size_t>(offsets[0]), static_cast<std::size_t>(expected_bytes));
    tensors_.push_back(std::move(tensor));
  }

  // In the order of their places, each tensor begins where the one before ends, and the last ends with the file.
  void check_coverage(std::span<const std::byte> data) const {
    std::vector<const StoredTensor*> order;
    for (const StoredTensor& tensor : tensors_) order.push_back(&tensor);
    const auto begin = [&](const StoredTensor* tensor) { return tensor->bytes.data() - data.data(); };
    std::sort(order.begin(), order.end(), [&](const StoredTensor* a, const StoredTensor* b) {
      return std::pair{begin(a), a->bytes.size()} < std::pair{begin(b), b->bytes.size()};
    });
    Index end = 0;
    for (const StoredTensor* tensor : order) {
      if (begin(tensor) != end)
        throw tensor->mismatch(
            "its data to begin at " + std::to_string(end) + ", where the tensor before it ends",
            "its beginning at " + std::to_string(begin(tensor)) + (begin(tensor) < end ? " (an overlap)" : " (a gap)"));
      end += std::ssize(tensor->bytes);
    }
    if (end != std::ssize(data))
      throw Error(name_, "data", std::to_string(end) + " bytes (all tensors together)", std::to_string(data.size()) + " bytes");
  }

  static std::string printable(char letter) {
    const bool plain = letter >= ' ' && letter <= '~';
    return plain ? std::string(1, letter) : "byte " + std::to_string(static_cast<unsigned char>(letter));
  }

  MappedFile file_;
  std::string name_;
  std::vector<StoredTensor> tensors_;
  std::map<std::string, std::size_t> places_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace rondo
