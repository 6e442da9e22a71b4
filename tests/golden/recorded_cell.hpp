// A recurrence's inputs, outputs, states and gradients as another implementation computed them: one file of tensors.
#pragma once

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include <rondo/backend/reference/reference.hpp>
#include <rondo/io/safetensors.hpp>

#include "support/shared.hpp"

namespace rondo::test {

using Context = Reference<double>::Context;
using Matrix = View<double>;

// The tensors of one file as a back-end's matrices, and memory for results.
template <class Backend>
class RecordedOn {
 public:
  using Scalar = typename Backend::Scalar;
  using Matrix = View<Scalar>;
  static constexpr double tolerance = std::is_same_v<Scalar, double> ? 1e-10 : 1e-5;

  RecordedOn(const std::string& name, const std::string& input) : RecordedOn(shared("fixtures/cells/" + name + ".safetensors"), input) {}
  RecordedOn(const std::filesystem::path& path, const std::string& input) : file_(path) {
    const StoredTensor& first = file_.tensor(input);
    for (Index s = 0; s < first.shape.at(0); ++s) sequences_.push_back({s * first.shape.at(1), first.shape.at(1), 0});
    context.begin(sequences_, first.shape.at(0) * first.shape.at(1));
  }

  // The tensor with `rows` rows; no view where the file has none.
  Matrix given(const std::string& name, Index rows) {
    if (!file_.contains(name)) return {};
    auto& values = memory_[name] = file_.tensor(name).template read<Scalar>();
    return {values.data(), rows, std::ssize(values) / rows};
  }
  // Zeros as large as that tensor.
  Matrix result(const std::string& name, Index rows) {
    if (!file_.contains(name)) return {};
    auto& values = memory_["result " + name];
    values.assign(static_cast<std::size_t>(file_.tensor(name).elements()), Scalar(0));
    return {values.data(), rows, std::ssize(values) / rows};
  }
  Matrix zeros(Index rows, Index columns) {
    const Matrix result = context.matrix(rows, columns);
    context.zero(result);
    return result;
  }
  // Largest difference relative to the tensor's largest entry.
  void check(const std::string& name, Matrix found) {
    if (!file_.contains(name)) return;
    const auto expected = file_.tensor(name).template read<double>();
    BOOST_REQUIRE(std::ssize(expected) == found.size());
    double size = 0, difference = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      size = std::max(size, std::abs(expected[i]));
      const double error = std::abs(expected[i] - static_cast<double>(found.data[i]));
      difference = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(difference, error);
    }
    BOOST_TEST(difference <= tolerance * size, file_.name() << ": " << name << " differs by " << difference / size);
  }

  [[nodiscard]] Index tokens() const { return sequences() * sequences_.front().length; }
  [[nodiscard]] Index sequences() const { return std::ssize(sequences_); }
  [[nodiscard]] bool has(const std::string& name) const { return file_.contains(name); }
  [[nodiscard]] std::size_t rank(const std::string& name) const { return file_.tensor(name).shape.size(); }
  [[nodiscard]] Index size(const std::string& name, std::size_t axis) const { return file_.tensor(name).shape.at(axis); }

  typename Backend::Context context;

 private:
  SafetensorsFile file_;
  std::vector<Sequence> sequences_;
  std::map<std::string, std::vector<Scalar>> memory_;
};
using Recorded = RecordedOn<Reference<double>>;

}  // namespace rondo::test
