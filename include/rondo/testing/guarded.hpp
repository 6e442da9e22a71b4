// Guarded<T>: a back-end whose memory the host cannot touch, to prove that nothing but its operations does.
//
//   static_assert(Backend<Guarded<double>>);
//   const Findings findings = laws<Guarded<double>>(subject<MyMixer>(shape), packed({5, 4}));
//
// It computes as Reference<T> does, number for number, in pages of its own that are protected while no operation runs: whoever reads or
// writes a tensor through its address ends in a segmentation fault, whoever does it through its view is refused by the compiler. So
// what runs here runs on a device. It is also the smallest complete back-end of that kind (docs/how_to/add_a_back_end.md). Linux.
#pragma once

#include <sys/mman.h>

#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include <rondo/backend/backend.hpp>
#include <rondo/backend/reference/reference.hpp>

namespace rondo::testing {

// Owner of all pages, which are open while an operation runs.
class GuardedDevice {
 public:
  GuardedDevice() = default;
  GuardedDevice(const GuardedDevice&) = delete;
  GuardedDevice& operator=(const GuardedDevice&) = delete;

  static GuardedDevice& standard() {
    static GuardedDevice device;
    return device;
  }
  [[nodiscard]] std::byte* take(std::size_t bytes) {
    void* pages = mmap(nullptr, bytes, open_ ? PROT_READ | PROT_WRITE : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(pages != MAP_FAILED, "guarded memory: no ", bytes, " bytes more");
    return pages_.emplace(static_cast<std::byte*>(pages), bytes).first->first;
  }
  void give_back(std::byte* pages) {
    munmap(pages, pages_.at(pages));
    pages_.erase(pages);
  }
  decltype(auto) operate(auto&& act) {
    struct Open {
      GuardedDevice& device;
      explicit Open(GuardedDevice& device_) : device(device_) { device.protect(PROT_READ | PROT_WRITE); }
      ~Open() { device.protect(PROT_NONE); }
    } open{*this};
    return act();
  }

 private:
  void protect(int how) {
    open_ = how != PROT_NONE;
    for (const auto& [pages, bytes] : pages_) mprotect(pages, bytes, how);
  }

  std::map<std::byte*, std::size_t> pages_;
  bool open_ = false;
};

// What an arena takes its memory from.
struct GuardedPages {
  static constexpr Place place = Place::device;

  struct GiveBack {
    GuardedDevice* device = nullptr;
    void operator()(std::byte* pages) const { device->give_back(pages); }
  };
  GuardedDevice* device = &GuardedDevice::standard();
  [[nodiscard]] std::unique_ptr<std::byte, GiveBack> allocate(std::size_t bytes) const {
    return {device->take(bytes), GiveBack{device}};
  }
};
using GuardedMemory = BasicArena<GuardedPages>;

// An argument of an operation as the host's: views, and what holds views.
template <class A>
const A& of_host(const A& argument) {
  return argument;
}
template <class T>
View<T> of_host(const View<T, Place::device>& view) {
  return {view.data, view.rows, view.columns, view.stride};
}
template <class T, std::size_t n>
std::array<View<T>, n> of_host(const std::array<View<T, Place::device>, n>& views) {
  return std::bit_cast<std::array<View<T>, n>>(views);
}
template <template <class> class Record, class T>
Record<View<T>> of_host(const Record<View<T, Place::device>>& record) {
  return std::bit_cast<Record<View<T>>>(record);
}
// States that may be absent: copies of their records, and the pointers to these.
template <template <class> class Which, class Record>
class HostStates {
 public:
  explicit HostStates(const Which<Record>& states) {
    if constexpr (requires { states.final; }) {
      states_ = {place(0, states.initial), place(1, states.final)};
    } else {
      states_ = {place(0, states.initial), place(1, states.d_final), place(2, states.d_initial)};
    }
  }
  operator const auto&() const { return states_; }

 private:
  using HostRecord = decltype(of_host(std::declval<const Record&>()));
  const HostRecord* place(std::size_t i, const Record* record) { return record ? &held_[i].emplace(of_host(*record)) : nullptr; }

  std::array<std::optional<HostRecord>, 3> held_;
  Which<HostRecord> states_;
};
template <class Record>
HostStates<Carried, Record> of_host(const Carried<Record>& states) {
  return HostStates<Carried, Record>(states);
}
template <class Record>
HostStates<CarriedGradient, Record> of_host(const CarriedGradient<Record>& states) {
  return HostStates<CarriedGradient, Record>(states);
}

// An operation, and one with a function or a gate as its template argument: Reference's, on opened pages.
#define RONDO_GUARDED(operation)                                                                              \
  template <class... Arguments>                                                                               \
  decltype(auto) operation(const Arguments&... arguments) {                                                   \
    return operate([&](auto& host) -> decltype(auto) { return host.operation(of_host(arguments)...); });      \
  }
#define RONDO_GUARDED_OF(operation)                                                                           \
  template <class Function, class... Arguments>                                                               \
  void operation(const Arguments&... arguments) {                                                             \
    operate([&](auto& host) { host.template operation<Function>(of_host(arguments)...); });                   \
  }

template <class T>
class GuardedContext : public ContextBase<GuardedContext<T>, T, GuardedMemory> {
  using Base = ContextBase<GuardedContext<T>, T, GuardedMemory>;

 public:
  using typename Base::Input;
  using typename Base::Output;

  GuardedContext() : GuardedContext(GuardedDevice::standard()) {}
  explicit GuardedContext(GuardedDevice& device)
      : Base(GuardedMemory{GuardedPages{&device}}, GuardedMemory{GuardedPages{&device}}), device_(&device) {}
  [[nodiscard]] GuardedMemory memory() const { return GuardedMemory{GuardedPages{device_}}; }

  RONDO_GUARDED(fill)
  RONDO_GUARDED(start)
  RONDO_GUARDED(upload)
  template <class S>
  void download(View<const S, Place::device> x, std::span<std::type_identity_t<S>> to) {
    read_by_host();
    operate([&](auto& host) { host.download(of_host(x), to); });
  }
  Index host_reads = 0;           // how often the host has waited for numbers
  std::function<void()> on_read;  // called before it does
  RONDO_GUARDED(zero)
  RONDO_GUARDED(copy)
  RONDO_GUARDED(add)
  RONDO_GUARDED(scale)
  RONDO_GUARDED(blend)
  RONDO_GUARDED(linear)
  RONDO_GUARDED(linear_input_gradient)
  RONDO_GUARDED(linear_weight_gradient)
  RONDO_GUARDED_OF(linear_map)
  RONDO_GUARDED(add_bias)
  RONDO_GUARDED(bias_gradient)
  RONDO_GUARDED(block_linear)
  RONDO_GUARDED(block_linear_input_gradient)
  RONDO_GUARDED(block_linear_weight_gradient)
  RONDO_GUARDED(add_scaled)
  RONDO_GUARDED(add_scaled_gradient)
  RONDO_GUARDED(gather_rows)
  RONDO_GUARDED(scatter_rows)
  RONDO_GUARDED(add_positions)
  RONDO_GUARDED(positions_gradient)
  RONDO_GUARDED_OF(map)
  RONDO_GUARDED_OF(map_gradient)
  RONDO_GUARDED_OF(gated)
  RONDO_GUARDED_OF(gated_gradient)
  RONDO_GUARDED(soft_cap)
  RONDO_GUARDED(soft_cap_gradient)
  template <class Gate>
  void gate(Input f, Input bound, Output log_decay, Output write, const Gate& gate = {}) {
    operate([&](auto& host) { host.gate(of_host(f), of_host(bound), of_host(log_decay), of_host(write), gate); });
  }
  template <class Gate>
  void gate_gradient(Input f, Input bound, Input d_log_decay, Input d_write, Output df, Output d_bound, const Gate& gate = {}) {
    operate([&](auto& host) {
      host.gate_gradient(of_host(f), of_host(bound), of_host(d_log_decay), of_host(d_write), of_host(df), of_host(d_bound), gate);
    });
  }
  RONDO_GUARDED(lower_bounds)
  RONDO_GUARDED(lower_bounds_gradient)
  RONDO_GUARDED(norm)
  RONDO_GUARDED(norm_gradient)
  RONDO_GUARDED(rotate)
  RONDO_GUARDED(short_convolution)
  RONDO_GUARDED(short_convolution_gradient)
  void dropout(double rate, std::uint64_t stream, Output x) {
    operate([&](auto& host) { host.dropout(rate, stream, of_host(x)); });
  }
  RONDO_GUARDED(cross_entropy)
  RONDO_GUARDED(log_probability)
  using Base::sum;
  void sum(Input x, View<double, Place::device> to) {
    operate([&](auto& host) { host.sum(of_host(x), of_host(to)); });
  }
  void sum_of_squares(Input x, View<double, Place::device> to) {
    operate([&](auto& host) { host.sum_of_squares(of_host(x), of_host(to)); });
  }
  [[nodiscard]] double sum_of_squares(Input x) {
    read_by_host();
    return operate([&](auto& host) { return host.sum_of_squares(of_host(x)); });
  }
  [[nodiscard]] bool finite(Input x) { return std::isfinite(sum_of_squares(x)); }
  using Base::each_element;
  RONDO_GUARDED(each_element)
  RONDO_GUARDED(row_by_row)
  RONDO_GUARDED(apply)

 private:
  template <class C, class Tag>
  friend struct rondo::Recurrence;

  void read_by_host() {
    ++host_reads;
    if (const auto call = on_read) call();
  }
  // With Reference's context in the middle of the same pass.
  decltype(auto) operate(auto&& act) {
    const auto dropout = this->training ? std::optional{this->key} : std::nullopt;
    if (this->ids())
      host_.begin(this->sequences(), of_host(this->ids()), {}, dropout);
    else
      host_.begin(this->sequences(), this->extent().tokens, dropout);
    return device_->operate([&]() -> decltype(auto) { return act(host_); });
  }

  GuardedDevice* device_;
  ReferenceContext<T> host_;
};
#undef RONDO_GUARDED
#undef RONDO_GUARDED_OF

template <class T>
struct Guarded {
  using Scalar = T;
  using Memory = GuardedMemory;
  using Context = GuardedContext<T>;
};

}  // namespace rondo::testing

namespace rondo {

template <class T, class Tag>
struct Recurrence<testing::GuardedContext<T>, Tag> {
  static void forward(testing::GuardedContext<T>& c, const auto& pass) {
    using testing::of_host;
    c.operate([&](auto& host) {
      host.recurrence(pass.tag, of_host(pass.weights), of_host(pass.in), of_host(pass.out), of_host(pass.carried));
    });
  }
  static void gradient(testing::GuardedContext<T>& c, const auto& pass) {
    using testing::of_host;
    c.operate([&](auto& host) {
      host.recurrence_gradient(pass.tag, of_host(pass.weights), of_host(pass.in), of_host(pass.out), of_host(pass.d_out),
                               of_host(pass.d_weights), of_host(pass.d_in), of_host(pass.carried));
    });
  }
};

}  // namespace rondo
