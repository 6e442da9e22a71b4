// Numbers in kernels: narrow<T>(x) to the nearest number as it is stored; Pack<T>, 16 bytes of neighbours that move at once.
//
//   load_pack(view, row, i)  store_pack(pack, view, row, i)      elements [size i, size (i + 1)) of a row
//   in_packs(views...)       whether every row of them begins on 16 bytes and is whole packs
//
// On hosts a pack that is not on 16 bytes, or that its row has not whole, throws Error: a device would fault, or read its neighbour.
#pragma once

#include <cstdint>
#include <type_traits>

#include <rondo/core/device.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/half.hpp>
#include <rondo/core/view.hpp>

namespace rondo::kernel {

template <class T>
RONDO_ANYWHERE T narrow(float value) {
#if defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<T, bf16>) {  // one instruction, where the constructor is integer arithmetic
    std::uint16_t bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bf16::from_bits(bits);
  }
#endif
  return T(value);
}

template <class T>
struct alignas(16) Pack {
  static constexpr int size = 16 / static_cast<int>(sizeof(T));
  T values[size];
};

inline bool on_16_bytes(const void* address) { return reinterpret_cast<std::uintptr_t>(address) % 16 == 0; }

template <class T>
bool in_packs(const View<T>& view) {
  return !view || (on_16_bytes(view.data) && view.columns % Pack<T>::size == 0 && (view.rows <= 1 || view.stride % Pack<T>::size == 0));
}
template <class... T>
bool in_packs(const View<T>&... views) {
  return (in_packs(views) && ...);
}

template <class T>
RONDO_ANYWHERE T* pack_address(const View<T>& view, Index row, int i) {
  T* address = view.row(row) + i * Pack<T>::size;
#if !defined(__CUDA_ARCH__)
  require(on_16_bytes(address), "pack ", i, " of row ", row, ": not on 16 bytes");
  require(i >= 0 && (i + 1) * Pack<T>::size <= view.columns, "pack ", i, " of row ", row, ": beyond its ", view.columns, " columns");
#endif
  return address;
}
template <class T>
RONDO_ANYWHERE Pack<std::remove_const_t<T>> load_pack(const View<T>& view, Index row, int i) {
  return *reinterpret_cast<const Pack<std::remove_const_t<T>>*>(pack_address(view, row, i));
}
template <class T>
RONDO_ANYWHERE void store_pack(const Pack<T>& pack, const View<T>& view, Index row, int i) {
  *reinterpret_cast<Pack<T>*>(pack_address(view, row, i)) = pack;
}

}  // namespace rondo::kernel
