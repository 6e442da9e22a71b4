// Distillation against recorded losses and gradients of other implementations: every set, case, cache and pair of hidden states of every
// folder that has them.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/safetensors.hpp>
#include <rondo/objective/distillation.hpp>
#include <rondo/objective/hidden_states.hpp>

#include "support/shared.hpp"

namespace rondo::test {
namespace {

namespace fs = std::filesystem;

// Numbers [rows, columns] of the host.
struct Table {
  std::vector<double> numbers;
  Index rows = 0, columns = 0;
  [[nodiscard]] double operator()(Index r, Index c) const { return numbers.at(static_cast<std::size_t>(r * columns + c)); }
  template <class C>
  [[nodiscard]] Out<C> on(C& c) const {
    const Out<C> view = c.matrix(rows, columns);
    std::vector<typename C::Scalar> narrow(numbers.begin(), numbers.end());
    c.upload(std::span<const typename C::Scalar>{narrow}, view);
    return view;
  }
};
Table table_of(const StoredTensor& tensor, std::size_t first = 0) {
  Table table{tensor.read<double>(), 1, tensor.shape.back()};
  for (std::size_t i = first; i + 1 < tensor.shape.size(); ++i) table.rows *= tensor.shape[i];
  return table;
}

// A model whose hidden vectors are its logits.
struct GivenLogits {
  static constexpr bool in_parts = true;
  Index width;
  Shape sizes{};
  [[nodiscard]] const Shape& shape() const { return sizes; }
  [[nodiscard]] Index outputs() const { return width; }
  template <class C>
  void uncapped_logits(C& c, int, In<C> x, Out<C> logits) const {
    c.copy(x, logits);
  }
  template <class C>
  void uncapped_logits_backward(C& c, int, In<C>, In<C> d_logits, Out<C> dx, int) const {
    c.copy(d_logits, dx);
  }
  template <class C>
  void uncapped_logits_part(C& c, int, In<C> x, Index first, Out<C> logits) const {
    c.copy(x.middle_columns(first, logits.columns), logits);
  }
  template <class C>
  void uncapped_logits_part_backward(C& c, int, In<C>, Index first, In<C> d_logits, Out<C> dx, Onto, int) const {
    c.copy(d_logits, dx.middle_columns(first, d_logits.columns));
  }
};
// Teachers of given numbers; rows are those of the batch.
struct GivenTeacher {
  Table table;
  void check(Index outcomes, double) const { check_outcomes(table.columns, outcomes); }
  template <class C>
  [[nodiscard]] Out<C> prepare(C& c) const {
    return table.on(c);
  }
  template <class C>
  void logits(C& c, In<C> all, const TaughtRows<C::place>& rows, Out<C> z) const {
    auto mark = c.mark();
    c.copy(rows.rows.of(c, all), z);
  }
  template <class C>
  void logits_part(C& c, In<C> all, const TaughtRows<C::place>& rows, Index first, Out<C> z) const {
    auto mark = c.mark();
    c.copy(rows.rows.of(c, all).middle_columns(first, z.columns), z);
  }
};
struct GivenCache {
  Table log_probabilities;  // [rows, k + 1]
  std::vector<std::vector<Index>> ids;
  Rest what;
  void check(Index, double) const {}
  [[nodiscard]] Rest rest() const { return what; }
  template <class C>
  struct Prepared {
    Out<C> all;
    Tokens labels;
  };
  template <class C>
  [[nodiscard]] Prepared<C> prepare(C& c) const {
    return {log_probabilities.on(c), c.labels()};
  }
  template <class C>
  [[nodiscard]] StoredOutcomes<C> stored(C& c, const Prepared<C>& prepared, const TaughtRows<C::place>& rows) const {
    std::vector<Index> labelled;
    for (Index t = 0; t < prepared.labels.columns; ++t)
      if (has_label(prepared.labels(0, t))) labelled.push_back(t);
    const Index k = log_probabilities.columns - 1, count = rows.rows.count();
    const auto id = [&](Index i) {
      return ids.at(static_cast<std::size_t>(labelled.at(static_cast<std::size_t>(rows.first + i / k)))).at(static_cast<std::size_t>(i % k));
    };
    return {c.numbers(count * k, id).reshaped(count, k), rows.rows.of(c, In<C>(prepared.all))};
  }
};
// Of the k largest logits of each row, of equal ones those of smaller ids.
GivenCache cache_of(const Table& teacher, double temperature, Index k, Rest what) {
  GivenCache cache{{{}, teacher.rows, k + 1}, {}, what};
  for (Index r = 0; r < teacher.rows; ++r) {
    std::vector<Index> order(static_cast<std::size_t>(teacher.columns));
    std::iota(order.begin(), order.end(), Index{0});
    std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return teacher(r, a) > teacher(r, b); });
    const double largest = teacher(r, order.front());
    const auto log_sum = [&](auto begin, auto end) {
      double sum = 0;
      const double most = begin == end ? 0 : teacher(r, *begin);
      for (auto i = begin; i != end; ++i) sum += std::exp((teacher(r, *i) - most) / temperature);
      return (most - largest) / temperature + std::log(sum);
    };
    const double all = log_sum(order.begin(), order.end());
    for (Index i = 0; i < k; ++i)
      cache.log_probabilities.numbers.push_back((teacher(r, order[static_cast<std::size_t>(i)]) - largest) / temperature - all);
    cache.log_probabilities.numbers.push_back(k < teacher.columns ? log_sum(order.begin() + k, order.end()) - all : 0);
    order.resize(static_cast<std::size_t>(k));
    cache.ids.push_back(std::move(order));
  }
  return cache;
}

struct Found {
  double loss = 0, cross_entropy = 0, distillation = 0;
  std::vector<double> gradient;
};
// Of the mean loss by the student's logits; blocks of three rows.
template <class Backend>
Found run(const Table& student, const std::vector<Token>& labels, const auto& objective) {
  using C = typename Backend::Context;
  C c;
  std::vector<Token> ids(labels.size(), 0);
  const std::vector<Sequence> sequences{{0, student.rows, 0}};
  c.begin(sequences, Tokens{ids.data(), 1, student.rows}, Tokens{labels.data(), 1, student.rows});
  const GivenLogits model{student.columns};
  struct {
    const GivenLogits& model;
    decltype(objective.prepare(c)) prepared;
    Out<C> hidden, d_hidden;
  } const pass{model, objective.prepare(c), student.on(c), c.matrix(student.rows, student.columns)};
  const auto count = static_cast<double>(std::count_if(labels.begin(), labels.end(), has_label));
  const auto losses = objective.gradient(c, 0, pass, 1 / std::max(1.0, count), 0);
  BOOST_TEST(static_cast<double>(losses.count) == count);
  std::vector<typename Backend::Scalar> gradient(student.numbers.size());
  c.download(In<C>(pass.d_hidden), gradient);
  const auto mean = [&](const auto& sum) { return losses.mean(sum); };
  return {mean(losses.sum), mean(losses.parts[0].sum), mean(losses.parts[1].sum), {gradient.begin(), gradient.end()}};
}

// Relative to the largest entry, or 1.
double difference(const std::vector<double>& found, const std::vector<double>& expected) {
  double size = 1, worst = 0;
  if (found.size() != expected.size()) return HUGE_VAL;
  for (std::size_t i = 0; i < found.size(); ++i) {
    size = std::max(size, std::abs(expected[i]));
    worst = std::isfinite(found[i]) ? std::max(worst, std::abs(found[i] - expected[i])) : HUGE_VAL;
  }
  return worst / size;
}
double difference(double found, double expected) { return difference(std::vector{found}, std::vector{expected}); }

struct Tolerance {
  double loss, gradient;
};

// act(divergence) for the recorded name of a loss.
void with_loss(const std::string& loss, const Json& parameters, auto act) {
  const auto given = [&](const char* name) { return parameters.at(name).get<double>(); };
  if (loss == "forward_kl") return act(ForwardKl{});
  if (loss == "soft_cross_entropy") return act(SoftCrossEntropy{});
  if (loss == "reverse_kl") return act(ReverseKl{});
  if (loss == "jsd") return act(JensenShannon{given("beta")});
  if (loss == "total_variation") return act(TotalVariation{});
  if (loss == "skew_forward_kl") return act(SkewForwardKl{given("alpha")});
  if (loss == "skew_reverse_kl") return act(SkewReverseKl{given("alpha")});
  if (loss == "mixed_kl") return act(MixedKl{given("lambda")});
  if (loss == "adaptive_kl") return act(AdaptiveKl{given("mu")});
  if (loss == "mse_logits") return act(LogitsMse{});
  BOOST_ERROR("no divergence '" << loss << "'");
}
// act(divergence, teacher) for a case of a set.
void with_case(const Json& one, const SafetensorsFile& file, auto act) {
  const auto loss = one.at("loss").get<std::string>();
  const Json& parameters = one.at("parameters");
  const auto temperature = one.at("temperature").get<double>();
  const StoredTensor& stored = file.tensor("teacher");
  if (loss == "ensemble") {
    const Table all = table_of(stored);
    std::vector<GivenTeacher> members;
    for (Index m = 0; m < stored.shape[0]; ++m) {
      const auto size = static_cast<std::ptrdiff_t>(all.numbers.size()) / stored.shape[0];
      members.push_back({{{all.numbers.begin() + m * size, all.numbers.begin() + (m + 1) * size}, all.rows / stored.shape[0], all.columns}});
    }
    const auto of = parameters.at("mean_of").get<std::string>();
    const MeanOf mean = of == "probabilities" ? MeanOf::probabilities : of == "logits" ? MeanOf::logits : MeanOf::losses;
    const Ensemble<GivenTeacher> ensemble{members, mean, parameters.at("weights").get<std::vector<double>>()};
    return with_loss(parameters.at("divergence").get<std::string>(), parameters, [&](const auto& divergence) { act(divergence, ensemble); });
  }
  const Table teacher = table_of(stored);
  if (loss.starts_with("topk_")) {
    const Rest rest = loss == "topk_truncated"         ? Rest::truncated
                      : loss == "topk_renormalised"      ? Rest::renormalised
                      : loss == "topk_renormalised_both" ? Rest::renormalised_both
                                                         : Rest::bucket;
    const GivenCache cache = cache_of(teacher, temperature, parameters.at("k").get<Index>(), rest);
    return loss.ends_with("_reverse") ? act(ReverseKl{}, cache) : act(ForwardKl{}, cache);
  }
  with_loss(loss == "combined" ? "forward_kl" : loss, parameters, [&](const auto& divergence) { act(divergence, GivenTeacher{teacher}); });
}

template <class Backend>
void expect_case(const Json& one, const Table& student, const std::vector<Token>& labels, const SafetensorsFile& file, Tolerance tolerance,
                 bool squared) {
  const auto loss = one.at("loss").get<std::string>();
  const auto temperature = one.at("temperature").get<double>();
  DistillationOptions options{.alpha = 1, .temperature = temperature, .squared_temperature = squared};
  if (loss == "combined") {
    options.alpha = one.at("parameters").at("alpha").get<double>();
    options.squared_temperature = true;
    if (one.at("parameters").at("convention") == "alpha_on_labels") options.alpha_of = AlphaOf::labels;
  }
  auto expected = file.tensor(one.at("gradient").get<std::string>()).read<double>();
  const double factor = squared && loss != "combined" ? temperature * temperature : 1;
  for (double& entry : expected) entry *= factor;
  with_case(one, file, [&](const auto& divergence, const auto& teacher) {
    // Whole rows, and parts of them where the divergence does not ask for all and the teacher has them.
    for (const Index outcomes : {0, 1, 5}) {
      if (outcomes > 0 && (loss.starts_with("topk_") || loss == "adaptive_kl")) continue;
      const Found found = run<Backend>(student, labels, Distillation{divergence, teacher, options, {}, 3, outcomes});
      const double value = one.at(squared ? "value_times_T2" : "value").get<double>();
      BOOST_TEST(difference(found.loss, value) <= tolerance.loss, one.dump() << " loss " << found.loss);
      BOOST_TEST(difference(found.gradient, expected) <= tolerance.gradient,
                 one.dump() << " gradient off by " << difference(found.gradient, expected));
    }
  });
}

std::vector<Token> labels_of(const SafetensorsFile& file) {
  std::vector<Token> labels;
  for (const std::int64_t label : file.tensor("labels").read<std::int64_t>()) labels.push_back(static_cast<Token>(label));
  return labels;
}

void expect_cache(const SafetensorsFile& file, const Json& entry) {
  const Table student = table_of(file.tensor("student"));
  GivenCache cache{table_of(file.tensor("log_probabilities")), {}, Rest::bucket};
  const StoredTensor& stored = file.tensor("ids");
  const std::vector<std::int64_t> ids = stored.read<std::int64_t>();
  for (auto next = ids.begin(); next != ids.end(); next += stored.shape.back()) cache.ids.emplace_back(next, next + stored.shape.back());
  const Distillation objective{ForwardKl{}, cache, {.alpha = 1, .temperature = entry.at("temperature").get<double>()}, {}, 4};
  const auto expect = [&](const Found& found, double tolerance) {
    BOOST_TEST(difference(found.loss, entry.at("value").get<double>()) <= tolerance, file.name());
    BOOST_TEST(difference(found.gradient, file.tensor("grad").read<double>()) <= tolerance, file.name());
  };
  expect(run<Reference<double>>(student, labels_of(file), objective), 1e-12);
  expect(run<Reference<float>>(student, labels_of(file), objective), 1e-5);
  expect(run<Cpu>(student, labels_of(file), objective), 1e-5);
}

// Hidden states of labelled rows, one beside the other, and gradients of the mean.
template <class Backend>
void expect_hidden(const SafetensorsFile& file, const Json& values, double tolerance) {
  using C = typename Backend::Context;
  const std::vector<Token> labels = labels_of(file);
  const auto count = static_cast<double>(std::count_if(labels.begin(), labels.end(), has_label));
  for (const HiddenDistance distance : {HiddenDistance::mse, HiddenDistance::cosine}) {
    const char* const name = distance == HiddenDistance::mse ? "mse" : "cosine";
    C c;
    const Table student = table_of(file.tensor("student"));
    const std::vector<Token> ids(labels.size(), 0);
    const std::vector<Sequence> sequences{{0, student.rows, 0}};
    c.begin(sequences, Tokens{ids.data(), 1, student.rows}, Tokens{labels.data(), 1, student.rows});
    const auto view = [&](const std::string& tensor) { return file.contains(tensor) ? table_of(file.tensor(tensor)).on(c) : Out<C>{}; };
    const auto zero = [&](In<C> like) {
      const WideOut<C> result = like ? c.wide(like.rows, like.columns) : WideOut<C>{};
      if (like) c.zero(result);
      return result;
    };
    const ChosenRows rows = labelled_rows(c).rows;
    const In<C> x = student.on(c), target = view("teacher"), projection = view("projection"), bias = view("bias");
    const WideOut<C> d_projection = zero(projection), d_bias = zero(bias);
    const Out<C> dx = c.matrix(x.rows, x.columns);
    c.zero(dx);
    const auto sum = match_hidden<C>(c, distance, rows, x, rows.of(c, target), {projection, bias}, {d_projection, d_bias}, 1 / count, dx);
    BOOST_TEST(difference(static_cast<double>(sum) / count, values.at(name).template get<double>()) <= tolerance, file.name() << ' ' << name);
    const auto expect = [&](const std::string& tensor, In<C> found) {
      const std::string gradient = std::string("grad.") + name + '.' + tensor;
      BOOST_TEST(static_cast<bool>(found) == file.contains(gradient), file.name() << ' ' << gradient);
      if (!found) return;
      std::vector<typename Backend::Scalar> numbers(static_cast<std::size_t>(found.size()));
      c.download(found, numbers);
      BOOST_TEST(difference({numbers.begin(), numbers.end()}, file.tensor(gradient).template read<double>()) <= tolerance,
                 file.name() << ' ' << gradient);
    };
    expect("student", dx);
    expect("projection", d_projection);
    expect("bias", d_bias);
  }
}

std::vector<fs::path> folders() {
  std::vector<fs::path> result;
  for (const auto& entry : fs::recursive_directory_iterator(shared("golden/distillation")))
    if (entry.path().filename() == "golden.json") result.push_back(entry.path().parent_path());
  return result;
}

BOOST_AUTO_TEST_SUITE(golden_distillation, *needs_shared("golden/distillation"))

BOOST_AUTO_TEST_CASE(every_case) {
  for (const fs::path& folder : folders()) {
    const Json index = read_json(folder / "golden.json");
    std::map<std::string, std::set<std::string>> used;
    for (Json one : index.at("cases")) {
      const Json& set = index.at("sets").at(one.at("set").get<std::string>());
      const auto file_name = set.at("file").get<std::string>();
      const SafetensorsFile file{folder / file_name};
      if (one.at("loss") == "ensemble") one["parameters"]["weights"] = set.at("weights");
      const Table student = table_of(file.tensor("student"));
      const std::vector<Token> labels = labels_of(file);
      for (const bool squared : {false, true}) {
        expect_case<Reference<double>>(one, student, labels, file, {1e-12, 1e-12}, squared);
        expect_case<Reference<float>>(one, student, labels, file, {1e-5, 1e-5}, squared);
        expect_case<Cpu>(one, student, labels, file, {1e-5, 1e-5}, squared);
      }
      used[file_name].insert(one.at("gradient").get<std::string>());
    }
    for (const auto& [file_name, gradients] : used) {
      const SafetensorsFile file{folder / file_name};
      for (const StoredTensor& tensor : file.tensors())
        if (tensor.name.starts_with("grad.")) BOOST_TEST(gradients.contains(tensor.name), file_name << ": " << tensor.name);
    }
    const Json& cache = index.at("cache");
    used[cache.at("file").get<std::string>()];
    expect_cache(SafetensorsFile{folder / cache.at("file").get<std::string>()}, cache);
    for (const auto& [name, entry] : index.at("hidden").items()) {
      const auto file_name = entry.at("file").get<std::string>();
      used[file_name];
      const SafetensorsFile file{folder / file_name};
      expect_hidden<Reference<double>>(file, entry.at("values"), 1e-12);
      expect_hidden<Reference<float>>(file, entry.at("values"), 1e-5);
      expect_hidden<Cpu>(file, entry.at("values"), 1e-5);
    }
    for (const auto& [name, run] : index.at("curves").at("runs").items()) used[run.at("file").get<std::string>()];
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string file_name = entry.path().filename().string();
      if (entry.path().extension() == ".safetensors") BOOST_TEST(used.contains(file_name), file_name << " is of no set");
    }
  }
  BOOST_TEST(!folders().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
