// ElementType: what the elements of a stored tensor are (the "dtype" of safetensors files).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <rondo/core/half.hpp>

namespace rondo {

enum class ElementType { f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean, f8_e4m3, f8_e5m2 };

struct ElementTypeEntry {
  ElementType type;
  std::string_view name;  // in files
  std::size_t bytes;
};
inline constexpr std::array<ElementTypeEntry, 15> element_types{{{ElementType::f64, "F64", 8},
                                                                 {ElementType::f32, "F32", 4},
                                                                 {ElementType::f16, "F16", 2},
                                                                 {ElementType::bf16, "BF16", 2},
                                                                 {ElementType::i64, "I64", 8},
                                                                 {ElementType::i32, "I32", 4},
                                                                 {ElementType::i16, "I16", 2},
                                                                 {ElementType::i8, "I8", 1},
                                                                 {ElementType::u64, "U64", 8},
                                                                 {ElementType::u32, "U32", 4},
                                                                 {ElementType::u16, "U16", 2},
                                                                 {ElementType::u8, "U8", 1},
                                                                 {ElementType::boolean, "BOOL", 1},
                                                                 {ElementType::f8_e4m3, "F8_E4M3", 1},
                                                                 {ElementType::f8_e5m2, "F8_E5M2", 1}}};

constexpr std::string_view name_of(ElementType type) {
  return element_types[static_cast<std::size_t>(type)].name;
}
constexpr std::size_t bytes_of(ElementType type) {
  return element_types[static_cast<std::size_t>(type)].bytes;
}
constexpr std::optional<ElementType> element_type_named(std::string_view name) {
  for (const ElementTypeEntry& entry : element_types)
    if (entry.name == name) return entry.type;
  return std::nullopt;
}

template <class T>
constexpr bool is_floating_element = std::is_floating_point_v<T> || std::is_same_v<T, bf16> || std::is_same_v<T, fp16>;

constexpr bool is_floating(ElementType type) {
  return type <= ElementType::bf16;
}
// Whether there is a C++ type for the elements.
constexpr bool is_number(ElementType type) {
  return type <= ElementType::u8;
}

// visit(E{}) with E the C++ type of the elements: the floating-point types where T is one, the integer types where T is
// one. `type` must be a number of T's kind.
template <class T, class Visit>
void visit_element_type(ElementType type, Visit&& visit) {
  if constexpr (is_floating_element<T>) {
    switch (type) {
      case ElementType::f64:
        return visit(double{});
      case ElementType::f32:
        return visit(float{});
      case ElementType::f16:
        return visit(fp16{});
      case ElementType::bf16:
        return visit(bf16{});
      default:
        break;
    }
  } else {
    switch (type) {
      case ElementType::i64:
        return visit(std::int64_t{});
      case ElementType::i32:
        return visit(std::int32_t{});
      case ElementType::i16:
        return visit(std::int16_t{});
      case ElementType::i8:
        return visit(std::int8_t{});
      case ElementType::u64:
        return visit(std::uint64_t{});
      case ElementType::u32:
        return visit(std::uint32_t{});
      case ElementType::u16:
        return visit(std::uint16_t{});
      case ElementType::u8:
        return visit(std::uint8_t{});
      default:
        break;
    }
  }
}

// to[i] = from[i] for elements of one kind. An integer that does not fit stops it: its place, or from.size().
template <class From, class To>
std::size_t convert_stored(std::span<const From> from, std::span<To> to) {
  if constexpr (is_floating_element<From>) {
    convert_elements(from, to);
  } else {
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (!std::in_range<To>(from[i])) return i;
      to[i] = static_cast<To>(from[i]);
    }
  }
  return from.size();
}

}  // namespace rondo
