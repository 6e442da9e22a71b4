// Activation functions and their derivatives, for any scalar.
//
//   Silu      x s(x)                                      Relu      max(x, 0)
//   GeluTanh  0.5 x (1 + tanh(sqrt(2/pi)(x + 0.044715 x^3)))   ("gelu_new")
//   Gelu      x Phi(x), Phi the normal distribution function   Sigmoid   s(x)
//   Tanh      tanh x                                       Softplus  log(1 + e^x), x itself above 20 (as PyTorch has it)
//   Identity  x                                           SquaredRelu   max(x, 0)^2   (So et al. 2021, "Primer")
#pragma once

#include <concepts>

#include <rondo/core/device.hpp>
#include <rondo/core/math.hpp>

namespace rondo {

struct Silu {
  template <class T>
  static RONDO_ANYWHERE T apply(T x) { return silu(x); }
  template <class T>
  static RONDO_ANYWHERE T derivative(T x) { return silu_derivative(x); }
};
struct Gelu {
  template <class T>
  static RONDO_ANYWHERE T apply(T x) { return gelu(x); }
  template <class T>
  static RONDO_ANYWHERE T derivative(T x) { return gelu_derivative(x); }
};
struct GeluTanh {
  template <class T>
  static RONDO_ANYWHERE T apply(T x) { return gelu_tanh(x); }
  template <class T>
  static RONDO_ANYWHERE T derivative(T x) { return gelu_tanh_derivative(x); }
};
struct Relu {
  template <class T>
  static RONDO_ANYWHERE T apply(T x) { return real_part(x) > 0 ? x : T(0); }
  template <class T>
  static RONDO_ANYWHERE T derivative(T x) { return real_part(x) > 0 ? T(1) : T(0); }
};
struct SquaredRelu {
  template <class T>
  static RONDO_ANYWHERE T apply(T x) { return Relu::apply(x) * Relu::apply(x); }
  template <class T>
  static RONDO_ANYWHERE T derivative(T x) { return T(2) * Relu::apply(x); }
};
struct Tanh {
  template <class T>
  static RONDO_ANYWHERE T apply(T x) { return hyperbolic_tangent(x); }
  template <class T>
  static RONDO_ANYWHERE T derivative(T x) {
    const T t = hyperbolic_tangent(x);
    return T(1) - t * t;
  }
};
struct Sigmoid {
  template <class T>
  static RONDO_ANYWHERE T apply(T x) { return sigmoid(x); }
  template <class T>
  static RONDO_ANYWHERE T derivative(T x) {
    const T s = sigmoid(x);
    return s * (T(1) - s);
  }
};
struct Softplus {
  template <class T>
  static RONDO_ANYWHERE T apply(T x) {
    if constexpr (!std::same_as<T, float>)  // in float32 rounding alone makes it so
      if (real_part(x) > 20) return x;
    return softplus(x);
  }
  template <class T>
  static RONDO_ANYWHERE T derivative(T x) {
    if constexpr (!std::same_as<T, float>)
      if (real_part(x) > 20) return T(1);
    return sigmoid(x);
  }
};
struct Identity {
  template <class T>
  static RONDO_ANYWHERE T apply(T x) { return x; }
  template <class T>
  static RONDO_ANYWHERE T derivative(T) { return T(1); }
};

}  // namespace rondo
