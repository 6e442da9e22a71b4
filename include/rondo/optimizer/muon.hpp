// Muon (Jordan et al. 2024): the momentum of each hidden matrix, orthogonalised. All else is left to AdamW.
//
//   m <- momentum m + (1 - momentum) g
//   u = orthogonalise(m)                                      nesterov: of (1 - momentum) g + momentum m
//   w <- w - rate (scale u + decay w)                         cautious: optimizer/decay.hpp, by scale u
//
//   original     scale = sqrt(max(1, rows / columns))
//   match_rms    scale = 0.2 sqrt(max(rows, columns))         updates as large as AdamW's, whose rate and decay it can then have
//                                                             (Liu et al. 2025, "Muon is scalable")
//
// A joint projection is several matrices, a block-diagonal one a matrix a block; convolutions, gates, embeddings and heads are none
// (core/leaf.hpp). Its products are of wide numbers. Rows are outputs. `rest` has a rate and a decay of its own.
#pragma once

#include <algorithm>

#include <rondo/core/device.hpp>
#include <rondo/optimizer/adamw.hpp>
#include <rondo/optimizer/orthogonalise.hpp>

namespace rondo {

struct Muon {
  enum class Scaling { original, match_rms };
  static constexpr std::array<std::string_view, 2> scalings{"original", "match_rms"};

  static constexpr std::string_view name = "muon";
  static constexpr std::array<std::string_view, 1> slots{"momentum"};
  static constexpr bool elementwise = false;
  double rate = 0.02;
  double momentum = 0.95;
  bool nesterov = true;
  double decay = 0.01;
  bool cautious = false;
  Scaling scaling = Scaling::original;
  Polynomials polynomials = Polynomials::newton_schulz;
  AdamW rest{};

  static void each_setting(auto& settings, auto&& visit) {
    visit("rate", settings.rate, at_least_zero);
    visit("momentum", settings.momentum, below_one);
    visit("nesterov", settings.nesterov);
    visit("decay", settings.decay, at_least_zero);
    visit("cautious", settings.cautious);
    visit("scaling", settings.scaling, scalings);
    visit("polynomials", settings.polynomials, polynomial_names);
    visit("rest", settings.rest);
  }

  [[nodiscard]] bool takes(const Leaf& leaf) const { return leaf.role == Role::matrix || leaf.role == Role::block_diagonal; }

  struct Direction {
    double momentum, gradient_scale;
    bool nesterov;
    template <class T>
    RONDO_ANYWHERE void operator()(T& u, const T& g, T& m) const {
      const T keep = static_cast<T>(momentum), d = static_cast<T>((1 - momentum) * gradient_scale) * g;
      m = keep * m + d;
      u = nesterov ? d + keep * m : m;
    }
  };
  [[nodiscard]] RONDO_ANYWHERE Direction at(const Update& now) const { return {momentum, now.gradient_scale, nesterov}; }
  template <class C>
  void update(C& c, const PieceUpdate<C>& now, const Leaf& leaf, const auto& w, WideIn<C> g, const Slots<C, Muon>& slot) const {
    auto mark = c.mark();
    const WideOut<C> all = c.wide(w.rows, w.columns);
    now.each_element(c, *this, all, g, slot[0]);
    leaf.each_matrix([&](Index first, Index rows, Index columns) {
      const WideOut<C> u = matrix_at(all, first, rows, columns);
      orthogonalise(c, u, polynomials);
      now.each_element(c, DecoupledRule{rate, scale(rows, columns), decay, cautious}, matrix_at(w, first, rows, columns), WideIn<C>(u));
    });
  }

 private:
  [[nodiscard]] double scale(Index rows, Index columns) const {
    const auto r = static_cast<double>(rows), k = static_cast<double>(columns);
    return scaling == Scaling::original ? std::sqrt(std::max(1.0, r / k)) : 0.2 * std::sqrt(std::max(r, k));
  }
};

}  // namespace rondo
