// The matrix product by Eigen against double loops.
#include <boost/test/unit_test.hpp>

#include <rondo/backend/cpu/eigen_product.hpp>

#include "product_cases.hpp"

BOOST_AUTO_TEST_CASE(eigen_product) {
  rondo::test::compare_products(&rondo::eigen_multiply);
}
