// What tells the weights of two checkpoint folders apart, whatever the files they are cut into.
//
//   std::string hash = fingerprint_of(folder.tensors());      16 hexadecimal digits, of names and bytes in the order of names
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <rondo/io/hash_bytes.hpp>
#include <rondo/io/tensor_folder.hpp>

namespace rondo {

inline std::string hexadecimal(std::uint64_t number) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
  return digits;
}

inline std::string fingerprint_of(const TensorFolder& tensors) {
  RunningChecksum sum;
  std::vector<std::string> names = tensors.names();
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const auto bytes = tensors.tensor(name).bytes;
    sum.add(name.data(), name.size());
    sum.add(bytes.data(), bytes.size());
  }
  return hexadecimal(sum.value());
}

}  // namespace rondo
