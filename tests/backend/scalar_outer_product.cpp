// The Cpu back-end's outer product with one decay a head against the Reference's plain loop in double, both called alike.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>

#include "backend/matrix.hpp"

namespace rondo::test {
namespace {

enum class Decays { usual, none, strong, vanishing, mixed };

struct Problem {
  ScalarOuterProduct product;
  Index tokens;
  std::vector<Sequence> sequences;
  bool states = true;
  Decays decays = Decays::usual;
};

// The same numbers for every back-end: float32 throughout.
class Inputs {
 public:
  explicit Inputs(const Problem& problem) : problem_(problem) {
    const ScalarOuterProduct& p = problem.product;
    const Index tokens = problem.tokens, sequences = std::ssize(problem.sequences);
    for (const char* name : {"q", "k"}) fill(name, tokens, p.groups * p.key_width);
    for (const char* name : {"g", "w"}) fill(name, tokens, p.heads);
    for (const char* name : {"v", "d_o"}) fill(name, tokens, p.heads * p.value_width);
    for (const char* name : {"initial", "d_final"}) fill(name, sequences, p.heads * p.key_width * p.value_width);
    Matrix<float>&g = matrices_.at("g"), &w = matrices_.at("w");
    for (Index t = 0; t < tokens; ++t)
      for (Index h = 0; h < p.heads; ++h) {
        const bool pick = problem.decays == Decays::mixed && (t + h) % 5 == 0;
        g(t, h) = -std::log1p(std::exp(-3 - g(t, h)));
        if (problem.decays == Decays::none) g(t, h) = 0;
        if (problem.decays == Decays::strong || pick) g(t, h) = -20;
        if (problem.decays == Decays::vanishing || (pick && t % 2)) g(t, h) = -1e30F;
        w(t, h) = pick ? 0 : std::abs(w(t, h));
      }
  }
  [[nodiscard]] const Problem& problem() const { return problem_; }
  [[nodiscard]] const Matrix<float>& operator[](const std::string& name) const { return matrices_.at(name); }

 private:
  void fill(const std::string& name, Index rows, Index columns) {
    const auto seed = static_cast<unsigned>(matrices_.size() + 5);
    fill_random(matrices_.emplace(name, Matrix<float>{rows, columns}).first->second, seed);
  }
  Problem problem_;
  std::map<std::string, Matrix<float>> matrices_;
};

template <class T>
using Results = std::map<std::string, Matrix<T>>;

// q, k and v are columns of one wider matrix, as in a mixer.
template <class Context>
Results<typename Context::Scalar> run(const Inputs& inputs) {
  using T = typename Context::Scalar;
  const Problem& problem = inputs.problem();
  const ScalarOuterProduct& p = problem.product;
  const Index tokens = problem.tokens, sequences = std::ssize(problem.sequences), keys = p.groups * p.key_width,
              values = p.heads * p.value_width;
  Context c;
  c.begin(problem.sequences, tokens);
  {
    auto mark = c.mark();
    const auto copied = [&](const std::string& name, View<T> to) {
      const Matrix<float>& from = inputs[name];
      for (Index r = 0; r < from.rows; ++r)
        for (Index i = 0; i < from.columns; ++i) to(r, i) = static_cast<T>(from(r, i));
      return to;
    };
    const auto taken = [&](const std::string& name) { return copied(name, c.matrix(inputs[name].rows, inputs[name].columns)); };
    const View<T> wide = c.matrix(tokens, values + 2 * keys + 3);
    const View<const T> v = copied("v", wide.middle_columns(0, values)), k = copied("k", wide.middle_columns(values, keys)),
                        q = copied("q", wide.middle_columns(values + keys, keys)), g = taken("g"), w = taken("w");

    Results<T> results;
    const auto result = [&](const std::string& name, Index rows, Index columns) {
      Matrix<T>& matrix = results.emplace(name, Matrix<T>{rows, columns}).first->second;
      std::fill(matrix.values.begin(), matrix.values.end(), std::numeric_limits<T>::quiet_NaN());
      return matrix.view();
    };
    using State = ScalarOuterProduct::State<View<T>>;
    const State initial{taken("initial")}, d_final{taken("d_final")};
    const State final{result("final", sequences, p.key_width * values)}, d_initial{result("d_initial", sequences, p.key_width * values)};
    const State* const start = problem.states ? &initial : nullptr;
    const ScalarOuterProduct::Inputs<View<const T>> in{.q = q, .k = k, .g = g, .w = w, .v = v};
    c.recurrence(p, {}, in, {result("o", tokens, values)}, {start, &final});
    c.recurrence_gradient(p, {}, in, {}, {taken("d_o")}, {},
                          {.q = result("dq", tokens, keys),
                           .k = result("dk", tokens, keys),
                           .g = result("dg", tokens, p.heads),
                           .w = result("dw", tokens, p.heads),
                           .v = result("dv", tokens, values)},
                          {start, problem.states ? &d_final : nullptr, &d_initial});
    return results;
  }
}

// The units of dg, a difference of sums of the size of q . dq.
double size_of(const std::string& name, const Inputs& inputs, const Results<double>& expected) {
  double size = 1e-30;
  for (const double x : expected.at(name).values) size = std::max(size, std::abs(x));
  if (name != "dg") return size;
  const Matrix<double>& dq = expected.at("dq");
  const Matrix<float>& q = inputs["q"];
  for (Index t = 0; t < dq.rows; ++t) {
    double product = 0;
    for (Index i = 0; i < dq.columns; ++i) product += std::abs(dq(t, i) * static_cast<double>(q(t, i)));
    size = std::max(size, product);
  }
  return size;
}

void compare(const Problem& problem, const std::string& name) {
  const Inputs inputs{problem};
  const auto expected = run<Reference<double>::Context>(inputs);
  const auto found = run<CpuContext>(inputs);
  for (const auto& [result, matrix] : expected) {
    double worst = 0;
    for (std::size_t i = 0; i < matrix.values.size(); ++i) {
      const double error = std::abs(static_cast<double>(found.at(result).values[i]) - matrix.values[i]);
      worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
    }
    const double size = size_of(result, inputs, expected);
    BOOST_TEST_MESSAGE(name << ": " << result << " " << worst / size);
    BOOST_TEST(worst < 3e-6 * size, name << ": " << result << " is off by " << worst / size);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scalar_outer_product)

BOOST_AUTO_TEST_CASE(lengths) {
  for (const Index length : {1, 2, 3, 31, 32, 33, 63, 64, 65, 130})
    for (const bool states : {false, true})
      compare({{4, 2, 16, 24, 0.25}, length, {{0, length, 0}}, states},
              "length " + std::to_string(length) + (states ? " with states" : ""));
}
BOOST_AUTO_TEST_CASE(widths) {
  for (const Index K : {1, 5, 33, 128})
    for (const Index V : {1, 7, 32, 64})
      compare({{2, 1, K, V, 0.5}, 70, {{0, 70, 0}}}, std::to_string(K) + " x " + std::to_string(V));
}
BOOST_AUTO_TEST_CASE(shared_keys) {
  for (const Index groups : {1, 2, 3, 6})
    compare({{6, groups, 8, 8}, 100, {{0, 100, 0}}}, std::to_string(groups) + " groups");
}
BOOST_AUTO_TEST_CASE(kinds_of_decay) {
  for (const Decays decays : {Decays::none, Decays::strong, Decays::vanishing, Decays::mixed})
    for (const Index length : {1, 40, 130})
      compare({{2, 1, 12, 20, 0.3}, length, {{0, length, 0}}, true, decays}, "decays " + std::to_string(static_cast<int>(decays)));
}
// Sequences of different lengths, one of a single token, one of none, rows that none covers before, between and after them.
BOOST_AUTO_TEST_CASE(ragged_sequences) {
  for (const bool states : {false, true})
    compare({{6, 2, 16, 16, 0.25}, 210, {{2, 70, 0}, {80, 1, 5}, {90, 17, 0}, {110, 0, 0}, {112, 96, 3}}, states}, "ragged");
}
// In parts from the state that the part before leaves, in place; the last part is one token.
BOOST_AUTO_TEST_CASE(continues_from_its_state) {
  const ScalarOuterProduct product{4, 2, 16, 40, 0.25};
  const Inputs inputs{{product, 150, {{0, 150, 0}}}};
  const auto whole = run<CpuContext>(inputs);
  CpuContext c;
  Matrix<float> o{150, 160}, state = inputs["initial"];
  const ScalarOuterProduct::State<View<float>> carried{state.view()};
  for (const auto& [begin, count] : {std::pair<Index, Index>{0, 21}, {21, 128}, {149, 1}}) {
    const Sequence part{0, count, begin};
    c.begin({&part, 1}, count);
    const auto rows = [&, first = begin, length = count](const char* name) { return inputs[name].view().middle_rows(first, length); };
    c.recurrence(product, {}, {.q = rows("q"), .k = rows("k"), .g = rows("g"), .w = rows("w"), .v = rows("v")},
                 {o.view().middle_rows(begin, count)}, {&carried, &carried});
  }
  BOOST_TEST(largest_difference(o.view(), whole.at("o").view()) < 1e-5);
  BOOST_TEST(largest_difference(state.view(), whole.at("final").view()) < 1e-5);
}
// A group's heads are shared among threads where there is one sequence only; few threads or many, the bits are the same.
BOOST_AUTO_TEST_CASE(heads_in_parts) {
#ifdef _OPENMP
  const int threads = omp_get_max_threads();
  for (const Problem& problem : {Problem{{8, 1, 32, 32, 0.2}, 200, {{0, 200, 0}}},
                                 Problem{{2, 1, 24, 100, 0.2}, 150, {{0, 149, 0}, {149, 1, 0}}, true}}) {  // values in parts
    const Inputs inputs{problem};
    omp_set_num_threads(1);
    const auto expected = run<CpuContext>(inputs);
    for (const int count : {2, 3, 5, 9}) {
      omp_set_num_threads(count);
      compare(problem, std::to_string(count) + " threads");
      const auto first = run<CpuContext>(inputs), second = run<CpuContext>(inputs);
      for (const auto& [name, matrix] : first) {
        BOOST_TEST(matrix.values == second.at(name).values, name);
        BOOST_TEST(matrix.values == expected.at(name).values, name);
      }
    }
  }
  omp_set_num_threads(threads);
#endif
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
