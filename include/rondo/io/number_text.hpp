// Numbers as people read them, whatever the locale.
//
//   fixed_text(3.14159, 2) == "3.14"     short_text(0.00012) == "0.00012"     short_text(1234567.0) == "1.23457e+06"
//   count_text(1'500'000) == "1.5M"      error_text(51.234, 0.42, 1) == "51.2 ± 0.4"
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

namespace rondo {

// With so many digits after the point.
inline std::string fixed_text(double value, int digits) {
  std::array<char, 400> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, digits).ptr;
  std::string text(buffer.data(), end);
  const bool zero = text.find_first_not_of("-0.") == text.npos;
  return zero && text.front() == '-' ? text.substr(1) : text;
}

// With at most so many digits that count, without zeros at the end.
inline std::string short_text(double value, int digits = 6) {
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, digits).ptr;
  return {buffer.data(), end};
}

// The unit that numbers of this size are counted in: 1, or thousands (k), millions (M), billions (G), trillions (T).
struct CountUnit {
  double size = 1;
  std::string_view name;
};
inline CountUnit count_unit(double largest) {
  CountUnit unit;
  if (!(std::abs(largest) >= 1e4) || std::isinf(largest)) return unit;
  for (const std::string_view name : {"k", "M", "G", "T"})
    if (name == "k" || std::abs(largest) >= 1e3 * unit.size) unit = {1e3 * unit.size, name};
  return unit;
}
inline std::string count_text(double value, int digits = 6) {
  const CountUnit unit = count_unit(value);
  return short_text(value / unit.size, digits) + std::string(unit.name);
}

// A value with its standard error.
inline std::string error_text(double value, double error, int digits) {
  return fixed_text(value, digits) + " ± " + fixed_text(error, digits);
}

// Characters of UTF-8 text (code points).
inline std::size_t character_count(std::string_view text) {
  std::size_t count = 0;
  for (const char byte : text) count += (static_cast<unsigned char>(byte) & 0xc0u) != 0x80u;
  return count;
}

}  // namespace rondo
