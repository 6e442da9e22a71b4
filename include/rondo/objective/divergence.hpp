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
//                           [0, row.size()), or each_outcome(row, act); it says of_whole_rows = true
//   of_logits = true        compares scaled logits, not probabilities: D is the mean of value(o), o.log_p and o.log_q are the logits z / T
//   constant_sum            sum of the derivatives, where it is the same for all p and q: spares blocks of the vocabulary a pass
//
// Only log-probabilities are subtracted and only numbers that are not positive exponentiated, so that logits of +-1e4 are as good as
// any; p log p is 0 where p is 0 as long as log p is finite. Where numbers are float the two functions run in one vectorised loop: no
// branches in them, select instead. docs/how_to/add_a_divergence.md has an example.
//
//   ForwardKl, SoftCrossEntropy   sum p (log p - log q), - sum p log q: Hinton, Vinyals, Dean 2015
//   ReverseKl                     sum q (log q - log p): MiniLLM, Gu et al. 2023
//   JensenShannon                 b KL(p||m) + (1 - b) KL(q||m), m = b p + (1 - b) q: GKD, Agarwal et al. 2023, eq. 1; b: the
//                                 teacher's share
//   TotalVariation                sum |p - q| / 2: Wen et al. 2023; its derivative is 0 where p = q
//   SkewForwardKl, SkewReverseKl  KL(p || a p + (1 - a) q), KL(q || (1 - a) p + a q): DistiLLM, Ko et al. 2024
//   MixedKl                       (1 - l) forward + l reverse
//   AdaptiveKl                    w forward + (1 - w) reverse, w the share of sum |p - q| in the teacher's head, a constant for the
//                                 gradient; the head: the fewest most probable tokens (equal ones: smaller id first) of mass mu:
//                                 Wu et al. 2024
//   LogitsMse                     mean (z_q - z_p)^2 / T^2: Kim et al. 2021. Not invariant to a shift of the logits
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <rondo/backend/cpu/float_lanes.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/math.hpp>
#include <rondo/core/view.hpp>
#include <rondo/objective/log_sum.hpp>

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

// log((1 - share) e^a + share e^b) for share in [0, 1]
template <class T>
[[gnu::always_inline]] inline T log_of_mixture(T a, T b, double share) {
  return log_of_sum(a + scalar_of<T>(std::log(1 - share)), b + scalar_of<T>(std::log(share)));
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
    const T log_m = log_of_mixture(o.log_q, o.log_p, beta);
    return scalar_of<T>(beta) * o.p * (o.log_p - log_m) + scalar_of<T>(1 - beta) * o.q * (o.log_q - log_m);
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    return scalar_of<T>(1 - beta) * o.q * (o.log_q - log_of_mixture(o.log_q, o.log_p, beta));
  }
};

struct TotalVariation {
  static constexpr std::string_view name = "total_variation";
  template <class T>
  T value(const Outcome<T>& o) const {
    return signed_by(o, scalar_of<T>(0.5) * (o.q - o.p));
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    return signed_by(o, scalar_of<T>(0.5) * o.q);
  }

 private:
  template <class T>
  static T signed_by(const Outcome<T>& o, T x) {
    return select(real_part(o.q) > real_part(o.p), x, select(real_part(o.q) < real_part(o.p), -x, T(0)));
  }
};

struct SkewForwardKl {
  static constexpr std::string_view name = "skew_forward_kl";
  double alpha = 0.1;

  void check() const { require(alpha >= 0 && alpha < 1, "skew_forward_kl: alpha must be in [0, 1), found ", alpha); }
  template <class T>
  T value(const Outcome<T>& o) const {
    return o.p * (o.log_p - log_of_mixture(o.log_q, o.log_p, alpha));
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    return -o.p * exponential(o.log_q + scalar_of<T>(std::log(1 - alpha)) - log_of_mixture(o.log_q, o.log_p, alpha));
  }
};

struct SkewReverseKl {
  static constexpr std::string_view name = "skew_reverse_kl";
  double alpha = 0.1;

  void check() const { require(alpha >= 0 && alpha < 1, "skew_reverse_kl: alpha must be in [0, 1), found ", alpha); }
  template <class T>
  T value(const Outcome<T>& o) const {
    return o.q * (o.log_q - log_of_mixture(o.log_p, o.log_q, alpha));
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    const T log_m = log_of_mixture(o.log_p, o.log_q, alpha);
    return o.q * (o.log_q - log_m + scalar_of<T>(1) - exponential(o.log_q + scalar_of<T>(std::log(alpha)) - log_m));
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
    if (mu == 1) return {0};  // the head is all of it
    using Number = Real<decltype(row(0).p)>;
    thread_local std::vector<Number> masses, gaps;  // that no warm step takes memory
    thread_local std::vector<Index> between;
    masses.resize(static_cast<std::size_t>(row.size()));
    gaps.resize(masses.size());
    each_outcome(row, [p = masses.data(), gap = gaps.data()](Index j, const auto& o) __attribute__((always_inline)) {
      const auto less = real_part(o.p) - real_part(o.q);
      put_numbers(p + j, real_part(o.p));
      put_numbers(gap + j, select(less < Number(0), -less, less));
    });
    const Index size = row.size();
    const Number *const p = masses.data(), *const gap = gaps.data();
    const Number all = sum_of_terms<Number>(size, [=](Index j) { return gap[j]; });
    if (all == 0) return {0.5};
    // The masses from `low` come to mu, those from `high` do not: halved by their bits until few are between.
    using Bits = std::conditional_t<sizeof(Number) == 4, std::int32_t, std::int64_t>;
    const auto number = [](Bits bits) { return std::bit_cast<Number>(bits); };
    HeadSums<Number> most = head_from(Number(0), p, gap, size), least;
    const Number spare = (most.mass - static_cast<Number>(mu)) / static_cast<Number>(size);  // as much on each could be left out
    Bits low = std::bit_cast<Bits>(std::max(Number(0), spare));
    Bits high = std::bit_cast<Bits>(largest_of_terms<Number>(size, [=](Index j) { return p[j]; })) + 1;
    while (high - low > 1 && most.count - least.count > 32) {
      const Bits middle = low + (high - low) / 2;
      const HeadSums<Number> head = head_from(number(middle), p, gap, size);
      const bool few = head.mass < static_cast<Number>(mu);
      (few ? high : low) = middle;
      (few ? least : most) = head;
    }
    between.clear();
    between.reserve(masses.size());
    using Distance = std::make_unsigned_t<Bits>;
    for (Index j = 0; j < size; ++j)  // one comparison, rarely true
      if (static_cast<Distance>(std::bit_cast<Bits>(p[j]) - low) < static_cast<Distance>(high - low)) between.push_back(j);
    std::sort(between.begin(), between.end(), [p](Index a, Index b) { return p[a] > p[b] || (p[a] == p[b] && a < b); });
    double mass = least.mass, head = least.gap;
    for (auto j = between.begin(); j != between.end() && mass < mu; ++j)
      mass += static_cast<double>(p[*j]), head += static_cast<double>(gap[*j]);
    return {1 - head / static_cast<double>(all)};
  }

 private:
  // Sums of the outcomes whose masses are not below a number.
  template <class Number>
  struct HeadSums {
    Number mass{}, gap{}, count{};
  };
  template <class Number>
  static HeadSums<Number> head_from(Number lowest, const Number* masses, const Number* gaps, Index size) {
    Number mass(0), gap(0), count(0);
#pragma omp simd reduction(+ : mass, gap, count)
    for (Index j = 0; j < size; ++j) {
      const bool out = masses[j] < lowest;
      mass += select(out, Number(0), masses[j]);
      gap += select(out, Number(0), gaps[j]);
      count += select(out, Number(0), Number(1));
    }
    return {mass, gap, count};
  }
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
