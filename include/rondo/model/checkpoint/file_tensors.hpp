// The tensors of a file that a record of weights becomes under the names of a table.
//
//   for (const FileTensor<float>& tensor : file_tensors(names, weights))  ...  tensor.name, tensor.shape
//   add_tensors(writer, file_tensors(names, gradients), ElementType::f32, "grad.");
//
// A tensor holds one weight, or several as its parts; a transposed one lies in the file with its two axes exchanged.
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
  shape.front() *= stored.rows.parts;
  if (stored.stored == Stored::transposed) std::swap(shape.front(), shape.back());
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

// Copies the elements of a tensor, as they lie in the file, to its parts.
template <class S>
void scatter(const FileTensor<S>& tensor, std::span<const S> elements) {
  const Index all_rows = tensor.parts.front().rows * std::ssize(tensor.parts);
  Index row = 0;
  for (const View<S> part : tensor.parts)
    for (Index r = 0; r < part.rows; ++r, ++row)
      for (Index c = 0; c < part.columns; ++c) {
        const Index place = tensor.stored == Stored::as_is ? row * part.columns + c : c * all_rows + row;
        part(r, c) = elements[static_cast<std::size_t>(place)];
      }
}

template <class S>
void add_tensors(SafetensorsWriter& writer, const std::vector<FileTensor<S>>& tensors, ElementType type,
                 const std::string& prefix = "") {
  for (const FileTensor<S>& tensor : tensors) {
    writer.add(prefix + tensor.name, tensor.shape, type, [tensor](TensorSink& sink) {
      if (tensor.stored == Stored::as_is) {
        for (const View<S> part : tensor.parts) sink.put(part);
      } else {
        std::vector<std::remove_const_t<S>> column;
        for (Index c = 0; c < tensor.parts.front().columns; ++c)
          for (const View<S> part : tensor.parts) {
            column.resize(static_cast<std::size_t>(part.rows));
            for (Index r = 0; r < part.rows; ++r) column[static_cast<std::size_t>(r)] = part(r, c);
            sink.put(std::span<const std::remove_const_t<S>>{column});
          }
      }
    });
  }
}

}  // namespace rondo
