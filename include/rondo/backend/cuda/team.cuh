// CudaTeam: a Team (rondo/backend/kernel/team.hpp) as a block of threads. Compiled by nvcc 13 or later for sm_80 and newer.
//
//   run_kernel<Kernel, threads><<<teams, threads, bytes>>>(kernel), bytes = shared_bytes<Kernel, threads>
//
// Products are ldmatrix and mma.sync.m16n8k16 of bf16 with float sums; those of floats are six of three bf16 parts of each number, and
// differ from float32's by about 1e-6. Which lane holds what: rondo/backend/kernel/fragment.hpp, proven on the host. Asynchronous copies
// are cp.async of 16 bytes. Nothing here has run on a device yet: what is proven without one is that it
// compiles, without spills (tests/cuda), and the lane maps.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include <rondo/backend/kernel/fragment.hpp>
#include <rondo/backend/kernel/team.hpp>

namespace rondo {

__device__ inline unsigned shared_address(const void* pointer) { return static_cast<unsigned>(__cvta_generic_to_shared(pointer)); }

// An operand of a product: where element (r, c) of its tile lies, and whether the tile holds it transposed.
template <class T>
struct OperandOf {
  static constexpr bool by_columns = false;
  using Element = typename T::Element;
  static __device__ const Element* at(const T& tile, int r, int c) { return &tile(r, c); }
};
template <class T>
struct OperandOf<kernel::Transposed<T>> {
  static constexpr bool by_columns = true;
  using Element = typename T::Element;
  static __device__ const Element* at(const kernel::Transposed<T>& operand, int r, int c) { return OperandOf<T>::at(operand.tile, r, c); }
};

// Registers of an operand's 16 x 16 as mma.sync takes them: pairs of bf16. Floats are three bf16 each, the first the nearest, the others
// what is left: 24 bits of the number.
struct CudaFragment {
  unsigned registers[4];
};
struct CudaFloatFragment {
  CudaFragment parts[3];
  // Register i is to hold two neighbours.
  __device__ void set(int i, float first, float second) {
#pragma unroll
    for (int part = 0; part < 3; ++part) {
      unsigned pair;
      asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
      parts[part].registers[i] = pair;
      first -= __uint_as_float(pair << 16);
      second -= __uint_as_float(pair & 0xffff0000u);
    }
  }
};

// A left operand in registers: what an accumulator of a warp's whole rows becomes when it is rounded to T.
template <class T, int R, int C, int threads>
struct RoundedAccumulator {
  using Spread = kernel::Spread<R, C, threads>;
  using Element = T;
  static_assert(Spread::across == 1, "rondo: an operand in registers is of rows that one warp holds");
  static constexpr int rows = R, columns = C;
  std::conditional_t<std::is_same_v<T, bf16>, CudaFragment, CudaFloatFragment> fragments[Spread::own_slabs][C / 16];
};
template <class T>
inline constexpr bool in_registers = false;
template <class T, int R, int C, int threads>
inline constexpr bool in_registers<RoundedAccumulator<T, R, C, threads>> = true;

// d += a b of 16 x 8, half 0 or 1 of b's 16 columns.
__device__ inline void multiply_fragment(float* d, const CudaFragment& a, const CudaFragment& b, int half) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a.registers[0]), "r"(a.registers[1]), "r"(a.registers[2]), "r"(a.registers[3]), "r"(b.registers[2 * half]),
        "r"(b.registers[2 * half + 1]));
}
// The six products of parts that matter, the smallest first.
__device__ inline void multiply_fragment(float* d, const CudaFloatFragment& a, const CudaFloatFragment& b, int half) {
#pragma unroll
  for (int order = 2; order >= 0; --order)
#pragma unroll
    for (int part = 0; part <= order; ++part) multiply_fragment(d, a.parts[part], b.parts[order - part], half);
}

// A warp of a product, for multiply_fragments.
template <class Spread, class A, class B>
struct CudaWarp {
  template <class T>
  struct ElementOf {
    using type = typename OperandOf<T>::Element;
  };
  template <class T, int R, int C, int threads>
  struct ElementOf<RoundedAccumulator<T, R, C, threads>> {
    using type = T;
  };
  static constexpr bool of_bf16 = std::is_same_v<typename ElementOf<B>::type, bf16>;
  static_assert(std::is_same_v<typename ElementOf<A>::type, typename ElementOf<B>::type>, "rondo: operands of one type");
  using Left = std::conditional_t<of_bf16, CudaFragment, CudaFloatFragment>;
  using Right = Left;
  const A& a;
  const B& b;
  float (&values)[Spread::numbers];

  __device__ Left left(int row, int k) const {
    if constexpr (in_registers<A>)
      return a.fragments[row / 16 / Spread::down][k / 16];
    else
      return left_of_tile(row, k);
  }
  __device__ Left left_of_tile(int row, int k) const {
    constexpr bool by_columns = OperandOf<A>::by_columns;
    if constexpr (of_bf16) {
      const kernel::Position at = kernel::left_address(lane(), by_columns);
      return load<kernel::left_transposes(by_columns)>(
          OperandOf<A>::at(a, (by_columns ? k : row) + at.row, (by_columns ? row : k) + at.column));
    } else {
      Left result;
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const kernel::Position first = kernel::left_cell(lane(), i, 0), second = kernel::left_cell(lane(), i, 1);
        result.set(i, number(a, row + first.row, k + first.column), number(a, row + second.row, k + second.column));
      }
      return result;
    }
  }
  __device__ Right right(int k, int column) const {
    constexpr bool by_columns = OperandOf<B>::by_columns;
    if constexpr (of_bf16) {
      const kernel::Position at = kernel::right_address(lane(), by_columns);
      return load<kernel::right_transposes(by_columns)>(
          OperandOf<B>::at(b, (by_columns ? column : k) + at.row, (by_columns ? k : column) + at.column));
    } else {
      Right result;
#pragma unroll
      for (int i = 0; i < 4; ++i) {  // registers 2 and 3 are of the next eight columns
        const kernel::Position first = kernel::right_cell(lane(), i % 2, 0), second = kernel::right_cell(lane(), i % 2, 1);
        const int c = column + 8 * (i / 2);
        result.set(i, number(b, k + first.row, c + first.column), number(b, k + second.row, c + second.column));
      }
      return result;
    }
  }
  __device__ void multiply(int slab, int piece, const Left& left, const Right& right, int half) {
    multiply_fragment(values + 4 * (slab * Spread::own_columns + piece), left, right, half);
  }

 private:
  static __device__ int lane() { return static_cast<int>(threadIdx.x % 32); }
  // Element (r, c) of an operand, which its tile may hold transposed.
  template <class T>
  static __device__ float number(const T& operand, int r, int c) {
    return OperandOf<T>::by_columns ? *OperandOf<T>::at(operand, c, r) : *OperandOf<T>::at(operand, r, c);
  }
  template <bool transposes>
  static __device__ Left load(const bf16* row) {
    Left result;
    if constexpr (transposes)
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                   : "=r"(result.registers[0]), "=r"(result.registers[1]), "=r"(result.registers[2]), "=r"(result.registers[3])
                   : "r"(shared_address(row))
                   : "memory");
    else
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                   : "=r"(result.registers[0]), "=r"(result.registers[1]), "=r"(result.registers[2]), "=r"(result.registers[3])
                   : "r"(shared_address(row))
                   : "memory");
    return result;
  }
};

template <int threads_>
class CudaTeam {
 public:
  static constexpr int threads = threads_, warps = threads / 32;

  template <class T, int R, int C>
  using Tile = kernel::Tile<T, R, C>;
  template <class T, int most>
  class Own {
   public:
    __device__ T& operator()(int, int slot) { return values_[slot]; }

   private:
    T values_[most];
  };
  template <int R, int C>
  struct Accumulator {
    using Spread = kernel::Spread<R, C, threads>;
    float values[Spread::numbers];
  };
  // A lane has the rows g and g + 8 of its warp's slabs; four lanes have the same.
  template <int R>
  struct Rows {
    static constexpr int down = R / 16 < warps ? R / 16 : warps, slabs = R / 16 / down;
    float values[2 * slabs];
    __device__ float operator()(int r) const {
      const int which = slabs == 1 ? r / 8 % 2 : r / 16 / down * 2 + r / 8 % 2;
      float result = values[0];  // chosen, not indexed: registers have no addresses
#pragma unroll
      for (int i = 1; i < 2 * slabs; ++i) result = which == i ? values[i] : result;
      return result;
    }
  };

  __device__ int number() const { return static_cast<int>(blockIdx.x); }
  template <class M>
  __device__ M& memory() {
    extern __shared__ __align__(16) unsigned char bytes[];
    return *reinterpret_cast<M*>(bytes);
  }

  template <class F>
  __device__ void each(int count, F f) {
#pragma unroll 4
    for (int i = thread(); i < count; i += threads) f(i);
  }
  template <int most, class F>
  __device__ void each(int count, F f) {
#pragma unroll
    for (int slot = 0; slot < most; ++slot)
      if (const int i = slot * threads + thread(); i < count) f(i, slot);
  }
  template <class F>
  __device__ float sum(int count, F f) {
    float own = 0;
    each(count, [&](int i) { own += f(i); });
    return over_all(own, [](float a, float b) { return a + b; });
  }
  template <int most, class F>
  __device__ float sum(int count, F f) {
    float own = 0;
    each<most>(count, [&](int i, int slot) { own += f(i, slot); });
    return over_all(own, [](float a, float b) { return a + b; });
  }
  template <class F>
  __device__ float maximum(int count, F f) {
    float own = -INFINITY;
    each(count, [&](int i) { own = fmaxf(own, f(i)); });
    return over_all(own, [](float a, float b) { return fmaxf(a, b); });
  }
  template <int most, class F>
  __device__ float maximum(int count, F f) {
    float own = -INFINITY;
    each<most>(count, [&](int i, int slot) { own = fmaxf(own, f(i, slot)); });
    return over_all(own, [](float a, float b) { return fmaxf(a, b); });
  }
  __device__ void sync() { __syncthreads(); }
  // The counter was zero when the grid was launched, all of it at once; each wait adds one of every team.
  __device__ void wait_for_all(unsigned* counter) {
    __syncthreads();
    if (thread() == 0) {
      unsigned before, now;
      asm volatile("atom.add.acq_rel.gpu.global.u32 %0, [%1], 1;" : "=r"(before) : "l"(counter) : "memory");
      const unsigned all = (before / gridDim.x + 1) * gridDim.x;
      do asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(now) : "l"(counter) : "memory");
      while (now < all);
    }
    __syncthreads();
  }

  template <class T, class V>
  __device__ void copy(T& tile, int rows, const View<V>& view) {
    using Number = typename T::Element;
    constexpr int size = kernel::Pack<Number>::size, packs = T::columns / size;
#pragma unroll 4
    for (int i = thread(); i < T::rows * packs; i += threads) {
      const int r = i / packs, c = i % packs * size;
      const bool there = r < rows && c < view.columns;
      const V* const from = there ? view.row(r) + c : view.data;
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(&tile(r, c))), "l"(from), "r"(there ? 16 : 0)
                   : "memory");
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
  }
  template <int n>
  __device__ void arrived() {
    asm volatile("cp.async.wait_group %0;" ::"n"(n) : "memory");
  }

  template <int R, int C>
  __device__ void clear(Accumulator<R, C>& acc) {
#pragma unroll
    for (float& value : acc.values) value = 0;
  }
  template <int R, int C, class A, class B>
  __device__ void multiply(Accumulator<R, C>& acc, const A& a, const B& b) {
    using Spread = typename Accumulator<R, C>::Spread;
    static_assert(A::rows == R && B::columns == C && A::columns == B::rows, "rondo: sizes of a product");
    CudaWarp<Spread, A, B> warp{a, b, acc.values};
    kernel::multiply_fragments<Spread, A::columns>(warp, thread() / 32);
  }
  template <int R, int C, class F>
  __device__ void each(Accumulator<R, C>& acc, F f) {
    using Spread = typename Accumulator<R, C>::Spread;
    if (!Spread::holds(thread())) return;
#pragma unroll
    for (int i = 0; i < Spread::numbers; ++i) {
      const kernel::Position at = Spread::cell(thread(), i);
      f(at.row, at.column, acc.values[i]);
    }
  }
  template <int R, int C, class F>
  __device__ void each(Accumulator<R, C>& acc, const Accumulator<R, C>& other, F f) {
    using Spread = typename Accumulator<R, C>::Spread;
    if (!Spread::holds(thread())) return;
#pragma unroll
    for (int i = 0; i < Spread::numbers; ++i) {
      const kernel::Position at = Spread::cell(thread(), i);
      f(at.row, at.column, acc.values[i], other.values[i]);
    }
  }
  template <int R, int C, class F>
  __device__ Rows<R> row_sums(Accumulator<R, C>& acc, F f) {
    return over_rows(acc, f, 0.0F, [](float a, float b) { return a + b; });
  }
  template <int R, int C, class F>
  __device__ Rows<R> row_maxima(Accumulator<R, C>& acc, F f) {
    return over_rows(acc, f, -INFINITY, [](float a, float b) { return fmaxf(a, b); });
  }
  template <int R, class F>
  __device__ void each(Rows<R>& rows, F f) {
    if (thread() / 32 >= Rows<R>::down) return;
#pragma unroll
    for (int i = 0; i < 2 * Rows<R>::slabs; ++i)
      f(16 * (thread() / 32 % Rows<R>::down + Rows<R>::down * (i / 2)) + thread() % 32 / 4 + 8 * (i % 2), rows.values[i]);
  }
  // Registers of a left operand are those of two neighbouring pieces of the accumulator.
  template <class T, int R, int C>
  __device__ RoundedAccumulator<T, R, C, threads> operand(const Accumulator<R, C>& acc) {
    using Spread = typename Accumulator<R, C>::Spread;
    RoundedAccumulator<T, R, C, threads> result;
#pragma unroll
    for (int slab = 0; slab < Spread::own_slabs; ++slab)
#pragma unroll
      for (int k = 0; k < C / 16; ++k)
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float* const pair = acc.values + 4 * (slab * Spread::own_columns + 2 * k + i / 2) + 2 * (i % 2);
          if constexpr (std::is_same_v<T, bf16>)
            asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result.fragments[slab][k].registers[i]) : "f"(pair[1]), "f"(pair[0]));
          else
            result.fragments[slab][k].set(i, pair[0], pair[1]);
        }
    return result;
  }

 private:
  static __device__ int thread() { return static_cast<int>(threadIdx.x); }
  // Over the lanes of a warp by exchange, then over the warps in order.
  template <class Join>
  __device__ float over_all(float own, Join join) {
    __shared__ float of_warps[warps];
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) own = join(own, __shfl_xor_sync(0xffffffffu, own, distance));
    if (thread() % 32 == 0) of_warps[thread() / 32] = own;
    __syncthreads();
    float result = of_warps[0];
#pragma unroll
    for (int warp = 1; warp < warps; ++warp) result = join(result, of_warps[warp]);
    __syncthreads();  // the next sum writes there
    return result;
  }
  template <int R, int C, class F, class Join>
  __device__ Rows<R> over_rows(Accumulator<R, C>& acc, F f, float start, Join join) {
    using Spread = typename Accumulator<R, C>::Spread;
    static_assert(Spread::across == 1, "rondo: sums over the rows of an accumulator that one warp holds");
    Rows<R> result;
#pragma unroll
    for (float& value : result.values) value = start;
    if (!Spread::holds(thread())) return result;
#pragma unroll
    for (int i = 0; i < Spread::numbers; ++i) {
      const kernel::Position at = Spread::cell(thread(), i);
      float& row = result.values[i / 4 / Spread::own_columns * 2 + i % 4 / 2];
      row = join(row, f(at.row, at.column, acc.values[i]));
    }
#pragma unroll
    for (float& value : result.values) {
      value = join(value, __shfl_xor_sync(0xffffffffu, value, 1));
      value = join(value, __shfl_xor_sync(0xffffffffu, value, 2));
    }
    return result;
  }
};

template <class Kernel, int threads>
inline constexpr std::size_t shared_bytes = sizeof(kernel::MemoryOf<Kernel, CudaTeam<threads>>);

// One block an SM is what registers are given for: else ptxas guesses an occupancy that shared memory forbids, and spills.
template <class Kernel, int threads>
__global__ void __launch_bounds__(threads, 1) run_kernel(const __grid_constant__ Kernel kernel) {
  CudaTeam<threads> team;
  kernel(team);
}

}  // namespace rondo
