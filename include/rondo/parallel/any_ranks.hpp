// AnyRanks<Row>: a communicator (rondo/parallel/communicator.hpp) whose type is put aside, so that what trains with ranks is compiled once.
//
//   AnyRanks<View<float>> ranks;                 // alone
//   AnyRanks<View<float>> ranks{MpiRanks{...}};  // copies are the same rank
//   Trainer trainer{model, weights, AdamW{}, Cosine{}, CrossEntropy{}, options, context, ranks};
//
// Row: View<S, place>, of a back-end's wide numbers.
#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <utility>

#include <rondo/parallel/communicator.hpp>

namespace rondo {

template <class Row>
class AnyRanks;

template <class S, Place place>
class AnyRanks<View<S, place>> {
 public:
  using Row = View<S, place>;

  AnyRanks() : AnyRanks(Alone{}) {}
  template <class Ranks>
    requires(!std::same_as<Ranks, AnyRanks> && Communicator<Ranks, Row>)
  AnyRanks(Ranks ranks) : held_(std::make_shared<Held<Ranks>>(std::move(ranks))) {}

  [[nodiscard]] Index rank() const { return held_->rank(); }
  [[nodiscard]] Index size() const { return held_->size(); }
  [[nodiscard]] bool several() const { return size() > 1; }
  void sum(Row x) const { held_->sum(x); }
  void sum(std::span<double> numbers) const { held_->sum(numbers); }
  void sum_placed(View<double, place> numbers) const { held_->sum_placed(numbers); }
  void scatter_sum(Row x, Borders borders) const { held_->scatter_sum(x, borders); }
  void gather(Row x, Borders borders) const { held_->gather(x, borders); }
  void gather(std::span<double> numbers, Borders borders) const { held_->gather(numbers, borders); }

 private:
  struct Base {
    virtual ~Base() = default;
    [[nodiscard]] virtual Index rank() const = 0;
    [[nodiscard]] virtual Index size() const = 0;
    virtual void sum(Row x) = 0;
    virtual void sum(std::span<double> numbers) = 0;
    virtual void sum_placed(View<double, place> numbers) = 0;
    virtual void scatter_sum(Row x, Borders borders) = 0;
    virtual void gather(Row x, Borders borders) = 0;
    virtual void gather(std::span<double> numbers, Borders borders) = 0;
  };
  template <class Ranks>
  struct Held final : Base {
    explicit Held(Ranks&& held) : ranks(std::move(held)) {}
    [[nodiscard]] Index rank() const override { return ranks.rank(); }
    [[nodiscard]] Index size() const override { return ranks.size(); }
    void sum(Row x) override { ranks.sum(x); }
    void sum(std::span<double> numbers) override { ranks.sum(numbers); }
    void sum_placed(View<double, place> numbers) override {
      if constexpr (place == Place::host)
        ranks.sum(std::span<double>{numbers.data, static_cast<std::size_t>(numbers.columns)});
      else
        ranks.sum(numbers);
    }
    void scatter_sum(Row x, Borders borders) override { ranks.scatter_sum(x, borders); }
    void gather(Row x, Borders borders) override { ranks.gather(x, borders); }
    void gather(std::span<double> numbers, Borders borders) override { ranks.gather(numbers, borders); }
    Ranks ranks;
  };

  std::shared_ptr<Base> held_;
};

// Of the Cpu's numbers.
using HostRanks = AnyRanks<View<float>>;

}  // namespace rondo
