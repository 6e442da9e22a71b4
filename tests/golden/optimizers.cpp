// Optimisers, orthogonalisation, averages, clipping and schedules against recorded steps of other implementations: every set of every
// folder that has them.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/safetensors.hpp>
#include <rondo/layer/layer.hpp>
#include <rondo/optimizer/any_optimizer.hpp>
#include <rondo/optimizer/average.hpp>
#include <rondo/optimizer/clip.hpp>
#include <rondo/optimizer/optimizer_state.hpp>
#include <rondo/optimizer/schedule.hpp>

#include "support/shared.hpp"

namespace rondo::test {
namespace {

namespace fs = std::filesystem;

// Tensors of any number and size as a layer's weights; all decay.
struct OneTensor : NothingSaved, NoState {
  std::vector<Index> sizes;
  explicit OneTensor(std::vector<Index> sizes_) : sizes(std::move(sizes_)) {}
  template <class S>
  struct Weights {
    S weight;
  };
  auto weight_leaves(auto&... w) const {
    const Dimensions dimensions = sizes.size() == 1 ? Dimensions{sizes[0]} : Dimensions{sizes.at(0), sizes.at(1)};
    return leaves(parameter("weight", dimensions, zeros(), Decay::yes, w.weight...));
  }
};
struct ManyTensors : NothingSaved, NoState {
  std::vector<OneTensor> tensors;
  template <class S>
  struct Weights {
    std::vector<OneTensor::Weights<S>> tensors;
  };
  auto weight_leaves(auto&... w) const { return leaves(repeated("tensors", tensors, w.tensors...)); }
};

// The starts and gradients of a folder.
struct Recorded {
  std::vector<std::string> names;
  std::vector<std::vector<double>> starts, gradients;
  ManyTensors layer;
  Index steps = 0;
  explicit Recorded(const fs::path& folder) {
    const SafetensorsFile file{folder / "inputs.safetensors"};
    for (const StoredTensor& stored : file.tensors()) {
      if (!stored.name.starts_with("start.")) continue;
      names.push_back(stored.name.substr(6));
      layer.tensors.emplace_back(stored.shape);
      starts.push_back(stored.read<double>());
      const StoredTensor& given = file.tensor("gradient." + names.back());
      gradients.push_back(given.read<double>());
      steps = given.shape.at(0);
    }
  }
};

// The largest difference, of large numbers relative to them.
template <class S>
double difference(View<S> found, const std::vector<double>& expected, std::size_t begin) {
  double worst = 0;
  for (Index r = 0; r < found.rows; ++r)
    for (Index i = 0; i < found.columns; ++i) {
      const double value = expected.at(begin + static_cast<std::size_t>(r * found.columns + i));
      const double error = std::abs(static_cast<double>(found(r, i)) - value) / std::max(1.0, std::abs(value));
      worst = std::isfinite(error) ? std::max(worst, error) : HUGE_VAL;
    }
  return worst;
}
template <class S>
void put(const std::vector<double>& from, std::size_t begin, View<S> to) {
  for (Index r = 0; r < to.rows; ++r)
    for (Index i = 0; i < to.columns; ++i) to(r, i) = static_cast<S>(from.at(begin + static_cast<std::size_t>(r * to.columns + i)));
}

// What the fixtures call a setting; a setting that they do not give is off.
template <class Optimizer>
Optimizer optimizer_of(const Json& entry) {
  static const std::map<std::string, std::string, std::less<>> theirs{
      {"rate", "lr"}, {"decay", "weight_decay"}, {"epsilon", "eps"}, {"polynomials", "coefficients"}};
  Optimizer result;
  Optimizer::each_setting(result, [&]<class Setting>(std::string_view name, Setting& value, const auto&... limits) {
    const auto renamed = theirs.find(name);
    const std::string key = renamed == theirs.end() ? std::string(name) : renamed->second;
    if constexpr (std::is_enum_v<Setting>) {
      const auto word = entry.at(key).get<std::string>();
      const auto place = [&](const auto& words) { return std::find(words.begin(), words.end(), word) - words.begin(); };
      value = static_cast<Setting>((place(limits), ...));
    } else if constexpr (std::is_same_v<Setting, double> || std::is_same_v<Setting, bool>) {
      value = entry.contains(key) ? entry[key].get<Setting>() : Setting{};
    }
  });
  return result;
}
AnyOptimizer any_optimizer_of(const Json& entry) {
  AnyOptimizer result;
  const auto kind = entry.at("kind").get<std::string>();
  bool known = false;
  const auto look = [&]<class One>(One) {
    if (One::name == kind) result.chosen = optimizer_of<One>(entry), known = true;
  };
  look(AdamW{}), look(Adam{}), look(Lamb{}), look(Lion{}), look(Muon{}), look(ScheduleFreeAdamW{}), look(Sgd{});
  BOOST_TEST_REQUIRE(known, "no optimiser '" << kind << "'");
  return result;
}

template <class Backend>
void repeat_steps(const Recorded& recorded, const Json& entry, const SafetensorsFile& expected, double tolerance) {
  using S = typename Backend::Scalar;
  Parameters<ManyTensors, Backend> weights{recorded.layer}, gradients{recorded.layer}, evaluated{recorded.layer};
  const auto tensor_of = [](const auto& buffer, std::size_t i) { return buffer.tensors().at(i).tensor; };
  for (std::size_t i = 0; i < recorded.names.size(); ++i) put(recorded.starts[i], 0, tensor_of(weights, i));
  const AnyOptimizer optimizer = any_optimizer_of(entry);
  OptimizerState<AnyOptimizer, Backend> state{optimizer, weights};
  const Constant schedule{.warmup = entry.value("warmup", Index{0})};
  typename Backend::Context c;
  std::set<std::string> compared;
  for (Index step = 0; step < recorded.steps; ++step) {
    const auto begin = [&](View<S> tensor) { return static_cast<std::size_t>(step * tensor.size()); };
    for (std::size_t i = 0; i < recorded.names.size(); ++i) {
      const View<S> g = tensor_of(gradients, i);
      put(recorded.gradients[i], begin(g), g);
    }
    state.update(c, optimizer, {.step = step + 1, .rate_share = schedule(step, recorded.steps)}, weights, gradients);
    state.evaluation(c, optimizer, weights, evaluated);
    for (std::size_t i = 0; i < recorded.names.size(); ++i)
      for (const auto& [ending, buffer] : {std::pair{"", &weights}, {".x", &evaluated}}) {
        const std::string name = recorded.names[i] + ending;
        if (!expected.contains(name)) continue;
        const View<S> found = tensor_of(*buffer, i);
        BOOST_TEST(difference(found, expected.tensor(name).template read<double>(), begin(found)) < tolerance,
                   name << " after step " << step + 1 << " of " << entry.dump());
        compared.insert(name);
      }
  }
  for (const auto& slot : state.tensors(optimizer, weights))
    for (std::size_t i = 0; i < recorded.names.size(); ++i) {
      if (slot.name.substr(slot.name.find('.') + 1) != weights.tensors()[i].name) continue;
      const std::string name = recorded.names[i] + (slot.name.starts_with("second.") ? ".v" : ".m");
      if (slot.name.starts_with("base.") || !expected.contains(name)) continue;
      BOOST_TEST(difference(slot.tensor, expected.tensor(name).template read<double>(), 0) < tolerance, name << " of " << entry.dump());
      compared.insert(name);
    }
  for (const StoredTensor& stored : expected.tensors()) BOOST_TEST(compared.contains(stored.name), stored.file << ": " << stored.name);
}

template <class Backend>
void orthogonalise_recorded(const SafetensorsFile& file, double tolerance) {
  typename Backend::Context c;
  Index count = 0;
  for (const StoredTensor& stored : file.tensors()) {
    const auto dot = stored.name.rfind('.');
    const auto name = std::find(polynomial_names.begin(), polynomial_names.end(), stored.name.substr(dot + 1));
    if (name == polynomial_names.end()) continue;
    const std::vector<double> input = file.tensor(stored.name.substr(0, dot) + ".input").read<double>();
    std::vector<typename Backend::Scalar> memory(input.size());
    const Out<typename Backend::Context> x{memory.data(), stored.shape.at(0), stored.shape.at(1)};
    put(input, 0, x);
    orthogonalise(c, x, static_cast<Polynomials>(name - polynomial_names.begin()));
    BOOST_TEST(difference(x, stored.read<double>(), 0) < tolerance, stored.name);
    ++count;
  }
  BOOST_TEST(count > 0);
}

void repeat_averages(const Json& rules, const SafetensorsFile& file) {
  const std::vector<double> weights = file.tensor("weights").read<double>();
  const Index steps = file.tensor("weights").shape.at(0) - 1;
  const auto size = static_cast<Index>(weights.size()) / (steps + 1);
  const auto at = [&](Index t, Index i) { return weights.at(static_cast<std::size_t>(t * size + i)); };
  Index count = 0;
  for (const auto& [name, rule] : rules.items()) {
    if (!rule.is_object()) continue;
    const auto kind = rule.at("kind").get<std::string>();
    const double decay = rule.value("decay", 0.0);
    const AnyAverage average = kind == "warmed"      ? AnyAverage{WarmedAverage{decay}}
                               : kind == "constant"  ? AnyAverage{ExponentialAverage{decay}}
                               : kind == "from_zero" ? AnyAverage{CorrectedAverage{decay}}
                                                     : AnyAverage{TailAverage{rule.at("last").get<Index>()}};
    const std::vector<double> expected = file.tensor(name).read<double>();
    for (Index end = 1; end <= steps; ++end)  // a run of `end` steps
      for (Index i = 0; i < size; ++i) {
        double a = at(0, i);
        for (Index t = 1; t <= end; ++t) a += average.share(t, end) * (at(t, i) - a);
        BOOST_TEST(std::abs(a - expected.at(static_cast<std::size_t>((end - 1) * size + i))) < 1e-10, name << " after " << end);
      }
    ++count;
  }
  BOOST_TEST(count > 0);
}

void repeat_clipping(const Recorded& recorded, const Json& cases) {
  using Backend = Reference<double>;
  Parameters<ManyTensors, Backend> gradients{recorded.layer};
  Backend::Context c;
  for (const Json& one : cases)
    for (Index step = 0; step < recorded.steps; ++step) {
      for (std::size_t i = 0; i < recorded.names.size(); ++i) {
        const View<double> g = gradients.tensors()[i].tensor;
        put(recorded.gradients[i], static_cast<std::size_t>(step * g.size()), g);
      }
      const ClippedNorm clipped = clip_norm(c.sum_of_squares(gradients.flat()), one.at("limit").get<double>());
      const auto row = static_cast<std::size_t>(step);
      BOOST_TEST(clipped.norm == one.at("norms").at(row).get<double>(), boost::test_tools::tolerance(1e-12));
      BOOST_TEST(clipped.scale == one.at("factors_exact").at(row).get<double>(), boost::test_tools::tolerance(1e-12));
    }
}

AnySchedule schedule_of(const Json& one, Rise rise) {
  const auto shape = one.at("shape").get<std::string>();
  const auto warmup = one.at("warmup").get<Index>();
  const double floor = one.at("floor").get<double>();
  if (shape.starts_with("linear")) return {LinearDecay{warmup, floor, rise}};
  if (shape.starts_with("cosine")) return {Cosine{warmup, floor, rise}};
  if (shape.starts_with("inverse_sqrt")) return {InverseRoot{warmup, one.at("timescale").get<double>(), rise}};
  if (!shape.starts_with("wsd_")) return {Constant{warmup, rise}};
  const Fall fall = shape.starts_with("wsd_cosine") ? Fall::cosine : shape.starts_with("wsd_sqrt") ? Fall::root : Fall::linear;
  return {Trapezoid{warmup, floor, one.at("cooldown").get<double>(), fall, rise}};
}
void repeat_schedules(const Json& cases) {
  for (const Json& one : cases)
    for (const auto& [key, rise] : {std::pair{"from_one", Rise::from_one}, {"from_zero", Rise::from_zero}}) {
      const AnySchedule schedule = schedule_of(one, rise);
      const auto steps = one.at("steps").get<Index>();
      BOOST_TEST_REQUIRE(std::ssize(one.at(key)) == steps);
      for (Index step = 0; step < steps; ++step) {
        const double expected = one.at(key).at(static_cast<std::size_t>(step)).get<double>();
        BOOST_TEST(std::abs(schedule(step, steps) - expected) < 1e-12, one.at("shape") << ' ' << key << ' ' << step);
      }
    }
}

// The folders with a golden.json.
std::vector<fs::path> folders() {
  std::vector<fs::path> result;
  for (const auto& entry : fs::recursive_directory_iterator(shared("golden/optimizers")))
    if (entry.path().filename() == "golden.json") result.push_back(entry.path().parent_path());
  return result;
}

BOOST_AUTO_TEST_SUITE(golden_optimizers, *needs_shared("golden/optimizers"))

BOOST_AUTO_TEST_CASE(every_recorded_file) {
  for (const fs::path& folder : folders()) {
    const Recorded recorded{folder};
    const Json index = read_json(folder / "golden.json");
    std::set<std::string> used{"inputs.safetensors"};
    for (const auto& [name, entry] : index.items()) {
      if (name == "clip") repeat_clipping(recorded, entry);
      if (!entry.is_object() || !entry.contains("file")) continue;
      const auto file_name = entry["file"].get<std::string>();
      const SafetensorsFile file{folder / file_name};
      used.insert(file_name);
      BOOST_TEST_CONTEXT(file.name()) {
        if (entry.contains("kind")) {
          repeat_steps<Reference<double>>(recorded, entry, file, 1e-10);
          repeat_steps<Reference<float>>(recorded, entry, file, 1e-5);
          repeat_steps<Cpu>(recorded, entry, file, 1e-5);
        } else if (file.contains("weights")) {
          repeat_averages(entry, file);
        } else {
          // In float: the polynomials take differences of terms thirty times the result, and pass an error on about threefold.
          orthogonalise_recorded<Reference<double>>(file, 1e-10);
          orthogonalise_recorded<Cpu>(file, 400 * std::numeric_limits<float>::epsilon());
        }
      }
    }
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string file_name = entry.path().filename().string();
      if (entry.path().extension() == ".safetensors") BOOST_TEST(used.contains(file_name), file_name << " is of no set");
      if (entry.path().extension() != ".json" || file_name == "golden.json") continue;
      repeat_schedules(read_json(entry.path()).at("cases"));
    }
  }
  BOOST_TEST(!folders().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
