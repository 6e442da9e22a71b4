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
#include <rondo/model/hosted_tensor.hpp>

namespace rondo {

template <class S>
struct FileTensor {
  std::string name;
  std::vector<Index> shape;  // as it lies in the file
  Stored stored = Stored::as_is;
  std::vector<HostedTensor<S>> parts;  // in their order
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
std::vector<FileTensor<S>> file_tensors(const NameTable& names, const std::vector<HostedTensor<S>>& weights) {
  std::vector<FileTensor<S>> tensors;
  std::unordered_map<std::string, std::size_t> places;
  for (const HostedTensor<S>& weight : weights) {
    const StoredName stored = stored_name(names, weight.name);
    const auto [place, added] = places.emplace(stored.name, tensors.size());
    if (added) {
      FileTensor<S> tensor{stored.name, stored_shape(stored, weight.leaf.dimensions), stored.stored, {}};
      tensor.parts.resize(static_cast<std::size_t>(stored.rows.parts), weight);
      tensors.push_back(std::move(tensor));
    }
    tensors[place->second].parts[static_cast<std::size_t>(stored.rows.part)] = weight;
  }
  return tensors;
}
template <class Model, class S, class Memory>
std::vector<FileTensor<S>> file_tensors(const NameTable& names, const RecordBuffer<WeightRecords, Model, S, Memory>& weights) {
  return file_tensors(names, hosted(weights.tensors()));
}

// Where element (row, column) of a part lies.
template <class S>
std::size_t place_in_file(const FileTensor<S>& tensor, Index part, Index row, Index column) {
  const Dimensions& part_size = tensor.parts.front().leaf.dimensions;
  const Index rows = part_size.rows(), columns = part_size.columns(), parts = std::ssize(tensor.parts);
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
  std::vector<S> numbers;
  for (Index part = 0; part < std::ssize(tensor.parts); ++part) {
    const HostedTensor<S>& to = tensor.parts[static_cast<std::size_t>(part)];
    const Index rows = to.leaf.dimensions.rows(), columns = to.leaf.dimensions.columns();
    numbers.clear();
    for (Index r = 0; r < rows; ++r)
      for (Index c = 0; c < columns; ++c) numbers.push_back(elements[place_in_file(tensor, part, r, c)]);
    to.write(numbers);
  }
}
template <class S>
std::vector<S> gather(const FileTensor<S>& tensor) {
  const Dimensions& size = tensor.parts.front().leaf.dimensions;
  std::vector<S> elements(tensor.parts.size() * static_cast<std::size_t>(size.size()));
  for (Index part = 0; part < std::ssize(tensor.parts); ++part) {
    const std::vector<S> numbers = tensor.parts[static_cast<std::size_t>(part)].numbers();
    auto next = numbers.begin();
    for (Index r = 0; r < size.rows(); ++r)
      for (Index c = 0; c < size.columns(); ++c) elements[place_in_file(tensor, part, r, c)] = *next++;
  }
  return elements;
}

template <class S>
void add_tensors(SafetensorsWriter& writer, const std::vector<FileTensor<S>>& tensors, ElementType type,
                 const std::string& prefix = "") {
  for (const FileTensor<S>& tensor : tensors)
    writer.add(prefix + tensor.name, tensor.shape, type, [tensor](TensorSink& sink) {
      if (tensor.stored == Stored::as_is || tensor.stored == Stored::flat)
        for (const HostedTensor<S>& part : tensor.parts) sink.put(std::span<const S>{part.numbers()});
      else
        sink.put(std::span<const S>{gather(tensor)});
    });
}

}  // namespace rondo
