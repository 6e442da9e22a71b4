// Divergences between a teacher's distribution p and a student's q over the same outcomes, however many these are: a whole vocabulary, or
// a cache's k tokens and the rest.
//
//   D(p, q) = sum over outcomes of value(o),   o = {log p, log q, p, q}
//   dD / du_j = g_j - q_j sum_i g_i,           g_j = derivative(o_j) = d value / d log q,   q = softmax(u)
//
// So a divergence is a struct of two functions of one outcome, for any scalar; what softmax makes of its derivative is rondo's work:
//
//   struct ForwardKl {
//     static constexpr std::string_view name = "forward_kl";
//     template <class T> T value(const Outcome<T>& o) const { return o.p * (o.log_p - o.log_q); }
//     template <class T> T derivative(const Outcome<T>& o) const { return -o.p; }
//   };
//
// and, where it has use for them,
//   check()                 throws Error for a constant that it cannot have
//   of_row(row)             instead of the two: a divergence with what is constant in a row, made of all its outcomes, row(j) for j in
//                           [0, row.size()); it says of_whole_rows = true
//   of_logits = true        compares scaled logits, not probabilities: D is the mean of value(o), o.log_p and o.log_q are the logits z / T
//   constant_sum            sum of the derivatives, where it is the same for all p and q: spares blocks of the vocabulary a pass
//
// Only log-probabilities are subtracted and only numbers that are not positive exponentiated, so that logits of +-1e4 are as good as
// any; p log p is 0 where p is 0 as long as log p is finite. docs/how_to/add_a_divergence.md has an example.
//
//   ForwardKl, SoftCrossEntropy   sum p (log p - log q), - sum p log q: Hinton, Vinyals, Dean 2015
//   ReverseKl                     sum q (log q - log p): MiniLLM, Gu et al. 2023
//   JensenShannon                 b KL(p||m) + (1 - b) KL(q||m), m = b p + (1 - b) q: GKD, Agarwal et al. 2023, eq. 1; b: the teacher's share
//   TotalVariation                sum |p - q| / 2: Wen et al. 2023; its derivative is 0 where p = q
//   SkewForwardKl, SkewReverseKl  KL(p || a p + (1 - a) q), KL(q || (1 - a) p + a q): DistiLLM, Ko et al. 2024
//   MixedKl                       (1 - l) forward + l reverse
//   AdaptiveKl                    w forward + (1 - w) reverse, w the share of sum |p - q| in the teacher's head, a constant for the gradient;
//                                 the head: the fewest most probable tokens (equal ones: smaller id first) of mass mu: Wu et al. 2024
//   LogitsMse                     mean (z_q - z_p)^2 / T^2: Kim et al. 2021. Not invariant to a shift of the logits
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <string_view>
#include <variant>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/math.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

template <class T>
struct Outcome {
  T log_p, log_q, p, q;
};

template <class D>
concept Divergence = requires(const D& divergence, const Outcome<double>& o) {
  { divergence.value(o) } -> std::convertible_to<double>;
  { divergence.derivative(o) } -> std::convertible_to<double>;
} || requires { requires D::of_whole_rows; } || requires(const D& divergence) { divergence.chosen; };

// A constant as one of the scalars that are computed with.
template <class T>
constexpr T scalar_of(double x) {
  return T(static_cast<Real<T>>(x));
}

struct ForwardKl {
  static constexpr std::string_view name = "forward_kl";
  static constexpr double constant_sum = -1;
  template <class T>
  T value(const Outcome<T>& o) const {
    return o.p * (o.log_p - o.log_q);
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    return -o.p;
  }
};

struct SoftCrossEntropy {
  static constexpr std::string_view name = "soft_cross_entropy";
  static constexpr double constant_sum = -1;
  template <class T>
  T value(const Outcome<T>& o) const {
    return -o.p * o.log_q;
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    return -o.p;
  }
};

struct ReverseKl {
  static constexpr std::string_view name = "reverse_kl";
  template <class T>
  T value(const Outcome<T>& o) const {
    return o.q * (o.log_q - o.log_p);
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    return o.q * (o.log_q - o.log_p + scalar_of<T>(1));
  }
};

struct JensenShannon {
  static constexpr std::string_view name = "jsd";
  double beta = 0.5;

  void check() const {
    require(beta > 0 && beta < 1, "jsd: beta, the teacher's share, must be between 0 and 1, found ", beta,
            " (towards 0 and 1 it is beta times forward_kl, 1 - beta times reverse_kl)");
  }
  template <class T>
  T value(const Outcome<T>& o) const {
    const T log_m = log_of_mixture(o);
    return scalar_of<T>(beta) * o.p * (o.log_p - log_m) + scalar_of<T>(1 - beta) * o.q * (o.log_q - log_m);
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    return scalar_of<T>(1 - beta) * o.q * (o.log_q - log_of_mixture(o));
  }

 private:
  template <class T>
  T log_of_mixture(const Outcome<T>& o) const {
    return log_of_sum(o.log_p + scalar_of<T>(std::log(beta)), o.log_q + scalar_of<T>(std::log(1 - beta)));
  }
};

struct TotalVariation {
  static constexpr std::string_view name = "total_variation";
  template <class T>
  T value(const Outcome<T>& o) const {
    return scalar_of<T>(0.5) * sign(o) * (o.q - o.p);
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    return scalar_of<T>(0.5) * sign(o) * o.q;
  }

 private:
  template <class T>
  static T sign(const Outcome<T>& o) {
    return T(static_cast<Real<T>>((real_part(o.q) > real_part(o.p)) - (real_part(o.q) < real_part(o.p))));
  }
};

struct SkewForwardKl {
  static constexpr std::string_view name = "skew_forward_kl";
  double alpha = 0.1;

  void check() const { require(alpha >= 0 && alpha < 1, "skew_forward_kl: alpha must be in [0, 1), found ", alpha); }
  template <class T>
  T value(const Outcome<T>& o) const {
    return o.p * (o.log_p - log_of_mixture(o));
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    return -o.p * exponential(o.log_q + scalar_of<T>(std::log(1 - alpha)) - log_of_mixture(o));
  }

 private:
  template <class T>
  T log_of_mixture(const Outcome<T>& o) const {
    if (alpha == 0) return o.log_q;
    return log_of_sum(o.log_p + scalar_of<T>(std::log(alpha)), o.log_q + scalar_of<T>(std::log(1 - alpha)));
  }
};

struct SkewReverseKl {
  static constexpr std::string_view name = "skew_reverse_kl";
  double alpha = 0.1;

  void check() const { require(alpha >= 0 && alpha < 1, "skew_reverse_kl: alpha must be in [0, 1), found ", alpha); }
  template <class T>
  T value(const Outcome<T>& o) const {
    return o.q * (o.log_q - log_of_mixture(o));
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    const T log_m = log_of_mixture(o);
    const T own = alpha == 0 ? T(0) : exponential(o.log_q + scalar_of<T>(std::log(alpha)) - log_m);
    return o.q * (o.log_q - log_m + scalar_of<T>(1) - own);
  }

 private:
  template <class T>
  T log_of_mixture(const Outcome<T>& o) const {
    if (alpha == 0) return o.log_p;
    return log_of_sum(o.log_p + scalar_of<T>(std::log(1 - alpha)), o.log_q + scalar_of<T>(std::log(alpha)));
  }
};

struct MixedKl {
  static constexpr std::string_view name = "mixed_kl";
  double lambda = 0.5;  // share of the reverse one

  void check() const { require(lambda >= 0 && lambda <= 1, "mixed_kl: lambda must be in [0, 1], found ", lambda); }
  template <class T>
  T value(const Outcome<T>& o) const {
    return scalar_of<T>(1 - lambda) * ForwardKl{}.value(o) + scalar_of<T>(lambda) * ReverseKl{}.value(o);
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    return scalar_of<T>(1 - lambda) * ForwardKl{}.derivative(o) + scalar_of<T>(lambda) * ReverseKl{}.derivative(o);
  }
};

struct AdaptiveKl {
  static constexpr std::string_view name = "adaptive_kl";
  static constexpr bool of_whole_rows = true;
  double mu = 0.5;

  void check() const { require(mu > 0 && mu <= 1, "adaptive_kl: mu must be in (0, 1], found ", mu); }
  [[nodiscard]] MixedKl of_row(const auto& row) const {
    thread_local std::vector<Index> order;
    thread_local std::vector<double> masses;  // that no warm step takes memory
    const Index size = row.size();
    order.clear();
    masses.clear();
    double all = 0;
    for (Index j = 0; j < size; ++j) {
      const auto o = row(j);
      order.push_back(j);
      masses.push_back(static_cast<double>(real_part(o.p)));
      all += gap(o);
    }
    if (all == 0) return {0.5};
    const auto after = [&](Index a, Index b) {
      const double x = masses[static_cast<std::size_t>(a)], y = masses[static_cast<std::size_t>(b)];
      return x < y || (x == y && a > b);
    };
    std::make_heap(order.begin(), order.end(), after);
    double head = 0, mass = 0;
    for (auto end = order.end(); end != order.begin() && mass < mu;) {
      std::pop_heap(order.begin(), end--, after);
      mass += masses[static_cast<std::size_t>(*end)];
      head += gap(row(*end));
    }
    return {1 - head / all};
  }

 private:
  static double gap(const auto& o) { return std::abs(static_cast<double>(real_part(o.p)) - static_cast<double>(real_part(o.q))); }
};

struct LogitsMse {
  static constexpr std::string_view name = "mse_logits";
  static constexpr bool of_logits = true;
  template <class T>
  T value(const Outcome<T>& o) const {
    return (o.log_q - o.log_p) * (o.log_q - o.log_p);
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    return scalar_of<T>(2) * (o.log_q - o.log_p);
  }
};

// What a divergence says of itself beyond its two functions.
template <class D>
concept OfLogits = requires { requires D::of_logits; };
template <class D>
concept OfWholeRows = requires { requires D::of_whole_rows; };
template <class D>
concept HasConstantSum = requires { D::constant_sum; };

// One of these, chosen at run time.
struct AnyDivergence {
  std::variant<ForwardKl, SoftCrossEntropy, ReverseKl, JensenShannon, TotalVariation, SkewForwardKl, SkewReverseKl, MixedKl, AdaptiveKl,
               LogitsMse>
      chosen;
};
template <class D>
decltype(auto) with_divergence(const D& divergence, auto&& act) {
  if constexpr (requires { divergence.chosen; })
    return std::visit(act, divergence.chosen);
  else
    return act(divergence);
}
void check_divergence(const auto& divergence) {
  with_divergence(divergence, [](const auto& one) {
    if constexpr (requires { one.check(); }) one.check();
  });
}

}  // namespace rondo
