// ElementType: what the elements of a stored tensor are (the "dtype" of safetensors files).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

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

// Calls visit(T{}) with the C++ type of the elements; false where there is none (BOOL, F8).
template <class Visit>
bool visit_element_type(ElementType type, Visit&& visit) {
  switch (type) {
    case ElementType::f64:
      visit(double{});
      return true;
    case ElementType::f32:
      visit(float{});
      return true;
    case ElementType::f16:
      visit(fp16{});
      return true;
    case ElementType::bf16:
      visit(bf16{});
      return true;
    case ElementType::i64:
      visit(std::int64_t{});
      return true;
    case ElementType::i32:
      visit(std::int32_t{});
      return true;
    case ElementType::i16:
      visit(std::int16_t{});
      return true;
    case ElementType::i8:
      visit(std::int8_t{});
      return true;
    case ElementType::u64:
      visit(std::uint64_t{});
      return true;
    case ElementType::u32:
      visit(std::uint32_t{});
      return true;
    case ElementType::u16:
      visit(std::uint16_t{});
      return true;
    case ElementType::u8:
      visit(std::uint8_t{});
      return true;
    default:
      return false;
  }
}

}  // namespace rondo
