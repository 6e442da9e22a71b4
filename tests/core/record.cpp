// Records: order and paths of the walk, several records in lock step, vectors, variants, counts, carried states.
#include <rondo/core/record.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace rondo {

struct Pair : NothingSaved, NoState {
  template <class S>
  struct Weights {
    S weight, bias;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(parameter("weight", {3, 2}, normal(0.5), Decay::yes, w.weight...),
                  parameter("bias", {3}, zeros(), Decay::no, w.bias...));
  }
};
struct Gain : NothingSaved, NoState {
  Index width = 1;
  explicit Gain(Index width_) : width(width_) {}
  template <class S>
  struct Weights {
    S gain;
  };
  auto weight_leaves(auto&... w) const { return leaves(parameter("gain", {width}, ones(), Decay::no, w.gain...)); }
};
using Choice = std::variant<Pair, Gain>;

struct Whole : NoState {
  Pair first;
  std::vector<Gain> gains{Gain{1}, Gain{2}};
  Choice choice = Gain{5};

  template <class S>
  struct Weights {
    Pair::Weights<S> first;
    S own;
    std::vector<Gain::Weights<S>> gains;
    std::variant<Pair::Weights<S>, Gain::Weights<S>> choice;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("first", first, w.first...), parameter("own", {2, 3, 4}, uniform(1), Decay::yes, w.own...),
                  repeated("gains", gains, w.gains...), chosen(choice, w.choice...));
  }
  template <class S>
  struct Saved {
    S rows;
    std::vector<S> streams;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("rows", {extent.tokens, 2}, s.rows...), buffers("streams", 3, {extent.sequences, 1}, s.streams...));
  }
};

BOOST_AUTO_TEST_SUITE(record)

using Paths = std::vector<std::string>;

BOOST_AUTO_TEST_CASE(a_walk_visits_every_leaf_in_the_order_of_the_list) {
  Paths paths;
  std::vector<Index> sizes;
  make_record<int>(WeightRecords{}, Whole{}, [&](const std::string& path, const Leaf& leaf) {
    paths.push_back(path);
    sizes.push_back(leaf.dimensions.size());
    return 0;
  });
  const Paths expected{"first.weight", "first.bias", "own", "gains.0.gain", "gains.1.gain", "gain"};
  BOOST_TEST(paths == expected, boost::test_tools::per_element());
  BOOST_TEST(sizes == (std::vector<Index>{6, 3, 24, 1, 2, 5}), boost::test_tools::per_element());
  BOOST_TEST(record_size(WeightRecords{}, Whole{}) == 41);
}

BOOST_AUTO_TEST_CASE(leaves_say_how_they_start_and_whether_they_decay) {
  std::vector<std::pair<double, bool>> found;
  make_record<int>(WeightRecords{}, Pair{}, [&](const std::string&, const Leaf& leaf) {
    found.emplace_back(leaf.initial.value, leaf.decay == Decay::yes);
    return 0;
  });
  BOOST_TEST((found == std::vector<std::pair<double, bool>>{{0.5, true}, {0, false}}));
}

BOOST_AUTO_TEST_CASE(parameters_are_matrices_or_vectors_where_nothing_else_is_said) {
  float number = 0;
  const auto plain = parameter("p", {4, 2}, zeros(), Decay::no, number);
  BOOST_TEST((plain.leaf.role == Role::matrix && parameter("p", {4}, zeros(), Decay::no, number).leaf.role == Role::vector));
  const auto head = plain.as(Role::head);
  BOOST_TEST((head.leaf.role == Role::head && &head.members.only == &number));
  BOOST_TEST(name_of(Role::block_diagonal) == "block_diagonal");
}

// What each_matrix gives, as {first, rows, columns}.
std::vector<std::array<Index, 3>> matrices_of(Dimensions dimensions, Parts parts) {
  std::vector<std::array<Index, 3>> result;
  const Leaf leaf{"w", dimensions, zeros(), Decay::no, Role::matrix, parts};
  leaf.each_matrix([&](Index first, Index rows, Index columns) { result.push_back({first, rows, columns}); });
  return result;
}
BOOST_AUTO_TEST_CASE(joint_projections_are_several_matrices) {
  using Matrices = std::vector<std::array<Index, 3>>;
  BOOST_TEST((matrices_of({4, 5}, {}) == Matrices{{0, 4, 5}}));
  BOOST_TEST((matrices_of({5}, {}) == Matrices{{0, 1, 5}}));
  BOOST_TEST((matrices_of({6, 5}, {2}) == Matrices{{0, 2, 5}, {10, 2, 5}, {20, 2, 5}}));
  BOOST_TEST((matrices_of({6, 5}, {1, 2}) == Matrices{{0, 1, 5}, {5, 2, 5}, {15, 1, 5}, {20, 2, 5}}));
  BOOST_TEST((matrices_of({2, 4, 3}, {}) == Matrices{{0, 4, 3}, {12, 4, 3}}));
  BOOST_TEST((matrices_of({2, 4, 3}, {2}) == Matrices{{0, 2, 3}, {6, 2, 3}, {12, 2, 3}, {18, 2, 3}}));
}

BOOST_AUTO_TEST_CASE(several_records_are_walked_in_lock_step) {
  const Whole whole;
  int next = 0;
  auto numbers = make_record<int>(WeightRecords{}, whole, [&](const std::string&, const Leaf&) { return next++; });
  auto doubled = make_record<double>(WeightRecords{}, whole, [](const std::string&, const Leaf&) { return 0.0; });
  walk(
      WeightRecords{}, whole, "model", [](const std::string&, const Leaf&, int from, double& to) { to = 2.0 * from; }, numbers,
      doubled);
  BOOST_TEST(numbers.own == 2);
  BOOST_TEST(doubled.own == 4.0);
  BOOST_TEST(doubled.gains[1].gain == 8.0);
  BOOST_TEST(std::get<1>(doubled.choice).gain == 10.0);
  Paths paths;
  walk(
      WeightRecords{}, whole, "model", [&](const std::string& path, const Leaf&, int) { paths.push_back(path); }, numbers);
  BOOST_TEST(paths.front() == "model.first.weight");
  BOOST_TEST(paths.back() == "model.gain");
}

BOOST_AUTO_TEST_CASE(vectors_get_their_size_and_variants_their_alternative) {
  Whole whole;
  whole.gains.assign(4, Gain{1});
  whole.choice = Pair{};
  const auto record = make_record<int>(WeightRecords{}, whole, [](const std::string&, const Leaf&) { return 7; });
  BOOST_TEST(record.gains.size() == 4U);
  BOOST_TEST(record.choice.index() == 0U);
  BOOST_TEST(std::get<0>(record.choice).bias == 7);
}

BOOST_AUTO_TEST_CASE(read_only_records_are_walked_as_they_are) {
  const Whole whole;
  const auto record = make_record<int>(WeightRecords{}, whole, [](const std::string&, const Leaf&) { return 1; });
  int sum = 0;
  walk(
      WeightRecords{}, whole, "", [&](const std::string&, const Leaf&, const int& one) { sum += one; }, record);
  BOOST_TEST(sum == 6);
}

BOOST_AUTO_TEST_CASE(buffers_are_sized_by_the_extent) {
  Paths paths;
  const auto record = make_record<Index>(SavedRecords{{5, 2}}, Whole{}, [&](const std::string& path, const Leaf& leaf) {
    paths.push_back(path + leaf.dimensions.text());
    return leaf.dimensions.size();
  });
  BOOST_TEST(record.rows == 10);
  BOOST_TEST(record.streams.size() == 3U);
  BOOST_TEST(paths == (Paths{"rows[5, 2]", "streams.0[2, 1]", "streams.1[2, 1]", "streams.2[2, 1]"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(records_are_converted_leaf_by_leaf) {
  const Pair pair;
  double memory[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  auto views = make_record<View<double>>(WeightRecords{}, pair, [&](const std::string&, const Leaf& leaf) {
    return View<double>{memory, leaf.dimensions.rows(), leaf.dimensions.columns()};
  });
  const auto inputs = convert_record<View<const double>>(WeightRecords{}, pair, views);
  BOOST_TEST(inputs.weight(2, 1) == 6.0);
  BOOST_TEST(inputs.bias.rows == 1);
  BOOST_TEST(inputs.bias.columns == 3);
}

BOOST_AUTO_TEST_CASE(dimensions) {
  static_assert(Dimensions{4, 1, 3}.size() == 12 && Dimensions{4, 1, 3}.rows() == 4 && Dimensions{4, 1, 3}.columns() == 3);
  static_assert(Dimensions{5}.rows() == 1 && Dimensions{5}.columns() == 5);
  static_assert(Dimensions{0, 7}.size() == 0 && Dimensions{0, 7}.columns() == 7, "no rows of a width");
  static_assert(Dimensions{2, 3} == Dimensions{2, 3} && Dimensions{2, 3} != Dimensions{3, 2});
  BOOST_TEST((Dimensions{2, 3, 4}.text() == "[2, 3, 4]"));
  BOOST_TEST((Dimensions{2, 3, 4, 5}.size() == 120));
  const auto says_both = [](const Error& error) { return error.what() == std::string("dimensions: a tensor has at most 4, found 5"); };
  BOOST_CHECK_EXCEPTION((Dimensions{2, 3, 4, 5, 6}), Error, says_both);
}

BOOST_AUTO_TEST_CASE(members_are_counted) {
  static_assert(member_count<Whole::Weights<AnyStorage>>() == 4);
  static_assert(member_count<Whole::Saved<AnyStorage>>() == 2);
  static_assert(member_count<NoState::State<AnyStorage>>() == 0);
  BOOST_TEST(member_count<Pair::Weights<AnyStorage>>() == 2U);
}

BOOST_AUTO_TEST_CASE(carried_states_are_followed_into_inner_records) {
  struct Outer {
    Pair::Weights<int> inner;
  };
  const Outer initial{{1, 2}};
  const auto inner = Carried<Outer>{&initial, nullptr}.at(&Outer::inner);
  BOOST_TEST(inner.initial->bias == 2);
  BOOST_TEST(inner.final == nullptr);
  BOOST_TEST(or_none(inner.initial).bias == 2);
  BOOST_TEST(or_none(inner.final).bias == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo
