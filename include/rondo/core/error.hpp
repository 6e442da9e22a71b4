// Errors: one exception type whose message says where, what was expected and what was found; NotFinite is the one kind to tell apart.
//
//   throw Error("model.safetensors", "tensor 'lm_head.weight'", "shape [8192, 256]", "shape [4096, 256]");
//   what() == "model.safetensors: tensor 'lm_head.weight': expected shape [8192, 256], found shape [4096, 256]"
//
//   require(width % heads == 0, "shape: width ", width, " is not a multiple of heads ", heads);
#pragma once

#include <cstddef>
#include <initializer_list>
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

// Training has left the finite numbers: a property of data, rate and start, not of a file or an argument.
class NotFinite : public Error {
 public:
  explicit NotFinite(const Error& message) : Error(message) {}
};

// Anything that can be streamed, with its type put aside.
class MessagePart {
 public:
  template <class T>
  constexpr MessagePart(const T& value)
      : value_(&value), write_([](std::ostream& to, const void* from) { to << *static_cast<const T*>(from); }) {}
  template <std::size_t size>
  constexpr MessagePart(const char (&text)[size])
      : value_(text), write_([](std::ostream& to, const void* from) { to << static_cast<const char*>(from); }) {}
  void write(std::ostream& to) const { write_(to, value_); }

 private:
  const void* value_;
  void (*write_)(std::ostream&, const void*);
};
[[gnu::cold, gnu::noinline]] inline Error error_of(std::initializer_list<MessagePart> parts) {
  std::ostringstream text;
  for (const MessagePart& part : parts) part.write(text);
  return Error(text.str());
}

// The parts streamed one after the other, as the message of an Error.
template <class... Parts>
[[nodiscard, gnu::always_inline]] inline Error error(const Parts&... parts) {
  return error_of({MessagePart(parts)...});
}

template <class... Parts>
[[gnu::always_inline]] inline void require(bool condition, const Parts&... parts) {
  if (!condition) throw error(parts...);
}

}  // namespace rondo
