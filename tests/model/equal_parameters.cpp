// Shapes of equal parameter count: the nearest multiple, and what cannot be.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdlib>

#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/equal_parameters.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

const Shape base{.vocabulary = 100, .width = 32, .depth = 3, .heads = 4, .mlp_width = 64};

Index with_mlp(Shape shape, Index width) {
  shape.mlp_width = width;
  return parameter_count<Llama>(shape);
}

BOOST_AUTO_TEST_SUITE(equal_parameters)

BOOST_AUTO_TEST_CASE(counts_are_those_of_the_tensors) {
  // Embedding and head; per block two norms, four matrices of attention, three of the MLP; the last norm.
  BOOST_TEST(parameter_count<Llama>(base) == 2 * 100 * 32 + 3 * (2 * 32 + 4 * 32 * 32 + 3 * 32 * 64) + 32);
}

// Every budget over a range, against all sizes tried one by one.
BOOST_AUTO_TEST_CASE(the_nearest_multiple_is_found) {
  const Index step = 8;
  int exact = 0, below = 0, above = 0;
  for (Index budget = with_mlp(base, step); budget < with_mlp(base, 40 * step); budget += 331) {
    const Shape shape = with_parameters<Llama>(base, &Shape::mlp_width, step, budget);
    const Index found = parameter_count<Llama>(shape);
    Index nearest = step;
    for (Index width = step; width <= 60 * step; width += step)
      if (std::abs(with_mlp(base, width) - budget) < std::abs(with_mlp(base, nearest) - budget)) nearest = width;
    BOOST_TEST(std::abs(found - budget) == std::abs(with_mlp(base, nearest) - budget));
    BOOST_TEST(shape.mlp_width % step == 0);
    Shape same = shape;
    same.mlp_width = base.mlp_width;
    BOOST_TEST((same == base));  // nothing else is changed
    exact += found == budget;
    below += found < budget;
    above += found > budget;
  }
  BOOST_TEST(exact > 0);
  BOOST_TEST(below > 20);
  BOOST_TEST(above > 20);
  for (const Index steps : {1, 2, 3, 5, 8, 17})
    BOOST_TEST(with_parameters<Llama>(base, &Shape::mlp_width, step, with_mlp(base, steps * step)).mlp_width == steps * step);
}

BOOST_AUTO_TEST_CASE(one_model_is_made_as_large_as_another) {
  const Index budget = parameter_count<Hgrn2>(base);
  const Shape shape = with_parameters<Llama>(base, &Shape::mlp_width, 1, budget);
  BOOST_TEST(std::abs(parameter_count<Llama>(shape) - budget) <= 3 * 3 * 32 / 2);  // half of what one more channel adds
}

BOOST_AUTO_TEST_CASE(what_is_too_small_is_refused) {
  const Index smallest = with_mlp(base, 8);
  BOOST_TEST(with_parameters<Llama>(base, &Shape::mlp_width, 8, smallest / 2 + 1).mlp_width == 8);
  BOOST_TEST(with_parameters<Llama>(base, &Shape::mlp_width, 8, 1 + smallest).mlp_width == 8);
  BOOST_TEST(message_of([&] { (void)with_parameters<Llama>(base, &Shape::mlp_width, 8, smallest / 2); }) ==
             "equal parameters: the smallest size has " + std::to_string(smallest) + " parameters, the budget is " +
                 std::to_string(smallest / 2));
  BOOST_TEST(has(message_of([&] { (void)with_parameters<Llama>(base, &Shape::mlp_width, 8, 0); }), "the budget is 0"));
  // A width that the heads do not divide.
  BOOST_TEST(has(message_of([&] { (void)with_parameters<Llama>(base, &Shape::width, 6, 10000); }), "not a multiple of heads"));
}

BOOST_AUTO_TEST_CASE(a_size_that_the_model_does_not_have_is_refused) {
  const Index count = parameter_count<Llama>(base);
  BOOST_TEST(message_of([&] { (void)with_parameters<Llama>(base, &Shape::context, 8, count + 1); }) ==
             "equal parameters: the model has " + std::to_string(count) + " parameters whatever this size is");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
