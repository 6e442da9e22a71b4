// Errors: one exception type whose message says where, what was expected and what was found.
//
//   throw Error("model.safetensors", "tensor 'lm_head.weight'", "shape [8192, 256]", "shape [4096, 256]");
//   what() == "model.safetensors: tensor 'lm_head.weight': expected shape [8192, 256], found shape [4096, 256]"
//
//   require(width % heads == 0, "shape: width ", width, " is not a multiple of heads ", heads);
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rondo {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
  Error(std::string_view where, std::string_view what, std::string_view expected, std::string_view found)
      : std::runtime_error(std::string(where) + ": " + std::string(what) + ": expected " + std::string(expected) + ", found " +
                           std::string(found)) {}
};

// The parts streamed one after the other, as the message of an Error.
template <class... Parts>
[[nodiscard]] Error error(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return Error(text.str());
}

template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) throw error(parts...);
}

}  // namespace rondo
