// The nearest orthogonal matrix, roughly: odd polynomials that bring all singular values of a matrix near 1.
//
//   X <- X / (norm_factor |X| + norm_epsilon), then for each (a, b, c):   X <- a X + (b A + c A A) X,   A = X X^T
//
// on the transpose where X has more rows than columns (that is X <- a X + X (b A + c A A), A = X^T X). |X| is the Frobenius norm.
//   newton_schulz    one polynomial five times, singular values end in about [0.7, 1.2]      Jordan et al. 2024, "Muon"
//   polar_express    five polynomials, each the best for what the one before leaves          Amsel et al. 2025
// X is written, scratch is the context's.
#pragma once

#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <rondo/backend/options.hpp>
#include <rondo/core/device.hpp>

namespace rondo {

enum class Polynomials { newton_schulz, polar_express };
inline constexpr std::array<std::string_view, 2> polynomial_names{"newton_schulz", "polar_express"};

struct Orthogonalisation {
  struct OddPolynomial {
    double a, b, c;
  };
  std::array<OddPolynomial, 5> polynomials;
  double norm_factor, norm_epsilon;
};
constexpr Orthogonalisation orthogonalisation_by(Polynomials polynomials) {
  if (polynomials == Polynomials::polar_express)
    return {{{{8.156554524902461, -22.48329292557795, 15.878769915207462},
              {4.042929935166739, -2.808917465908714, 0.5000178451051316},
              {3.8916678022926607, -2.772484153217685, 0.5060648178503393},
              {3.285753657755655, -2.3681294933425376, 0.46449024233003106},
              {2.3465413258596377, -1.7097828382687081, 0.42323551169305323}}},
            1.02,
            1e-6};
  constexpr Orthogonalisation::OddPolynomial same{3.4445, -4.7750, 2.0315};
  return {{same, same, same, same, same}, 1, 1e-7};
}

// y <- p x + q y
struct Mixture {
  double p, q;
  template <class T>
  RONDO_ANYWHERE void operator()(T& y, const T& x) const {
    y = static_cast<T>(p) * x + static_cast<T>(q) * y;
  }
};

// x <- x / (norm_factor |x| + norm_epsilon), by |x|^2
struct Normalised {
  double norm_factor, norm_epsilon;
  struct Scaled {
    double factor;
    template <class T>
    RONDO_ANYWHERE void operator()(T& x) const {
      x *= static_cast<T>(factor);
    }
  };
  [[nodiscard]] RONDO_ANYWHERE Scaled at(double squares) const { return {1 / (norm_factor * std::sqrt(squares) + norm_epsilon)}; }
};

template <class C>
void orthogonalise(C& c, WideOut<C> x, Polynomials polynomials) {
  const Orthogonalisation how = orthogonalisation_by(polynomials);
  auto mark = c.mark();
  const bool tall = x.rows > x.columns;
  const Index side = tall ? x.columns : x.rows;
  const WideOut<C> square = c.wide(side, side), polynomial = c.wide(side, side);
  WideOut<C> now = x, next = c.wide(x.rows, x.columns);
  const View<double, C::place> squares{c.scratch.template take<double>(1), 1, 1};
  c.sum_of_squares(WideIn<C>(x), squares);
  c.each_element(View<const double, C::place>(squares), Normalised{how.norm_factor, how.norm_epsilon}, x);
  for (const auto& [a, b, third] : how.polynomials) {
    if (tall) {
      c.zero(square);
      c.linear_weight_gradient(WideIn<C>(now), WideIn<C>(now), square);
    } else {
      c.linear(WideIn<C>(now), WideIn<C>(now), square);
    }
    c.linear(WideIn<C>(square), WideIn<C>(square), polynomial);  // A is symmetric
    c.each_element(Mixture{b, third}, polynomial, WideIn<C>(square));
    if (tall)
      c.linear(WideIn<C>(now), WideIn<C>(polynomial), next);
    else
      c.linear_input_gradient(WideIn<C>(polynomial), WideIn<C>(now), next);
    c.each_element(Mixture{a, 1}, next, WideIn<C>(now));
    std::swap(now, next);
  }
  if (now.data != x.data) c.copy(WideIn<C>(now), x);
}

}  // namespace rondo
