// Safetensors files, written.
//
//   SafetensorsWriter writer;                                            // "__metadata__": {"format": "pt"}
//   writer.metadata("step", "1000");
//   writer.add("lm_head.weight", {8192, 256}, ElementType::bf16, weights);      // a View or a span of float, double ...
//   writer.add("input_ids", {2, 64}, ElementType::i64, [&](TensorSink& sink) {  // or whoever puts the elements in pieces
//     for (const auto& line : lines) sink.put(std::span<const std::int64_t>{line});
//   });
//   writer.write_file("model.safetensors");
//   writer.write_folder("checkpoint", ShardLimit{5'000'000'000});        // model.safetensors or shards with their index
//
// add() copies no elements: they are read while the file is written, which also converts them to the type asked for
// (floating-point to floating-point, integers to integers, each of which must fit). The data begins 8-byte aligned and
// wider elements come first, so that every tensor is aligned. Files appear complete or not at all (AtomicFile).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/half.hpp>
#include <rondo/core/view.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/element_type.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/safetensors.hpp>

namespace rondo {

// Takes the elements of one tensor in row-major order, in as many pieces as one likes.
class TensorSink {
 public:
  TensorSink(AtomicFile& file, std::string name, ElementType type, Index elements)
      : file_(file), name_(std::move(name)), type_(type), missing_(elements) {}

  template <class T>
  void put(std::span<const T> elements) {
    missing_ -= std::ssize(elements);
    require(missing_ >= 0, place(), "more elements put than its shape has");
    if (is_floating(type_) != is_floating_element<T>)
      throw error(place(), is_floating_element<T> ? "floating-point numbers" : "integers", " cannot be written as ",
                  name_of(type_));
    visit_element_type<T>(type_, [&](auto element) { put_as<decltype(element)>(elements); });
  }
  template <class T>
  void put(View<T> matrix) {
    for (Index row = 0; row < matrix.rows; ++row)
      put(std::span<const std::remove_const_t<T>>{matrix.row(row), static_cast<std::size_t>(matrix.columns)});
  }
  void finish() const { require(missing_ == 0, place(), missing_, " elements of its shape were not put"); }

 private:
  [[nodiscard]] std::string place() const { return file_.path().string() + ": tensor '" + name_ + "': "; }

  template <class To, class T>
  void put_as(std::span<const T> elements) {
    if constexpr (std::is_same_v<To, T>) {
      file_.write(elements.data(), elements.size_bytes());
    } else {
      constexpr std::size_t piece = 2048;
      To buffer[piece];
      for (std::size_t begin = 0; begin < elements.size(); begin += piece) {
        const auto part = elements.subspan(begin, std::min(piece, elements.size() - begin));
        const std::size_t good = convert_stored(part, std::span<To>{buffer, part.size()});
        if (good != part.size()) throw does_not_fit(std::to_string(+part[good]));
        file_.write(buffer, part.size() * sizeof(To));
      }
    }
  }
  [[nodiscard]] Error does_not_fit(const std::string& number) const {
    return error(place(), number, " cannot be written as ", name_of(type_));
  }

  AtomicFile& file_;
  std::string name_;
  ElementType type_;
  Index missing_;
};

// A folder gets several files where one would hold more bytes of tensors than this.
struct ShardLimit {
  std::uint64_t bytes = 5'000'000'000;
};

class SafetensorsWriter {
 public:
  using Source = std::function<void(TensorSink&)>;

  SafetensorsWriter() { metadata_["format"] = "pt"; }

  void metadata(const std::string& key, const std::string& value) { metadata_[key] = value; }

  void add(const std::string& name, std::vector<Index> shape, ElementType type, Source source) {
    require(name != "__metadata__" && !names_.contains(name), "tensor '", name, "': the name is taken");
    require(is_number(type), "tensor '", name, "': ", name_of(type), " cannot be written");
    Index elements = 1, bytes = 0;
    for (const Index size : shape)
      require(size >= 0 && !__builtin_mul_overflow(elements, size, &elements), "tensor '", name,
              "': not a shape: ", shape_text(shape));
    require(!__builtin_mul_overflow(elements, static_cast<Index>(bytes_of(type)), &bytes), "tensor '", name,
            "': too large: ", shape_text(shape));
    names_.insert(name);
    tensors_.push_back({name, std::move(shape), type, elements, bytes, std::move(source)});
  }
  // A vector [n] or matrix [rows, columns] that stays where it is until the file is written.
  template <class T>
  void add(const std::string& name, std::vector<Index> shape, ElementType type, View<T> matrix) {
    check_size(name, shape, matrix.size());
    add(name, std::move(shape), type, [matrix](TensorSink& sink) { sink.put(matrix); });
  }
  template <class T, std::size_t extent>
  void add(const std::string& name, std::vector<Index> shape, ElementType type, std::span<T, extent> elements) {
    check_size(name, shape, std::ssize(elements));
    add(name, std::move(shape), type,
        [elements](TensorSink& sink) { sink.put(std::span<const std::remove_const_t<T>>{elements}); });
  }

  void write_file(const std::filesystem::path& path) const {
    AtomicFile file{path};
    write_to(file, in_file_order(tensors_));
    file.commit();
  }

  // "STEM.safetensors", or "STEM-00001-of-0000N.safetensors" ... with "STEM.safetensors.index.json". Everything is on the
  // disk before the first file takes its name, the index takes its name last, and what an earlier checkpoint of the same
  // stem left in the folder is removed after that. The folder must be there.
  void write_folder(const std::filesystem::path& folder, ShardLimit limit = {}, const std::string& stem = "model") const {
    std::vector<std::vector<const Entry*>> shards(1);
    std::uint64_t shard_bytes = 0, total_bytes = 0;
    for (const Entry& tensor : tensors_) {
      const auto bytes = static_cast<std::uint64_t>(tensor.bytes);
      if (!shards.back().empty() && shard_bytes + bytes > limit.bytes) {
        shards.emplace_back();
        shard_bytes = 0;
      }
      shards.back().push_back(&tensor);
      shard_bytes += bytes;
      total_bytes += bytes;
    }
    Json index_document{{"metadata", {{"total_size", total_bytes}}}, {"weight_map", Json::object()}};
    std::set<std::string> written;
    std::vector<std::unique_ptr<AtomicFile>> files;
    for (std::size_t i = 0; i < shards.size(); ++i) {
      const std::string name =
          stem + (shards.size() == 1 ? "" : "-" + five_digits(i + 1) + "-of-" + five_digits(shards.size())) + ".safetensors";
      written.insert(name);
      files.push_back(std::make_unique<AtomicFile>(folder / name));
      write_to(*files.back(), in_file_order(shards[i]));
      for (const Entry* tensor : shards[i])
        index_document["weight_map"].get_ref<Json::object_t&>().Json::object_t::Container::emplace_back(tensor->name, name);
    }
    if (shards.size() > 1) {
      const std::string name = stem + ".safetensors.index.json";
      written.insert(name);
      files.push_back(std::make_unique<AtomicFile>(folder / name));
      files.back()->write(json_text(index_document));
    }
    for (const auto& file : files) file->commit();
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (!written.contains(name) && is_checkpoint_file(name, stem)) std::filesystem::remove(entry.path());
    }
  }

 private:
  struct Entry {
    std::string name;
    std::vector<Index> shape;
    ElementType type;
    Index elements;
    Index bytes;
    Source source;
  };

  static std::vector<const Entry*> in_file_order(std::vector<const Entry*> tensors) {
    std::stable_sort(tensors.begin(), tensors.end(),
                     [](const Entry* a, const Entry* b) { return bytes_of(a->type) > bytes_of(b->type); });
    return tensors;
  }
  static std::vector<const Entry*> in_file_order(const std::vector<Entry>& tensors) {
    std::vector<const Entry*> pointers;
    for (const Entry& tensor : tensors) pointers.push_back(&tensor);
    return in_file_order(std::move(pointers));
  }

  void write_to(AtomicFile& file, const std::vector<const Entry*>& tensors) const {
    Json header = Json::object();
    auto& members = static_cast<Json::object_t::Container&>(header.get_ref<Json::object_t&>());
    members.emplace_back("__metadata__", metadata_);
    Index offset = 0;
    for (const Entry* tensor : tensors) {
      members.emplace_back(
          tensor->name,
          Json{{"dtype", name_of(tensor->type)}, {"shape", tensor->shape}, {"data_offsets", {offset, offset + tensor->bytes}}});
      offset += tensor->bytes;
    }
    std::string text;
    try {
      text = header.dump();
    } catch (const Json::exception& problem) {
      throw error(file.path().string(), ": header cannot be written: ", problem.what());
    }
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const std::uint64_t header_bytes = text.size();
    file.write(&header_bytes, sizeof(header_bytes));
    file.write(text);
    for (const Entry* tensor : tensors) {
      TensorSink sink{file, tensor->name, tensor->type, tensor->elements};
      tensor->source(sink);
      sink.finish();
    }
  }

  static void check_size(const std::string& name, std::span<const Index> shape, Index elements) {
    Index product = 1;
    for (const Index size : shape)
      if (__builtin_mul_overflow(product, size, &product)) product = -1;
    require(product == elements, "tensor '", name, "': ", elements, " elements given for shape ", shape_text(shape));
  }
  static std::string five_digits(std::size_t number) {
    const std::string digits = std::to_string(number);
    return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
  }
  static bool is_checkpoint_file(const std::string& name, const std::string& stem) {
    if (name == stem + ".safetensors" || name == stem + ".safetensors.index.json") return true;
    // STEM-DDDDD-of-DDDDD.safetensors
    const std::string ending = ".safetensors";
    if (name.size() != stem.size() + 15 + ending.size() || !name.starts_with(stem + "-") || !name.ends_with(ending)) return false;
    const std::string_view middle = std::string_view(name).substr(stem.size() + 1, 14);
    const auto digits = [](std::string_view text) {
      return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    return digits(middle.substr(0, 5)) && middle.substr(5, 4) == "-of-" && digits(middle.substr(9));
  }

  Json metadata_ = Json::object();
  std::vector<Entry> tensors_;
  std::set<std::string> names_;
};

}  // namespace rondo
