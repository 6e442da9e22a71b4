// Teacher: whose distributions a student is to learn (rondo/objective/distillation.hpp), a struct of
//
//   check(outcomes, temperature)              throws Error for a student of another vocabulary, a temperature that it does not have
//   prepare(c)                                what it needs of the batch that the context has begun (c.ids(), c.labels(), c.sequences()),
//                                             before the student's pass and without dropout: views of scratch, which come back as
//                                             `prepared`
// and of one of
//   logits(c, prepared, rows, z)              writes z [rows, outcomes], of which p = softmax(z / T)
//   stored(c, prepared, rows)                 returns StoredOutcomes: log-probabilities at T of k tokens and of the rest; rest() says what
//                                             becomes of the others (Rest, rondo/objective/compared_stored_rows.hpp)
//
// `rows` are some of those that have a label: TaughtRows. Where whole rows are too much (DistillationOptions::block_outcomes):
//   logits_part(c, prepared, rows, first, z)  writes outcomes [first, first + z.columns) alone
//
// A teacher of several voices - the student's loss is then the mean of those that each of them gives - has voices(), share(voice) and
// logits(c, prepared, rows, temperature, voice, z), logits_part(c, prepared, rows, temperature, voice, first, z, measured), where
// measured [rows, measures()] is what measure(c, prepared, rows, temperature, first, count, measured) has seen of all parts before.
//
//   LiveTeacher<Cpu>            a model of any architecture with its weights; it keeps nothing for a backward
//   Ensemble<LiveTeacher<Cpu>>  several: mean of probabilities, of logits (BabyLlama) or of losses
//
// A cache is a teacher with `stored`. It runs no model: prepare(c) looks, on the host, for the rows with a label in the order of the batch
// (labels()), says by c.sequences() which token of the data each predicts - row t of sequence s predicts number source + (t - begin) -
// and takes their outcomes to scratch: ids [n, k] and log-probabilities [n, k + 1], n rows, the last column the rest's. stored() then
// gives middle_rows(rows.first, rows.rows.count()) of both. An Error names a sequence without a source, or one that the cache does not
// have.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include <rondo/model/evaluation.hpp>
#include <rondo/objective/compared_stored_rows.hpp>
#include <rondo/objective/logit_blocks.hpp>

namespace rondo {

// Rows of a batch, and the number of the first among all that have a label.
template <Place place>
struct TaughtRows {
  ChosenRows<place> rows;
  Index first;
};

template <class C>
struct StoredOutcomes {
  typename C::PlacedTokens ids;  // [rows, k], each once a row
  In<C> log_probabilities;       // [rows, k + 1]
};

template <class T>
concept Teacher = requires(const T& teacher) { teacher.check(Index{}, double{}); };

template <class T, class C, class Prepared>
concept StoresOutcomes = requires(const T& teacher, C& c, const Prepared& prepared, const TaughtRows<C::place>& rows) {
  teacher.stored(c, prepared, rows);
};
template <class T>
concept HasVoices = requires(const T& teacher) { teacher.voices(); };

[[nodiscard]] Index voices_of(const auto& teacher) {
  if constexpr (HasVoices<std::remove_cvref_t<decltype(teacher)>>)
    return teacher.voices();
  else
    return 1;
}
[[nodiscard]] double share_of_voice(const auto& teacher, Index voice) {
  if constexpr (HasVoices<std::remove_cvref_t<decltype(teacher)>>)
    return teacher.share(voice);
  else
    return 1;
}
template <class C>
void teacher_logits(const auto& teacher, C& c, const auto& prepared, const TaughtRows<C::place>& rows, double temperature, Index voice,
                    Out<C> z) {
  if constexpr (HasVoices<std::remove_cvref_t<decltype(teacher)>>)
    teacher.logits(c, prepared, rows, temperature, voice, z);
  else
    teacher.logits(c, prepared, rows, z);
}

// Measures of each row that must have seen all parts before the first is read.
[[nodiscard]] Index measures_of(const auto& teacher) {
  if constexpr (HasVoices<std::remove_cvref_t<decltype(teacher)>>)
    return teacher.measures();
  else
    return 0;
}
template <class C>
void teacher_logits_part(const auto& teacher, C& c, const auto& prepared, const TaughtRows<C::place>& rows, double temperature, Index voice,
                         Index first, Out<C> z, WideOut<C> measured) {
  if constexpr (HasVoices<std::remove_cvref_t<decltype(teacher)>>)
    teacher.logits_part(c, prepared, rows, temperature, voice, first, z, measured);
  else if constexpr (requires { teacher.logits_part(c, prepared, rows, first, z); })
    teacher.logits_part(c, prepared, rows, first, z);
  else
    throw error("distillation: this teacher gives whole rows of logits, expected block_outcomes = 0");
}

inline void check_outcomes(Index teacher, Index student) {
  require(teacher == student, "distillation: the teacher has a vocabulary of ", teacher, ", the student one of ", student);
}

// A model whose pass runs on the student's context, beside the student's: memory for one block of the model, its hidden vectors, and the
// logits of one block of rows.
template <class Backend>
class LiveTeacher {
  using Context = typename Backend::Context;

 public:
  explicit LiveTeacher(std::shared_ptr<const Evaluation<Backend>> model) : model_(std::move(model)) {}

  [[nodiscard]] const Evaluation<Backend>& model() const { return *model_; }
  void check(Index outcomes, double) const { check_outcomes(model_->outputs(), outcomes); }
  [[nodiscard]] Out<Context> prepare(Context& c) const {
    const Out<Context> hidden = c.matrix(c.extent().tokens, model_->shape().width);
    model_->hidden(c, hidden);
    return hidden;
  }
  void logits(Context& c, In<Context> hidden, const TaughtRows<Context::place>& rows, Out<Context> z) const {
    auto mark = c.mark();
    model_->logits(c, rows.rows.of(c, hidden), z);
  }
  void logits_part(Context& c, In<Context> hidden, const TaughtRows<Context::place>& rows, Index first, Out<Context> z) const {
    auto mark = c.mark();
    model_->logits_part(c, rows.rows.of(c, hidden), first, z);
  }

 private:
  std::shared_ptr<const Evaluation<Backend>> model_;
};

enum class MeanOf { probabilities, logits, losses };

// mixed_j = log(sum of shares p_j) so far; the first of them is written. Of a part of the outcomes by the row's measured log-sum: [2], the
// largest and the sum.
struct MixPartRow {
  double temperature, share;
  Onto onto;
  template <class T>
  void operator()(View<const T> z, View<const T> measured, View<T> mixed) const {
    mix(ScaledLogits<T>{z.data, temperature}, z.columns, LogSum<T>{real_part(measured(0, 0)), measured(0, 1)}, mixed.data);
  }

 protected:
  template <class T>
  void mix(const ScaledLogits<T>& u, Index count, const LogSum<T>& all, T* to) const {
    const LogProbability<T> log_p{all};
    const T log_share = scalar_of<T>(std::log(share));
    if (onto == Onto::write) {
#pragma omp simd
      for (Index j = 0; j < count; ++j) to[j] = log_p(u(j)) + log_share;
    } else {
#pragma omp simd
      for (Index j = 0; j < count; ++j) to[j] = log_of_sum(to[j], log_p(u(j)) + log_share);
    }
  }
};
struct MixRow : MixPartRow {
  template <class T>
  void operator()(View<const T> z, View<T> mixed) const {
    const ScaledLogits<T> u{z.data, temperature};
    LogSum<T> all;
    all.add(z.columns, u);
    mix(u, z.columns, all, mixed.data);
  }
};
struct MeasureMixRow {
  double temperature;
  Onto onto;
  template <class T>
  void operator()(View<const T> z, View<T> measured) const {
    LogSum<T> all;
    if (onto == Onto::add) all = {real_part(measured(0, 0)), measured(0, 1)};
    all.add(z.columns, ScaledLogits<T>{z.data, temperature});
    measured(0, 0) = T(all.largest);
    measured(0, 1) = all.sum;
  }
};

// Shares are made to add up to one.
template <Teacher One>
class Ensemble {
 public:
  static constexpr std::size_t most = 8;

  explicit Ensemble(std::vector<One> members, MeanOf mean = MeanOf::probabilities, std::vector<double> shares = {})
      : members_(std::move(members)), mean_(mean), shares_(std::move(shares)) {
    require(!members_.empty() && members_.size() <= most, "ensemble: expected 1 to ", most, " teachers, found ", members_.size());
    if (shares_.empty()) shares_.assign(members_.size(), 1.0);
    require(shares_.size() == members_.size(), "ensemble: ", shares_.size(), " shares for ", members_.size(), " teachers");
    double sum = 0;
    for (const double share : shares_) {
      require(share > 0 && std::isfinite(share), "ensemble: a share must be more than 0, found ", share);
      sum += share;
    }
    for (double& share : shares_) share /= sum;
  }

  [[nodiscard]] const std::vector<One>& members() const { return members_; }
  void check(Index outcomes, double temperature) const {
    for (const One& one : members_) one.check(outcomes, temperature);
  }
  template <class C>
  [[nodiscard]] auto prepare(C& c) const {
    std::array<decltype(members_.front().prepare(c)), most> prepared{};
    for (std::size_t i = 0; i < members_.size(); ++i) prepared[i] = members_[i].prepare(c);
    return prepared;
  }

  [[nodiscard]] Index voices() const { return mean_ == MeanOf::losses ? std::ssize(members_) : 1; }
  [[nodiscard]] double share(Index voice) const { return mean_ == MeanOf::losses ? shares_[static_cast<std::size_t>(voice)] : 1; }
  template <class C>
  void logits(C& c, const auto& prepared, const TaughtRows<C::place>& rows, double temperature, Index voice, Out<C> z) const {
    combine<C>(c, temperature, voice, z, [&](std::size_t i, Out<C> to) { members_[i].logits(c, prepared[i], rows, to); },
               [&](std::size_t i, In<C> one, Onto onto) { c.row_by_row(MixRow{{temperature, shares_[i], onto}}, one, z); });
  }

  [[nodiscard]] Index measures() const { return mixes() ? 2 * std::ssize(members_) : 0; }
  template <class C>
  void measure(C& c, const auto& prepared, const TaughtRows<C::place>& rows, double temperature, Index first, Index count,
               WideOut<C> measured) const {
    auto mark = c.mark();
    const Out<C> one = c.matrix(rows.rows.count(), count);
    for (std::size_t i = 0; i < members_.size() && mixes(); ++i) {
      part_of<C>(c, i, prepared, rows, first, one);
      c.row_by_row(MeasureMixRow{temperature, first == 0 ? Onto::write : Onto::add}, In<C>(one), measured_of(measured, i));
    }
  }
  template <class C>
  void logits_part(C& c, const auto& prepared, const TaughtRows<C::place>& rows, double temperature, Index voice, Index first, Out<C> z,
                   WideOut<C> measured) const {
    combine<C>(c, temperature, voice, z, [&](std::size_t i, Out<C> to) { part_of<C>(c, i, prepared, rows, first, to); },
               [&](std::size_t i, In<C> one, Onto onto) {
                 c.row_by_row(MixPartRow{temperature, shares_[i], onto}, one, WideIn<C>(measured_of(measured, i)), z);
               });
  }

 private:
  [[nodiscard]] bool mixes() const { return mean_ == MeanOf::probabilities && members_.size() > 1; }
  static auto measured_of(auto measured, std::size_t member) { return measured.middle_columns(2 * static_cast<Index>(member), 2); }
  template <class C>
  void part_of(C& c, std::size_t i, const auto& prepared, const TaughtRows<C::place>& rows, Index first, Out<C> z) const {
    teacher_logits_part(members_[i], c, prepared[i], rows, 1, 0, first, z, {});
  }
  // of(member, to) writes the logits of one, mix(member, those, onto) takes them into the mean of probabilities.
  template <class C>
  void combine(C& c, double temperature, Index voice, Out<C> z, auto of, auto mix) const {
    if (mean_ == MeanOf::losses || members_.size() == 1) return of(static_cast<std::size_t>(voice), z);
    auto mark = c.mark();
    const Out<C> one = c.matrix(z.rows, z.columns);
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const Onto onto = i == 0 ? Onto::write : Onto::add;
      of(i, one);
      if (mixes()) {
        mix(i, In<C>(one), onto);
      } else {
        c.scale(one, shares_[i]);
        onto == Onto::write ? c.copy(one, z) : c.add(one, z);
      }
    }
    if (mixes()) c.scale(z, temperature);
  }

  std::vector<One> members_;
  MeanOf mean_;
  std::vector<double> shares_;
};

}  // namespace rondo
