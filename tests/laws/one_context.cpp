// Passes of several models on one context: none of them leaves anything behind that another one sees.
#include <cmath>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/combinator/block.hpp>
#include <rondo/combinator/checkpointed.hpp>
#include <rondo/combinator/pattern.hpp>
#include <rondo/combinator/stack.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/mixer/hgrn1.hpp>
#include <rondo/mixer/hgrn2.hpp>

namespace rondo {

namespace {

using Bounded = Block<RmsNorm, Hgrn2Mixer<LowerBoundedForget>, NoMlp>;
// Its bound is zero, because nothing is shared.
struct ZeroBounded : LowerBoundedForget {
  using Shared = NothingShared;
};
using Unbounded = Block<RmsNorm, Hgrn2Mixer<ZeroBounded>, NoMlp>;
using Sigmoidal = Block<RmsNorm, Hgrn2Mixer<SigmoidForget>, NoMlp>;
using BoundedLast = Pattern<Unbounded, Unbounded, Checkpointed<Bounded>>;
using Older = Block<RmsNorm, Hgrn1Mixer<LowerBoundedForget>, NoMlp>;

constexpr Index tokens = 6;

// A stack of blocks with drawn weights, and all that one pass of it writes.
template <class Backend, class Block>
class Pass {
 public:
  using C = typename Backend::Context;
  using S = typename Backend::Scalar;

  Pass(Index depth, std::uint64_t seed) : shape_{.width = 8, .depth = depth, .heads = 2}, stack_(shape_) {
    weights_ = make_record<View<S>>(WeightRecords{}, stack_, [&](const std::string& path, const Leaf& leaf) {
      return drawn(leaf.dimensions.rows(), leaf.dimensions.columns(), key_of(Seed{seed}, path));
    });
    gradients_ = make_record<View<S>>(WeightRecords{}, stack_, [&](const Path&, const Leaf& leaf) {
      list_.push_back(zeros(leaf.dimensions.rows(), leaf.dimensions.columns()));
      return list_.back();
    });
    saved_ = make_record<View<S>>(SavedRecords{{tokens, 1}}, stack_, [&](const Path&, const Leaf& leaf) {
      return zeros(leaf.dimensions.rows(), leaf.dimensions.columns());
    });
    x_ = drawn(tokens, shape_.width, key_of(Seed{seed}, "x"));
    for (View<S>* out : {&y_, &dx_}) list_.push_back(*out = zeros(tokens, shape_.width));
  }
  void forward(C& c) { stack_.forward(c, weights_, View<const S>(x_), y_, saved_, {}); }
  void evaluate(C& c) { stack_.evaluate(c, weights_, View<const S>(x_), y_, {}); }
  void backward(C& c) { stack_.backward(c, weights_, View<const S>(x_), View<const S>(x_), dx_, saved_, gradients_, {}); }

  [[nodiscard]] std::vector<S> written() const {
    std::vector<S> all;
    for (const View<S>& view : list_) all.insert(all.end(), view.data, view.data + view.size());
    return all;
  }

 private:
  View<S> zeros(Index rows, Index columns) {
    const View<S> view{memory_.template take<S>(rows * columns), rows, columns};
    std::fill_n(view.data, view.size(), S(0));
    return view;
  }
  View<S> drawn(Index rows, Index columns, RandomKey key) {
    const View<S> view = zeros(rows, columns);
    for (Index i = 0; i < view.size(); ++i) view.data[i] = static_cast<S>(normal_number(key, static_cast<std::uint64_t>(i)));
    return view;
  }

  Shape shape_;
  Stack<Block> stack_;
  Arena memory_;
  std::vector<View<S>> list_;
  typename Stack<Block>::template Weights<View<S>> weights_, gradients_;
  typename Stack<Block>::template Saved<View<S>> saved_;
  View<S> x_, y_, dx_;
};

const Sequence whole{0, tokens, 0};

template <class Backend, class Student, class Teacher>
void expect_undisturbed(Index depth) {
  Pass<Backend, Student> alone(depth, 1), beside(depth, 1);
  typename Backend::Context own, common;
  own.begin({&whole, 1}, tokens);
  common.begin({&whole, 1}, tokens);
  alone.forward(own);
  alone.backward(own);
  Pass<Backend, Teacher> teacher(depth + 3, 2);
  teacher.evaluate(common);
  beside.forward(common);
  teacher.forward(common);
  teacher.backward(common);
  beside.backward(common);
  const auto expected = alone.written(), found = beside.written();
  BOOST_TEST(expected == found, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(one_context)

BOOST_AUTO_TEST_CASE(a_teacher_and_a_student) {
  expect_undisturbed<Reference<double>, Unbounded, Bounded>(3);
  expect_undisturbed<Reference<double>, Bounded, Bounded>(2);
  expect_undisturbed<Reference<double>, BoundedLast, Older>(3);
  expect_undisturbed<Cpu, Unbounded, Bounded>(3);
  expect_undisturbed<Cpu, Older, BoundedLast>(3);
}

BOOST_AUTO_TEST_CASE(a_block_that_shares_nothing_beside_one_that_does) {
  Pass<Reference<double>, Pattern<Unbounded, Bounded>> pass(4, 1);
  Pass<Reference<double>, Pattern<Sigmoidal, Bounded>> same(4, 1);
  Reference<double>::Context c;
  c.begin({&whole, 1}, tokens);
  const auto run = [&](auto& each) {
    each.forward(c);
    each.backward(c);
    return each.written();
  };
  const auto found = run(pass), expected = run(same);
  BOOST_TEST_REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) BOOST_TEST(std::abs(found[i] - expected[i]) < 1e-12);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo
