// What an emulated team watches: every element of its shared memory - last writer, last reader, when - and where in its text it is.
//
//   race           two threads at one element, one of them writing, no sync between; a product reads as all threads
//   outside        an element that its tile does not have
//   unset          read before it was written
//   not arrived    read or written over while an asynchronous copy to it is on its way
//   nested         a sync, a product, a loop or a sum inside a body
//
// Each throws Error with the place. None depends on luck: a fault is found in the first run, also where the values come out right. Time is
// the number of syncs so far; a thread is that which the hardware would run the body on (rondo/backend/kernel/fragment.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <type_traits>
#include <vector>

#include <rondo/backend/kernel/tile.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/half.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// Of one team.
struct TeamWatch {
  static constexpr int nobody = -1, everybody = -2;

  Index team = 0;
  int thread = nobody;  // whose body runs
  int time = 1;
  std::vector<std::function<void()>> coming;  // asynchronous copies on their way, the oldest first

  // The watch of the team that runs now; teams that wait for each other take turns.
  static TeamWatch*& current() {
    static thread_local TeamWatch* watch = nullptr;
    return watch;
  }
  void expect_no_body(const char* what) const {
    if (thread != nobody) throw error("team ", team, ": nested: ", what, " inside a body, which thread ", thread, " runs");
  }
};

// An element of a watched tile.
template <class T>
struct WatchedElement {
  T value{};
  int writer = TeamWatch::nobody, written = 0;  // by whom, when
  int reader = TeamWatch::nobody, read = 0;
  bool set = false, on_its_way = false;

  [[nodiscard]] T read_by(int thread, int r, int c) {
    const TeamWatch& watch = *TeamWatch::current();
    if (on_its_way) fail("not arrived: read while a copy to it is on its way", thread, r, c);
    if (!set) fail("unset: read before it was written", thread, r, c);
    if (written == watch.time && (writer != thread || thread == TeamWatch::everybody))
      fail("race: read, but written without a sync between", thread, r, c);
    reader = read == watch.time && reader != thread ? TeamWatch::everybody : thread;
    read = watch.time;
    return value;
  }
  void write_by(int thread, const T& number, int r, int c) {
    const TeamWatch& watch = *TeamWatch::current();
    if (on_its_way) fail("not arrived: written while a copy to it is on its way", thread, r, c);
    if (written == watch.time && writer != thread) fail("race: written by two threads without a sync between", thread, r, c);
    if (read == watch.time && reader != thread) fail("race: written, but read without a sync between", thread, r, c);
    value = number;
    writer = thread;
    written = watch.time;
    set = true;
  }
  // A copy to it begins: whoever reads or writes it then disturbs or is disturbed.
  void await(int thread, int r, int c) {
    write_by(thread, T{}, r, c);
    on_its_way = true;
  }
  void arrive(int thread, const T& number, int r, int c) {
    on_its_way = false;
    write_by(thread, number, r, c);
  }

 private:
  [[noreturn]] void fail(const char* what, int thread, int r, int c) const {
    const TeamWatch& watch = *TeamWatch::current();
    const auto name = [](int number) {
      return number == TeamWatch::everybody ? std::string("all threads") : "thread " + std::to_string(number);
    };
    throw error("team ", watch.team, ": ", what, ": element (", r, ", ", c, "), ", name(thread), "; last written by ", name(writer),
                ", last read by ", name(reader), ", after ", watch.time - 1, " syncs");
  }
};

// Tile whose elements are watched. It reads as float where bf16 is stored.
template <class T, int R, int C>
class WatchedTile {
 public:
  using Element = T;
  static constexpr int rows = R, columns = C;
  using Plain = kernel::Tile<T, R, C>;

  class Reference {
   public:
    using Number = std::conditional_t<std::is_arithmetic_v<T>, T, float>;
    Reference(WatchedElement<T>& element, int r, int c) : element_(element), r_(r), c_(c) {}
    operator Number() const { return static_cast<Number>(element_.read_by(TeamWatch::current()->thread, r_, c_)); }
    const Reference& operator=(const T& value) const {
      element_.write_by(TeamWatch::current()->thread, value, r_, c_);
      return *this;
    }
    const Reference& operator=(const Reference& other) const {
      return *this = other.element_.read_by(TeamWatch::current()->thread, other.r_, other.c_);
    }
    Reference(const Reference&) = default;
    const Reference& operator+=(Number more) const { return *this = T(Number(*this) + more); }
    const Reference& operator*=(Number factor) const { return *this = T(Number(*this) * factor); }

   private:
    WatchedElement<T>& element_;
    int r_, c_;
  };

  Reference operator()(int r, int c) { return {at(r, c), r, c}; }
  Reference operator()(int r, int c) const { return {at(r, c), r, c}; }
  WatchedElement<T>& at(int r, int c) const {
    if (r < 0 || r >= R || c < 0 || c >= C)
      throw error("team ", TeamWatch::current()->team, ": outside: element (", r, ", ", c, ") of a tile of ", R, " x ", C);
    return elements_[static_cast<std::size_t>(r * C + c)];
  }

 private:
  mutable std::vector<WatchedElement<T>> elements_ = std::vector<WatchedElement<T>>(static_cast<std::size_t>(R * C));
};

}  // namespace rondo
