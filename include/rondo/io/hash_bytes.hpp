// Hashes of bytes: of some in a row, and of bytes that come in parts.
//
//   std::uint64_t hash = hash_bytes("the", seed);
//   RunningChecksum sum;
//   sum.add(data, bytes);
//   sum.value();
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace rondo {

// A 64-bit hash of some bytes; the same on every machine of the same byte order.
[[nodiscard]] inline std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0) {
  const auto mix = [](std::uint64_t hash, std::uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
  };
  std::uint64_t hash = mix(seed + 0xD1B54A32D192ED03u, bytes.size());
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t value;
    std::memcpy(&value, bytes.data(), sizeof value);
    hash = mix(hash, value);
    bytes.remove_prefix(sizeof value);
  }
  std::uint64_t value = 0;
  if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
  return mix(mix(hash, value), 0x2545F4914F6CDD1Du);
}

// Of blocks of 64 KiB, each with the hash before it.
class RunningChecksum {
 public:
  void add(const void* data, std::size_t bytes) {
    for (const char* at = static_cast<const char*>(data); bytes > 0;) {
      const std::size_t part = std::min(bytes, block_bytes - block_.size());
      if (block_.empty() && part == block_bytes) {
        hash_ = hash_bytes({at, part}, hash_);
      } else {
        block_.append(at, part);
        if (block_.size() == block_bytes) close_block();
      }
      at += part;
      bytes -= part;
    }
  }
  [[nodiscard]] std::uint64_t value() const { return hash_bytes(block_, hash_); }

 private:
  static constexpr std::size_t block_bytes = std::size_t{1} << 16;
  void close_block() {
    hash_ = hash_bytes(block_, hash_);
    block_.clear();
  }
  std::string block_;
  std::uint64_t hash_ = 0;
};

}  // namespace rondo
