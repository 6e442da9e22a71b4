// A recurrence that a back-end has no implementation of.
#include <rondo/backend/reference/reference.hpp>

namespace rondo {

struct Wave {};

void run(ReferenceContext<double>& c, View<double> x) { c.recurrence(Wave{}, x); }

}  // namespace rondo
