// StoredTeacher: a teacher (rondo/objective/teacher.hpp) whose outcomes were stored before, for each token of the data.
//
//   Distillation objective{ForwardKl{}, StoredTeacher{std::make_shared<TeacherCache>("train.cache")}, {.temperature = 1}};
//
// Store: TeacherCache (rondo/data/teacher_cache.hpp), or what has as it
//   vocabulary(), top(), temperature()                 sizes, and the temperature at which it was made
//   read(token, ids, log_probabilities)                of token number `token` of the data: top() ids, top() + 1 log-probabilities
//
// The token that row t of a sequence predicts is number source + (t - begin), which the batch says (Sequence::source). What is stored of
// the step's rows goes to scratch: k ids and k + 1 numbers a row with a label. Throws Error for a batch that does not say where it is from.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <rondo/objective/teacher.hpp>

namespace rondo {

template <class Store>
class StoredTeacher {
 public:
  explicit StoredTeacher(std::shared_ptr<const Store> store, Rest rest = Rest::bucket) : store_(std::move(store)), rest_(rest) {}
  explicit StoredTeacher(std::shared_ptr<Store> store) : StoredTeacher(std::shared_ptr<const Store>(std::move(store))) {}

  void check(Index outcomes, double temperature) const {
    check_outcomes(store_->vocabulary(), outcomes);
    require(temperature == store_->temperature(), "distillation: the stored outcomes are of temperature ", store_->temperature(),
            ", asked for is ", temperature);
  }
  [[nodiscard]] Rest rest() const { return rest_; }

  template <class C>
  [[nodiscard]] StoredOutcomes<C> prepare(C& c) const {
    const Index k = store_->top();
    const Tokens labels = c.labels();
    std::vector<Index>& tokens = buffer_.tokens;
    tokens.clear();
    for (const Sequence& sequence : c.sequences())
      for (Index t = sequence.begin; t < sequence.begin + sequence.length; ++t) {
        if (!has_label(labels(0, t))) continue;
        require(sequence.source >= 0,
                "distillation: the batch does not say which tokens of the data it has; stored outcomes are told by that");
        tokens.push_back(sequence.source + t - sequence.begin);
      }
    const Index count = std::ssize(tokens);
    std::vector<Token>& ids = buffer_.ids;
    ids.resize(static_cast<std::size_t>(count * k));
    const Out<C> log_probabilities = c.matrix(count, k + 1);
    const auto read_to = [&](auto row) {
      for (Index i = 0; i < count; ++i) store_->read(tokens[static_cast<std::size_t>(i)], ids.data() + i * k, row(i));
    };
    if constexpr (C::place == Place::host) {
      read_to([&](Index i) { return log_probabilities.row(i); });
    } else {
      std::vector<typename C::Scalar> numbers(static_cast<std::size_t>(log_probabilities.size()));
      read_to([&](Index i) { return numbers.data() + i * (k + 1); });
      c.upload(std::span<const typename C::Scalar>(numbers), log_probabilities);
    }
    return {c.numbers(count * k, [&](Index i) { return ids[static_cast<std::size_t>(i)]; }).reshaped(count, k), log_probabilities};
  }
  template <class C>
  [[nodiscard]] StoredOutcomes<C> stored(C&, const StoredOutcomes<C>& prepared, const TaughtRows<C::place>& rows) const {
    const Index count = rows.rows.count();
    return {prepared.ids.middle_rows(rows.first, count), prepared.log_probabilities.middle_rows(rows.first, count)};
  }

 private:
  // On their way to scratch.
  struct Buffer {
    std::vector<Index> tokens;
    std::vector<Token> ids;
  };
  std::shared_ptr<const Store> store_;
  Rest rest_;
  mutable Buffer buffer_;
};

}  // namespace rondo
