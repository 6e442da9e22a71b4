// What operations of every back-end take beside plain numbers.
#pragma once

#include <rondo/core/rotation.hpp>
#include <rondo/core/view.hpp>
#include <rondo/core/wide.hpp>

namespace rondo {

// The matrices of a back-end's context C: to read, to write; of numbers as they are stored, and of wide ones (core/wide.hpp).
template <class C>
using In = typename C::Input;
template <class C>
using Out = typename C::Output;
template <class C>
using WideIn = Wide<In<C>>;
template <class C>
using WideOut = Wide<Out<C>>;

// Weights trained in wide numbers of which a copy is stored in narrower ones: what writes the first writes the second.
template <class T, class Stored, Place place = Place::host>
struct MasterView : View<T, place> {
  View<Stored, place> stored;
};
// The matrix that begins at an element of a contiguous one.
template <class T, Place place>
constexpr View<T, place> matrix_at(const View<T, place>& all, Index first, Index rows, Index columns) {
  return {all.data + first, rows, columns};
}
template <class T, class Stored, Place place>
constexpr MasterView<T, Stored, place> matrix_at(const MasterView<T, Stored, place>& all, Index first, Index rows, Index columns) {
  return {{all.data + first, rows, columns}, {all.stored.data + first, rows, columns}};
}

// Whether numbers that an operation goes by say that it takes place.
template <class Now>
constexpr bool takes_place(const Now& now) {
  if constexpr (requires { now.takes_place; })
    return now.takes_place;
  else
    return true;
}

// Whether a result replaces what was there or is added to it.
enum class Onto : bool { write, add };

// Norms run over equal groups of channels: width / groups each (rondo/layer/norm.hpp).
struct NormSizes {
  Index groups = 1;
  double epsilon = 1e-6;
  double weight_offset = 0;  // added to every weight
};

// Cross-entropy of a row of logits z with label y (0 where y is negative: no label); V the number of logits, cap the model's:
//   z' = cap tanh(z / cap) where cap > 0;  lse = log sum exp z'
//   loss = lse - (1 - smoothing) z'_y - smoothing mean(z') + z_loss lse^2          a second row of losses gets the last term alone
struct CrossEntropyOptions {
  double label_smoothing = 0;
  double z_loss = 0;
};

}  // namespace rondo
