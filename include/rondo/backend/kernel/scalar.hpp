// Functions of a float by the names of core/math.hpp, as kernels call them: rondo's own on hosts, on a device its instructions.
#pragma once

#include <cmath>

#include <rondo/core/device.hpp>
#include <rondo/core/math.hpp>

namespace rondo::kernel {

#if defined(__CUDA_ARCH__)
__device__ inline float exponential(float x) { return expf(x); }
__device__ inline float logarithm(float x) { return logf(x); }
__device__ inline float hyperbolic_tangent(float x) { return tanhf(x); }
__device__ inline float reciprocal_root(float x) { return rsqrtf(x); }
__device__ inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }
__device__ inline float softplus(float x) { return x > 20 ? x : log1pf(expf(x)); }
__device__ inline void cosine_and_sine(double turns, float& cosine, float& sine) {
  sincospif(static_cast<float>(2 * turns), &sine, &cosine);
}
#else
// Of an angle in turns, at most half of one.
inline void cosine_and_sine(double turns, float& cosine, float& sine) {
  const auto angle = static_cast<float>(turns * 6.283185307179586);
  cosine = cosf(angle), sine = sinf(angle);
}
using rondo::exponential;
using rondo::hyperbolic_tangent;
using rondo::logarithm;
using rondo::reciprocal_root;
using rondo::sigmoid;
using rondo::softplus;
#endif

}  // namespace rondo::kernel
