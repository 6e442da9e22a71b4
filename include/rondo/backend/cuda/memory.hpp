// CudaPages: pages of a device for arenas (rondo/core/arena.hpp). Freeing waits for the device, which arenas do between steps, not in them.
#pragma once

#include <memory>

#include <rondo/backend/cuda/runtime.hpp>
#include <rondo/core/arena.hpp>

namespace rondo {

struct CudaPages {
  static constexpr Place place = Place::device;
  struct Free {
    void operator()(std::byte* memory) const { cuda::release(memory); }
  };
  [[nodiscard]] std::unique_ptr<std::byte, Free> allocate(std::size_t bytes) const {
    return std::unique_ptr<std::byte, Free>{static_cast<std::byte*>(cuda::allocate(bytes))};
  }
};

}  // namespace rondo
