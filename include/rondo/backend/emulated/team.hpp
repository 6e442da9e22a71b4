// EmulatedTeam: a Team (rondo/backend/kernel/team.hpp) whose threads are plain loops between barriers, on the host.
//
// Checked, it watches every element of shared memory (checks.hpp) and more: loops longer than they were unrolled for, registers of
// another thread, packs and copies that are not on 16 bytes. Asynchronous copies are done as late as is allowed. What it cannot see: the
// order of memory behind wait_for_all, teams that do not fit the device at once, registers, bank conflicts.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <memory>

#include <rondo/backend/emulated/checks.hpp>
#include <rondo/backend/kernel/fragment.hpp>
#include <rondo/backend/kernel/team.hpp>

namespace rondo {

template <int threads_, bool checked>
class EmulatedTeam {
 public:
  static_assert(threads_ % 32 == 0, "rondo: a team is whole warps");
  static constexpr int threads = threads_;

  template <class T, int R, int C>
  using Tile = std::conditional_t<checked, WatchedTile<T, R, C>, kernel::Tile<T, R, C>>;

  template <class T, int most>
  class Own {
   public:
    T& operator()(int i, int slot) {
      if constexpr (checked) {
        const TeamWatch& watch = *TeamWatch::current();
        require(slot >= 0 && slot < most && i / threads == slot && i % threads == watch.thread, "team ", watch.team,
                ": own: register ", i, " in slot ", slot, " of thread ", watch.thread, " with ", most, " slots");
      }
      return values_[static_cast<std::size_t>(i)];
    }

   private:
    std::array<T, static_cast<std::size_t>(threads) * most> values_{};
  };
  template <int R, int C>
  struct Accumulator {
    using Spread = kernel::Spread<R, C, threads>;
    std::array<float, static_cast<std::size_t>(R) * C> values{};
    float& operator()(int r, int c) { return values[static_cast<std::size_t>(r * C + c)]; }
    float operator()(int r, int c) const { return values[static_cast<std::size_t>(r * C + c)]; }
  };
  template <int R>
  struct Rows {
    std::array<float, R> values{};
    float operator()(int r) const { return values[static_cast<std::size_t>(r)]; }
  };
  template <class T, int R, int C>
  struct Rounded {
    static constexpr int rows = R, columns = C;
    std::array<T, static_cast<std::size_t>(R) * C> values{};
  };

  // `meet` is called where a team waits for all others.
  EmulatedTeam(Index number, void* memory, std::function<void()> meet) : number_(number), memory_(memory), meet_(std::move(meet)) {
    watch_.team = number;
    begins();
  }
  EmulatedTeam(const EmulatedTeam&) = delete;
  EmulatedTeam& operator=(const EmulatedTeam&) = delete;

  // Its turn to run.
  void begins() { TeamWatch::current() = &watch_; }

  [[nodiscard]] int number() const { return static_cast<int>(number_); }
  template <class M>
  [[nodiscard]] M& memory() {
    return *static_cast<M*>(memory_);
  }

  template <class F>
  void each(int count, F f) {
    begin("a loop");
    for (int i = 0; i < count; ++i) as(i % threads, [&] { f(i); });
  }
  template <int most, class F>
  void each(int count, F f) {
    begin("a loop");
    check_unrolled<most>(count);
    for (int i = 0; i < count; ++i) as(i % threads, [&] { f(i, i / threads); });
  }
  template <class F>
  [[nodiscard]] float sum(int count, F f) {
    return join(count, 0.0F, f, [](float a, float b) { return a + b; });
  }
  template <int most, class F>
  [[nodiscard]] float sum(int count, F f) {
    check_unrolled<most>(count);
    return sum(count, [&](int i) { return f(i, i / threads); });
  }
  template <class F>
  [[nodiscard]] float maximum(int count, F f) {
    return join(count, -std::numeric_limits<float>::infinity(), f, [](float a, float b) { return a > b ? a : b; });
  }
  template <int most, class F>
  [[nodiscard]] float maximum(int count, F f) {
    check_unrolled<most>(count);
    return maximum(count, [&](int i) { return f(i, i / threads); });
  }
  void sync() {
    begin("a sync");
    ++watch_.time;
  }
  void wait_for_all(unsigned*) {
    begin("a wait for all teams");
    ++watch_.time;
    if (!meet_) throw error("team ", number_, ": waits for all teams, which were not launched together");
    meet_();
    begins();
  }

  template <class T, class V>
  void copy(T& tile, int rows, const View<V>& view) {
    using Number = typename T::Element;
    constexpr int size = kernel::Pack<Number>::size;
    begin("a copy");
    const int columns = static_cast<int>(view.columns);
    if constexpr (checked) {
      require(rows <= T::rows && rows <= view.rows, "team ", number_, ": copy of ", rows, " rows, where the tile has ", T::rows,
              " and the view ", view.rows);
      require(columns <= T::columns, "team ", number_, ": copy of ", columns, " columns to a tile of ", T::columns);
      require(kernel::in_packs(view), "team ", number_, ": misaligned: a copy of rows that are not whole packs of 16 bytes");
    }
    const auto each_element = [&tile](auto act) {
      for (int r = 0; r < T::rows; ++r)
        for (int c = 0; c < T::columns; ++c) act(tile, (r * (T::columns / size) + c / size) % threads, r, c);
    };
    const auto arrive = [=] {
      each_element([&](T& to, int thread, int r, int c) {
        const Number value = r < rows && c < columns ? view(r, c) : Number{};
        if constexpr (checked)
          to.at(r, c).arrive(thread, value, r, c);
        else
          to(r, c) = value;
      });
    };
    if constexpr (checked) {
      each_element([](T& to, int thread, int r, int c) { to.at(r, c).await(thread, r, c); });
      watch_.coming.push_back(arrive);
    } else {
      arrive();
    }
  }
  template <int n>
  void arrived() {
    begin("arrived");
    auto& coming = watch_.coming;
    while (coming.size() > n) {
      coming.front()();
      coming.erase(coming.begin());
    }
  }

  template <int R, int C>
  void clear(Accumulator<R, C>& acc) {
    acc.values.fill(0);
  }
  template <int R, int C, class A, class B>
  void multiply(Accumulator<R, C>& acc, const A& a, const B& b) {
    static_assert(A::rows == R && B::columns == C && A::columns == B::rows, "rondo: sizes of a product");
    static_assert(A::columns % 16 == 0, "rondo: products are of 16 at a time");
    begin("a product");
    constexpr int K = A::columns;
    static thread_local std::array<float, static_cast<std::size_t>(K) * C> right;
    for (int k = 0; k < K; ++k)
      for (int c = 0; c < C; ++c) right[static_cast<std::size_t>(k * C + c)] = number(b, k, c);
    for (int r = 0; r < R; ++r)
      for (int k = 0; k < K; ++k) {
        const float left = number(a, r, k);
        for (int c = 0; c < C; ++c) acc(r, c) += left * right[static_cast<std::size_t>(k * C + c)];
      }
  }
  template <int R, int C, class F>
  void each(Accumulator<R, C>& acc, F f) {
    begin("a loop");
    for (int r = 0; r < R; ++r)
      for (int c = 0; c < C; ++c) as(Accumulator<R, C>::Spread::owner(r, c), [&] { f(r, c, acc(r, c)); });
  }
  template <int R, int C, class F>
  void each(Accumulator<R, C>& acc, const Accumulator<R, C>& other, F f) {
    each(acc, [&](int r, int c, float& value) { f(r, c, value, other(r, c)); });
  }
  template <int R, int C, class F>
  [[nodiscard]] Rows<R> row_sums(const Accumulator<R, C>& acc, F f) {
    return over_rows(acc, f, 0.0F, [](float a, float b) { return a + b; });
  }
  template <int R, int C, class F>
  [[nodiscard]] Rows<R> row_maxima(const Accumulator<R, C>& acc, F f) {
    return over_rows(acc, f, -std::numeric_limits<float>::infinity(), [](float a, float b) { return a > b ? a : b; });
  }
  template <int R, class F>
  void each(Rows<R>& rows, F f) {
    begin("a loop");
    for (int r = 0; r < R; ++r) as(TeamWatch::everybody, [&] { f(r, rows.values[static_cast<std::size_t>(r)]); });
  }
  template <class T, int R, int C>
  [[nodiscard]] Rounded<T, R, C> operand(const Accumulator<R, C>& acc) {
    Rounded<T, R, C> result;
    std::transform(acc.values.begin(), acc.values.end(), result.values.begin(), [](float value) { return kernel::narrow<T>(value); });
    return result;
  }

  // At the end of its text.
  void end() const {
    if (!watch_.coming.empty())
      throw error("team ", number_, ": not arrived: it ends while ", watch_.coming.size(), " copies are on their way");
  }

 private:
  void begin(const char* what) const {
    if constexpr (checked) watch_.expect_no_body(what);
  }
  template <int most>
  void check_unrolled(int count) const {
    if constexpr (checked)
      require(count <= most * threads, "team ", number_, ": a loop over ", count, " is unrolled for ", most, " x ", threads);
  }
  template <class Act>
  void as(int thread, Act act) {
    if constexpr (checked) {
      watch_.thread = thread;
      act();
      watch_.thread = TeamWatch::nobody;
    } else {
      act();
    }
  }
  // Each thread's own in order, then those of all threads in order; and a barrier.
  template <class F, class Join>
  float join(int count, float start, F f, Join together) {
    begin("a sum");
    std::array<float, threads> own;
    own.fill(start);
    for (int i = 0; i < count; ++i)
      as(i % threads, [&] { own[static_cast<std::size_t>(i % threads)] = together(own[static_cast<std::size_t>(i % threads)], f(i)); });
    ++watch_.time;
    float result = start;
    for (const float each : own) result = together(result, each);
    return result;
  }
  template <int R, int C, class F, class Join>
  Rows<R> over_rows(const Accumulator<R, C>& acc, F f, float start, Join together) {
    using Spread = kernel::Spread<R, C, threads>;
    static_assert(Spread::across == 1, "rondo: sums over the rows of an accumulator that one warp holds");
    begin("a sum over rows");
    Rows<R> result;
    for (int r = 0; r < R; ++r) {
      float sum = start;
      for (int c = 0; c < C; ++c) as(Spread::owner(r, c), [&] { sum = together(sum, f(r, c, acc(r, c))); });
      result.values[static_cast<std::size_t>(r)] = sum;
    }
    return result;
  }

  // An element of an operand, which all threads read.
  template <class T, int R, int C>
  static float number(const kernel::Tile<T, R, C>& tile, int r, int c) {
    return static_cast<float>(tile(r, c));
  }
  template <class T, int R, int C>
  static float number(const WatchedTile<T, R, C>& tile, int r, int c) {
    return static_cast<float>(tile.at(r, c).read_by(TeamWatch::everybody, r, c));
  }
  template <class T>
  static float number(const kernel::Transposed<T>& operand, int r, int c) {
    return number(operand.tile, c, r);
  }
  template <class T, int n>
  static float number(const kernel::RowsOf<T, n>& operand, int r, int c) {
    return number(operand.tile, operand.first + r, c);
  }
  template <class T, int R, int C>
  static float number(const Rounded<T, R, C>& operand, int r, int c) {
    return static_cast<float>(operand.values[static_cast<std::size_t>(r * C + c)]);
  }

  Index number_;
  void* memory_;
  std::function<void()> meet_;
  TeamWatch watch_;
};

}  // namespace rondo
