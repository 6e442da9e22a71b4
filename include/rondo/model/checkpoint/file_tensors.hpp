// The tensors of a file that a record of weights becomes under the names of a table.
//
//   for (const FileTensor<float>& tensor : file_tensors(names, weights))  ...  tensor.name, tensor.shape
//   add_tensors(writer, file_tensors(names, gradients), ElementType::f32, "grad.");
//
// A tensor holds one weight, or several as its parts, arranged as Stored says (rondo/model/checkpoint/name_table.hpp).
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <rondo/io/safetensors_writer.hpp>
#include <rondo/model/checkpoint/name_table.hpp>
#include <rondo/model/parameters.hpp>

namespace rondo {

template <class S>
struct FileTensor {
  std::string name;
  std::vector<Index> shape;  // as it lies in the file
  Stored stored = Stored::as_is;
  std::vector<View<S>> parts;  // in their order
};

inline StoredName stored_name(const NameTable& names, const std::string& path) {
  const auto stored = names.name_of(path);
  require(stored.has_value(), "the table of names has none for the weight '", path, "'");
  return *stored;
}

// The shape of the tensor that holds a weight.
inline std::vector<Index> stored_shape(const StoredName& stored, const Dimensions& weight) {
  std::vector<Index> shape(weight.begin(), weight.end());
  if (stored.stored == Stored::flat || stored.stored == Stored::interleaved) shape = {weight.size()};
  shape.front() *= stored.rows.parts;
  if (stored.stored == Stored::transposed) std::swap(shape.front(), shape.back());
  if (stored.stored == Stored::turned_rows) std::swap(shape.at(1), shape.at(2));
  return shape;
}

// In the order in which the model lists its weights.
template <class S>
std::vector<FileTensor<S>> file_tensors(const NameTable& names, const std::vector<NamedTensor<S>>& weights) {
  std::vector<FileTensor<S>> tensors;
  std::unordered_map<std::string, std::size_t> places;
  for (const auto& [path, leaf, weight] : weights) {
    const StoredName stored = stored_name(names, path);
    const auto [place, added] = places.emplace(stored.name, tensors.size());
    if (added) {
      FileTensor<S> tensor{stored.name, stored_shape(stored, leaf.dimensions), stored.stored, {}};
      tensor.parts.resize(static_cast<std::size_t>(stored.rows.parts));
      tensors.push_back(std::move(tensor));
    }
    tensors[place->second].parts[static_cast<std::size_t>(stored.rows.part)] = weight;
  }
  return tensors;
}
template <class Model, class S, class Memory>
std::vector<FileTensor<S>> file_tensors(const NameTable& names, const RecordBuffer<WeightRecords, Model, S, Memory>& weights) {
  return file_tensors(names, weights.tensors());
}

// Where element (row, column) of a part lies.
template <class S>
std::size_t place_in_file(const FileTensor<S>& tensor, Index part, Index row, Index column) {
  const Index rows = tensor.parts.front().rows, columns = tensor.parts.front().columns, parts = std::ssize(tensor.parts);
  const auto place = [&]() -> Index {
    switch (tensor.stored) {
      case Stored::transposed: return column * rows * parts + part * rows + row;
      case Stored::interleaved: return (row * parts + part) * columns + column;
      case Stored::turned_rows: {
        const Index b = tensor.shape[1], a = tensor.shape[2];
        return row * columns + column % b * a + column / b;
      }
      default: return (part * rows + row) * columns + column;
    }
  };
  return static_cast<std::size_t>(place());
}

// Copies the elements of a tensor, as they lie in the file, to its parts; and the other way.
template <class S>
void scatter(const FileTensor<S>& tensor, std::span<const S> elements) {
  for (Index part = 0; part < std::ssize(tensor.parts); ++part) {
    const View<S>& to = tensor.parts[static_cast<std::size_t>(part)];
    for (Index r = 0; r < to.rows; ++r)
      for (Index c = 0; c < to.columns; ++c) to(r, c) = elements[place_in_file(tensor, part, r, c)];
  }
}
template <class S>
std::vector<std::remove_const_t<S>> gather(const FileTensor<S>& tensor) {
  std::vector<std::remove_const_t<S>> elements(tensor.parts.size() * static_cast<std::size_t>(tensor.parts.front().size()));
  for (Index part = 0; part < std::ssize(tensor.parts); ++part) {
    const View<S>& from = tensor.parts[static_cast<std::size_t>(part)];
    for (Index r = 0; r < from.rows; ++r)
      for (Index c = 0; c < from.columns; ++c) elements[place_in_file(tensor, part, r, c)] = from(r, c);
  }
  return elements;
}

template <class S>
void add_tensors(SafetensorsWriter& writer, const std::vector<FileTensor<S>>& tensors, ElementType type,
                 const std::string& prefix = "") {
  for (const FileTensor<S>& tensor : tensors)
    writer.add(prefix + tensor.name, tensor.shape, type, [tensor](TensorSink& sink) {
      if (tensor.stored == Stored::as_is || tensor.stored == Stored::flat)
        for (const View<S> part : tensor.parts) sink.put(part);
      else
        sink.put(std::span<const std::remove_const_t<S>>{gather(tensor)});
    });
}

}  // namespace rondo
