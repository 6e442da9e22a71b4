// Every path of the matrix product against double loops, at sizes around the tiles and blocks of the implementations.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <tuple>

#include <pthread.h>
#include <sys/time.h>

#include <rondo/backend/cpu/matrix_product.hpp>

#include "matrix.hpp"
#include "product_cases.hpp"

namespace rondo::test {
namespace {

template <class Element>
void compare_few_rows() {
  for (Index rows = 1; rows <= few_rows; ++rows) {
    for (const auto& [out, in] : {std::pair<Index, Index>{1, 1}, {3, 8}, {4, 17}, {131, 64}, {259, 93}}) {
      Matrix<float> x{rows, in}, w{out, in}, y{rows, out};
      fill_random(x, 1), fill_random(w, 2), fill_nan(y);
      Matrix<Element> stored{out, in};
      for (std::size_t i = 0; i < w.values.size(); ++i) stored.values[i] = Element{w.values[i]};
      Matrix<double> expected{rows, out};
      for (Index r = 0; r < rows; ++r)
        for (Index o = 0; o < out; ++o)
          for (Index i = 0; i < in; ++i) expected(r, o) += static_cast<double>(x(r, i)) * static_cast<float>(stored(o, i));
      multiply_few_rows(View<const float>(x.view()), View<const Element>(stored.view()), y.view(), 0);
      BOOST_TEST(largest_difference(y.view(), expected.view()) < 1e-5, rows << " rows, " << out << " x " << in);
      multiply_few_rows(View<const float>(x.view()), View<const Element>(stored.view()), y.view(), 1);
      for (double& value : expected.values) value *= 2;
      BOOST_TEST(largest_difference(y.view(), expected.view()) < 1e-5, rows << " rows added, " << out << " x " << in);
    }
  }
}

// The stack of this thread, where the handler of a signal should find its frame.
thread_local std::uintptr_t stack_begin = 0, stack_end = 0;
void find_stack() {
  pthread_attr_t attributes;
  void* address = nullptr;
  std::size_t size = 0;
  ::pthread_getattr_np(::pthread_self(), &attributes);
  ::pthread_attr_getstack(&attributes, &address, &size);
  ::pthread_attr_destroy(&attributes);
  stack_begin = reinterpret_cast<std::uintptr_t>(address), stack_end = stack_begin + size;
}
std::atomic<int> on_the_stack = 0, elsewhere = 0;

}  // namespace

BOOST_AUTO_TEST_SUITE(matrix_product)

// A program that uses rondo may handle signals; one that comes amid a product must not be handled on the product's memory.
BOOST_AUTO_TEST_CASE(signals_are_handled_on_the_stack) {
#pragma omp parallel
  find_stack();
  struct sigaction handle {}, before {};
  handle.sa_handler = [](int) {
    const auto address = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    ++(stack_begin <= address && address < stack_end ? on_the_stack : elsewhere);
  };
  handle.sa_flags = SA_RESTART;
  ::sigaction(SIGALRM, &handle, &before);
  const itimerval often{{0, 200}, {0, 200}}, never{};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  for (const auto& [rows, columns, inner] : {std::tuple<Index, Index, Index>{256, 256, 256}, {300, 200, 2048}, {512, 64, 1030}})
    for (const Transpose ta : {Transpose::no, Transpose::yes})
      for (const Transpose tb : {Transpose::no, Transpose::yes}) {
        Matrix<float> a = ta == Transpose::no ? Matrix<float>{rows, inner} : Matrix<float>{inner, rows};
        Matrix<float> b = tb == Transpose::no ? Matrix<float>{inner, columns} : Matrix<float>{columns, inner};
        Matrix<float> c{rows, columns};
        const int enough = on_the_stack + 20;
        while (on_the_stack < enough && elsewhere == 0) multiply(View<const float>(a.view()), ta, View<const float>(b.view()), tb, c.view(), 0);
      }
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  BOOST_TEST(elsewhere == 0);
}

BOOST_AUTO_TEST_CASE(chosen) {
  compare_products(&multiply);
}
BOOST_AUTO_TEST_CASE(sliced) {
  compare_products(&sliced_multiply);
}
#ifdef RONDO_ONEDNN
BOOST_AUTO_TEST_CASE(onednn) {
  compare_products(&onednn_multiply);
}
#endif
BOOST_AUTO_TEST_CASE(small_scaled) {
  Matrix<float> a{3, 4}, b{4, 20}, c{3, 20}, once{3, 20};
  fill_random(a, 1), fill_random(b, 2), fill_random(c, 3);
  small_product(View<const float>(a.view()), Transpose::no, View<const float>(b.view()), Transpose::no, once.view());
  Matrix<float> expected = c;
  for (std::size_t i = 0; i < c.values.size(); ++i) expected.values[i] = 0.5f * c.values[i] - 3 * once.values[i];
  small_product(View<const float>(a.view()), Transpose::no, View<const float>(b.view()), Transpose::no, c.view(), -3, 0.5f);
  BOOST_TEST(largest_difference(c.view(), expected.view()) < 1e-6);
}
// An empty inner dimension leaves c (beta 1) or clears it (beta 0).
BOOST_AUTO_TEST_CASE(nothing_to_sum) {
  Matrix<float> c{3, 5};
  fill_random(c, 1);
  const Matrix<float> before = c;
  multiply(View<const float>(nullptr, 3, 0), Transpose::no, View<const float>(nullptr, 0, 5), Transpose::no, c.view(), 1);
  BOOST_TEST(c.values == before.values, boost::test_tools::per_element());
  fill_nan(c);
  multiply(View<const float>(nullptr, 3, 0), Transpose::no, View<const float>(nullptr, 0, 5), Transpose::no, c.view(), 0);
  BOOST_TEST(c.values == std::vector<float>(15), boost::test_tools::per_element());
}
BOOST_AUTO_TEST_CASE(few_rows_of_float) {
  compare_few_rows<float>();
}
BOOST_AUTO_TEST_CASE(few_rows_of_bf16) {
  compare_few_rows<bf16>();
}
BOOST_AUTO_TEST_CASE(few_rows_of_fp16) {
  compare_few_rows<fp16>();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
