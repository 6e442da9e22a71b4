// What a run goes on from, bit for bit: weights, the optimiser's slots, the average, counters and the place in the data.
//
//   save_training_state("RUN/checkpoints/step-000001000", trainer, batches.position());
//   batches.seek(load_training_state("RUN/checkpoints/step-000001000", trainer));
//
// training.safetensors holds the tensors as TrainerOn::tensors() names them, in the scalar of the back-end; training.json the
// numbers and a checksum of both, and is written last. Loading checks both files against the trainer before it changes anything; an Error
// names all tensors that are missing, left over or of another shape.
//
// Ranks that train together save and load together. The first writes, what is kept in shares comes to it tensor by tensor, and the files
// say nothing of ranks: any number of them may go on. What the first reads is written on all. A rank that cannot see the files does its
// part by give_training_tensors() and take_training_tensors().
#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <rondo/data/batches.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/object_reader.hpp>
#include <rondo/io/safetensors.hpp>
#include <rondo/io/safetensors_writer.hpp>
#include <rondo/train/trainer.hpp>

namespace rondo {

inline constexpr const char* training_tensors_file = "training.safetensors";
inline constexpr const char* training_numbers_file = "training.json";

template <class Scalar>
constexpr ElementType stored_as() {
  static_assert(std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>, "rondo: training state is of float or double");
  return std::is_same_v<Scalar, float> ? ElementType::f32 : ElementType::f64;
}

inline std::vector<Index> shape_of(const Dimensions& dimensions) {
  return {dimensions.begin(), dimensions.end()};
}

struct TrainingNumbers {
  Progress progress;
  DataPosition data;
  std::vector<NamedNumber> optimizer;
  std::string checksum{};  // empty: none, as in checkpoints of earlier versions
};

inline Json to_json(const TrainingNumbers& numbers) {
  const auto& [progress, data, optimizer, checksum] = numbers;
  Json document{{"step", progress.step},
                {"tokens", progress.tokens},
                {"words", progress.words},
                {"seconds", progress.seconds},
                {"data", {{"epoch", data.epoch}, {"unit", data.unit}, {"offset", data.offset}}}};
  for (const NamedNumber& one : optimizer) document["optimizer"][one.name] = one.value;
  if (!checksum.empty()) document["checksum"] = checksum;
  return document;
}
// Of the tensors and the numbers.
inline std::string checksum_of(const std::filesystem::path& tensors, TrainingNumbers numbers) {
  numbers.checksum.clear();
  const std::string text = to_json(numbers).dump();
  const MappedFile file{tensors};
  RunningChecksum sum;
  sum.add(file.bytes().data(), file.size());
  sum.add(text.data(), text.size());
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(sum.value()));
  return digits;
}
inline TrainingNumbers read_training_numbers(const std::filesystem::path& file) {
  TrainingNumbers numbers;
  auto& progress = numbers.progress;
  auto& data = numbers.data;
  read_object(read_json(file), file.string(), [&](ObjectReader& reader) {
    constexpr Index zero = 0;
    progress.step = reader.get<Index>("step", at_least(zero));
    progress.tokens = reader.get<Index>("tokens", at_least(zero));
    progress.words = reader.get<Index>("words", at_least(zero));
    progress.seconds = reader.get<double>("seconds", at_least(0.0));
    const bool there = reader.object("data", [&](ObjectReader& place) {
      data.epoch = place.get<Index>("epoch", at_least(zero));
      data.unit = place.get<Index>("unit", at_least(zero));
      data.offset = place.get<Index>("offset", at_least(zero));
    });
    require(there, reader.place("data"), ": missing; expected an object");
    if (const Json* kept = reader.find("optimizer"))
      for (const auto& [name, value] : kept->items()) {
        if (!value.is_number()) throw reader.mismatch("optimizer." + name, "a number", value);
        numbers.optimizer.push_back({name, value.get<double>()});
      }
    reader.take("checksum", numbers.checksum);
  });
  return numbers;
}

template <class Scalar>
void give_training_tensors(std::span<const HostedTensor<Scalar>> tensors) {
  for (const HostedTensor<Scalar>& tensor : tensors) static_cast<void>(tensor.numbers());
}
template <class Scalar>
void take_training_tensors(std::span<const HostedTensor<Scalar>> tensors) {
  for (const HostedTensor<Scalar>& tensor : tensors) tensor.write({});
}
template <class Scalar>
void write_training_tensors(const std::filesystem::path& file, const std::vector<HostedTensor<Scalar>>& tensors) {
  std::size_t given = 0;
  try {
    SafetensorsWriter writer;
    for (const HostedTensor<Scalar>& tensor : tensors)
      writer.add(tensor.name, shape_of(tensor.leaf.dimensions), stored_as<Scalar>(), [&](TensorSink& sink) {
        ++given;
        sink.put(std::span<const Scalar>{tensor.numbers()});
      });
    writer.write_file(file);
  } catch (...) {  // other ranks give them all
    give_training_tensors(std::span(tensors).subspan(given));
    throw;
  }
}
template <class Scalar>
void check_training_tensors(const SafetensorsFile& file, const std::vector<HostedTensor<Scalar>>& tensors) {
  std::string problems;
  std::set<std::string> expected;
  for (const HostedTensor<Scalar>& tensor : tensors) {
    const std::string& name = tensor.name;
    expected.insert(name);
    const StoredTensor* stored = file.find(name);
    const auto shape = shape_of(tensor.leaf.dimensions);
    if (stored == nullptr)
      problems += "\n  tensor '" + name + "' is missing";
    else if (stored->shape != shape)
      problems += "\n  tensor '" + name + "': expected shape " + shape_text(shape) + ", found " + shape_text(stored->shape);
    else if (stored->type != stored_as<Scalar>())
      problems += "\n  tensor '" + name + "': of type " + std::string(name_of(stored->type));
  }
  for (const StoredTensor& stored : file.tensors())
    if (!expected.contains(stored.name)) problems += "\n  tensor '" + stored.name + "' is left over";
  require(problems.empty(), file.name(), ": not the state of this model and optimiser:", problems);
}

template <class Scalar>
void fill(const HostedTensor<Scalar>& tensor, const SafetensorsFile& file) {
  tensor.write(file.tensor(tensor.name).template read<Scalar>());
}

template <class Trainer>
void save_training_state(const std::filesystem::path& folder, const Trainer& trainer, const DataPosition& data) {
  const auto tensors = trainer.hosted_tensors();
  if (trainer.rank() != 0) return give_training_tensors(std::span(tensors));
  write_training_tensors(folder / training_tensors_file, tensors);
  TrainingNumbers numbers{trainer.progress(), data, trainer.numbers()};
  numbers.checksum = checksum_of(folder / training_tensors_file, numbers);
  write_json(folder / training_numbers_file, to_json(numbers));
}

// `found`: called when all is checked, before the trainer is changed.
template <class Trainer>
DataPosition load_training_state(const std::filesystem::path& folder, Trainer& trainer, const std::function<void()>& found = {}) {
  const TrainingNumbers numbers = read_training_numbers(folder / training_numbers_file);
  const std::filesystem::path path = folder / training_tensors_file;
  require(numbers.checksum.empty() || numbers.checksum == checksum_of(path, numbers), folder.string(),
          ": the checksum is wrong: training.safetensors or training.json was damaged after it was written");
  const SafetensorsFile file{path};
  const auto tensors = trainer.hosted_tensors();
  check_training_tensors(file, tensors);
  if (found) found();
  for (const auto& tensor : tensors) fill(tensor, file);
  trainer.resume_at(numbers.progress, numbers.optimizer);
  return numbers.data;
}

}  // namespace rondo
