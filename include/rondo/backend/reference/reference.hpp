// The Reference back-end: every operation as a plain loop, for any scalar. It is the oracle of all others.
//
//   Reference<double>                  values to compare with
//   Reference<std::complex<double>>    derivatives without a step size: Im f(x + i h) / h, h = 1e-30
#pragma once

#include <complex>

#include <rondo/backend/reference/sequence.hpp>
#include <rondo/core/compiled.hpp>

namespace rondo {

template <class T>
class ReferenceContext : public ReferenceSequence<ReferenceContext<T>, T> {};

// Operations are never inlined: a program has them once, however many layers call them, and with rondo::compiled not at all.
#if !RONDO_HEADER_ONLY
RONDO_COMPILED_ONCE(reference) template class ReferenceElementwise<ReferenceContext<double>, double>;
RONDO_COMPILED_ONCE(reference) template class ReferenceSequence<ReferenceContext<double>, double>;
RONDO_COMPILED_ONCE(reference) template class ReferenceElementwise<ReferenceContext<std::complex<double>>, std::complex<double>>;
RONDO_COMPILED_ONCE(reference) template class ReferenceSequence<ReferenceContext<std::complex<double>>, std::complex<double>>;
#endif

template <class T>
struct Reference {
  using Scalar = T;
  using Memory = Arena;
  using Context = ReferenceContext<T>;
};

}  // namespace rondo
