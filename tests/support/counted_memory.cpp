// operator new and delete that count. In a unit of their own: inlined, the pair would look mismatched to the compiler.
#include "support/counted_memory.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RONDO_OPERATOR_NEW_IS_TAKEN 1
#endif
#endif

#if defined(RONDO_OPERATOR_NEW_IS_TAKEN)

std::size_t rondo::test::allocation_count() {
  return 0;
}
boost::test_tools::assertion_result rondo::test::allocations_are_counted(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result counted{false};
  counted.message() << "the thread sanitizer has an operator new of its own";
  return counted;
}

#else

namespace {

std::atomic<std::size_t> count = 0;

void* counted_or_null(std::size_t bytes, std::size_t alignment) noexcept {
  ++count;
  return std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
}
void* counted(std::size_t bytes, std::size_t alignment) {
  if (void* memory = counted_or_null(bytes, alignment)) return memory;
  throw std::bad_alloc{};
}

}  // namespace

std::size_t rondo::test::allocation_count() {
  return count;
}
boost::test_tools::assertion_result rondo::test::allocations_are_counted(boost::unit_test::test_unit_id) {
  return true;
}

void* operator new(std::size_t bytes) {
  return counted(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {  // the address sanitizer has its own, if there is none here
  return counted_or_null(bytes, alignof(std::max_align_t));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

#endif
