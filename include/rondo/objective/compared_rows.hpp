// What a divergence (rondo/objective/divergence.hpp) makes of rows of logits, as rules that a context runs row by row (c.row_by_row).
//
//   u = cap(z) / T for the student, z / T for the teacher;   log q_j = (u_j - m) - log sum_i exp(u_i - m), m the largest, and so log p
//
//   CompareRow        student [outcomes], teacher [outcomes], value [1]: the teacher's logits become the gradient by the student's
//   CompareStoredRow  student [outcomes], ids [k], log_p [k + 1], gradient [outcomes], value [1]: of k stored outcomes and the rest
//
// Gradients are by the student's logits before the soft cap, times `scale`; 1 / T of the inner derivative is in them, T^2 is not.
#pragma once

#include <concepts>
#include <limits>

#include <rondo/backend/options.hpp>
#include <rondo/objective/divergence.hpp>

namespace rondo {

// Sums of term(j) for j in [0, count), vectorised where numbers are plain.
template <class T>
T sum_of_terms(Index count, auto term) {
  T total(0);
  if constexpr (std::floating_point<T>) {
#pragma omp simd reduction(+ : total)
    for (Index j = 0; j < count; ++j) total += term(j);
  } else {
    for (Index j = 0; j < count; ++j) total += term(j);
  }
  return total;
}
template <class T>
Real<T> largest_of_terms(Index count, auto term) {
  Real<T> largest = -std::numeric_limits<Real<T>>::infinity();
#pragma omp simd reduction(max : largest)
  for (Index j = 0; j < count; ++j) largest = real_part(term(j)) > largest ? real_part(term(j)) : largest;
  return largest;
}

// u of a row.
template <class T, bool capped>
struct ScaledLogits {
  const T* z;
  T share, cap;  // share: 1 / T
  ScaledLogits(const T* z_, double temperature, double cap_) : z(z_), share(scalar_of<T>(1 / temperature)), cap(scalar_of<T>(cap_)) {}
  [[nodiscard]] T operator()(Index j) const {
    if constexpr (capped)
      return cap * hyperbolic_tangent(z[j] / cap) * share;
    else
      return z[j] * share;
  }
  // du / dz
  [[nodiscard]] T slope(Index j) const {
    if constexpr (capped) {
      const T t = hyperbolic_tangent(z[j] / cap);
      return (T(1) - t * t) * share;
    } else {
      return share;
    }
  }
};

// log of sums of exponentials, of a row or as far as a row has been seen.
template <class T>
struct LogSum {
  Real<T> largest = -std::numeric_limits<Real<T>>::infinity();
  T sum{};
  [[gnu::flatten]] void add(Index count, auto u) {
    const Real<T> before = largest;
    largest = std::max(before, largest_of_terms<T>(count, u));
    const T m(largest);
    if (std::isfinite(before)) sum *= exponential(T(before) - m);
    sum += sum_of_terms<T>(count, [&](Index j) { return exponential(u(j) - m); });
  }
};
template <class T>
struct LogProbability {
  T largest, log_sum;
  explicit LogProbability(const LogSum<T>& all) : largest(all.largest), log_sum(logarithm(all.sum)) {}
  [[nodiscard]] T operator()(T u) const { return (u - largest) - log_sum; }
};

template <class T>
struct RowSums {
  T value{}, derivative{};
};
// Outcomes of a row, or of a part of it.
template <class D, class T, class Student, class Teacher>
struct RowOfOutcomes {
  Index count;
  Student student;
  Teacher teacher;
  LogProbability<T> log_q, log_p;

  [[nodiscard]] Index size() const { return count; }
  [[nodiscard]] [[gnu::always_inline]] Outcome<T> operator()(Index j) const {
    if constexpr (OfLogits<D>) {
      return {teacher(j), student(j), T(0), T(0)};
    } else {
      const T p = log_p(teacher(j)), q = log_q(student(j));
      return {p, q, exponential(p), exponential(q)};
    }
  }
};

// (By value: what a loop reads of them then lies where the numbers that it writes cannot. All inlined: only so are loops vectorised.)
template <class T>
[[gnu::flatten]] RowSums<T> sums_of(const auto divergence, const auto row) {
  T value(0), derivative(0);
  const Index count = row.size();
  if constexpr (std::floating_point<T>) {
#pragma omp simd reduction(+ : value, derivative)
    for (Index j = 0; j < count; ++j) {
      const Outcome<T> o = row(j);
      value += divergence.value(o);
      derivative += divergence.derivative(o);
    }
  } else {
    for (Index j = 0; j < count; ++j) value += divergence.value(row(j)), derivative += divergence.derivative(row(j));
  }
  return {value, derivative};
}
// act(divergence): as it is in this row.
void in_row(const auto& divergence, const auto& row, auto act) {
  if constexpr (requires { divergence.of_row(row); })
    act(divergence.of_row(row));
  else
    act(divergence);
}

// What all rules below are told.
template <class D>
struct Comparison {
  D divergence{};
  double temperature = 1, soft_cap = 0;
  double scale = 1;          // of gradients
  double share = 1;          // of values, with which they are written or added
  Onto onto = Onto::write;
  Index outcomes = 0;        // of a whole row

  template <class T>
  void put(T value, View<T> to) const {
    if constexpr (OfLogits<D>) value /= scalar_of<T>(static_cast<double>(outcomes));
    value *= scalar_of<T>(share);
    to(0, 0) = onto == Onto::add ? to(0, 0) + value : value;
  }
  // act(student, teacher): rows of u.
  template <class T>
  void with_scaled(View<const T> student, const T* teacher, auto act) const {
    const ScaledLogits<T, false> of_teacher{teacher, temperature, 0};
    if (soft_cap > 0)
      act(ScaledLogits<T, true>{student.data, temperature, soft_cap}, of_teacher);
    else
      act(ScaledLogits<T, false>{student.data, temperature, 0}, of_teacher);
  }
  template <class T, class Student, class Teacher>
  [[nodiscard]] RowOfOutcomes<D, T, Student, Teacher> row(Index count, const Student& student, const Teacher& teacher,
                                                          const LogSum<T>& of_student, const LogSum<T>& of_teacher) const {
    return {count, student, teacher, LogProbability<T>(of_student), LogProbability<T>(of_teacher)};
  }
  // Teacher's logits j become the gradient by the student's; both are read before.
  template <class T>
  [[gnu::flatten]] void write_gradient(const auto here, const auto outcomes_here, T derivatives, T* to) const {
    const T factor = scalar_of<T>(OfLogits<D> ? scale / static_cast<double>(outcomes) : scale);
    const Index count = outcomes_here.size();
#pragma omp simd
    for (Index j = 0; j < count; ++j) {
      const Outcome<T> o = outcomes_here(j);
      T d = here.derivative(o);
      if constexpr (!OfLogits<D>) d -= o.q * derivatives;
      to[j] = factor * outcomes_here.student.slope(j) * d;
    }
  }
};

template <class D>
struct CompareRow : Comparison<D> {
  template <class T>
  void operator()(View<const T> student, View<T> teacher, View<T> value) const {
    const Index count = student.columns;
    this->with_scaled(student, teacher.data, [&](const auto& of_student, const auto& of_teacher) {
      LogSum<T> student_sum, teacher_sum;
      if constexpr (!OfLogits<D>) student_sum.add(count, of_student), teacher_sum.add(count, of_teacher);
      const auto row = this->template row<T>(count, of_student, of_teacher, student_sum, teacher_sum);
      in_row(this->divergence, row, [&](const auto& here) {
        const RowSums<T> sums = sums_of<T>(here, row);
        this->put(sums.value, value);
        this->write_gradient(here, row, sums.derivative, teacher.data);
      });
    });
  }
};

// What becomes of the outcomes that are not stored.
//   bucket             one outcome more, with the mass of all of them, for both models
//   truncated          left out of the sum; p is as stored
//   renormalised       left out; p is divided by the stored mass
//   renormalised_both  left out; p and q are divided by their masses on the stored outcomes
enum class Rest { bucket, truncated, renormalised, renormalised_both };

// Of the stored log-probabilities, at the temperature, the last is the rest's; they are normalised again, for they were rounded.
template <class D>
struct CompareStoredRow : Comparison<D> {
  Rest rest = Rest::bucket;

  template <class T>
  void operator()(View<const T> student, View<const Token> ids, View<const T> log_p, View<T> gradient, View<T> value) const {
    static_assert(!OfLogits<D>, "rondo: stored log-probabilities are no logits");
    if (this->soft_cap > 0)
      compare(ScaledLogits<T, true>{student.data, this->temperature, this->soft_cap}, student.columns, ids, log_p, gradient, value);
    else
      compare(ScaledLogits<T, false>{student.data, this->temperature, 0}, student.columns, ids, log_p, gradient, value);
  }

 private:
  // Stored outcomes of a row, and the rest where it counts.
  template <class T, class Student>
  struct Stored {
    const Student& student;
    const Token* ids;
    const T* stored;
    Index stored_count, count;
    LogProbability<T> log_p, log_q;
    T log_rest;  // of q

    [[nodiscard]] Index size() const { return count; }
    [[nodiscard]] Outcome<T> operator()(Index i) const {
      const T p = log_p(stored[i]), q = i < stored_count ? log_q(student(ids[i])) : log_rest;
      return {p, q, exponential(p), exponential(q)};
    }
  };

  template <class T, class Student>
  void compare(const Student& u, Index count, View<const Token> ids, View<const T> stored, View<T> gradient, View<T> value) const {
    const Index k = ids.columns;
    T* to = gradient.data;
    std::fill_n(to, count, T(0));  // 1 marks what is stored
    for (Index i = 0; i < k; ++i) to[ids(0, i)] = T(1);
    LogSum<T> inside, outside;
    inside.add(k, [&](Index i) { return u(ids(0, i)); });
    const bool others = k < count;
    if (others) {
      outside.largest = largest_of_terms<T>(count, [&](Index j) {
        return select(real_part(to[j]) > 0, -std::numeric_limits<Real<T>>::infinity(), real_part(u(j)));
      });
      const T m(outside.largest);
      outside.sum = sum_of_terms<T>(count, [&](Index j) { return (T(1) - to[j]) * exponential(at_most(u(j) - m, Real<T>(0))); });
    }
    const bool both = rest == Rest::renormalised_both;
    LogSum<T> all = inside;
    if (others && !both) {
      all.largest = std::max(inside.largest, outside.largest);
      all.sum = inside.sum * exponential(T(inside.largest - all.largest)) + outside.sum * exponential(T(outside.largest - all.largest));
    }
    const bool bucket = others && rest == Rest::bucket;
    LogSum<T> of_teacher;
    of_teacher.add(others && (rest == Rest::bucket || rest == Rest::truncated) ? k + 1 : k, [&](Index i) { return stored(0, i); });
    const LogProbability<T> log_q{all};
    const T log_rest = bucket ? log_q(T(outside.largest)) + logarithm(outside.sum) : T(0);  // (far from 0 a sum would lose digits)
    const Stored<T, Student> row{u, ids.data, stored.data, k, bucket ? k + 1 : k, LogProbability<T>(of_teacher), log_q, log_rest};
    in_row(this->divergence, row, [&](const auto& here) {
      RowSums<T> sums;
      for (Index i = 0; i < row.size(); ++i) sums.value += here.value(row(i)), sums.derivative += here.derivative(row(i));
      this->put(sums.value, value);
      const T scaled = scalar_of<T>(this->scale);
      // What is not stored keeps its shape: d = (share of the whole rest) q_j / q_rest.
      if (others && !both) {
        const T m(outside.largest);
        T factor = -sums.derivative * exponential(log_q(m));  // q_j = exp(u_j - m) exp(log_q(m))
        if (bucket) {
          const Outcome<T> o = row(k);
          factor = (here.derivative(o) - o.q * sums.derivative) / outside.sum;
        }
#pragma omp simd
        for (Index j = 0; j < count; ++j) to[j] = scaled * u.slope(j) * factor * exponential(at_most(u(j) - m, Real<T>(0)));
      } else {
        std::fill_n(to, count, T(0));
      }
      for (Index i = 0; i < k; ++i) {
        const Outcome<T> o = row(i);
        to[ids(0, i)] = scaled * u.slope(ids(0, i)) * (here.derivative(o) - o.q * sums.derivative);
      }
    });
  }
};

}  // namespace rondo
