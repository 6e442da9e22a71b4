// A program that trains a list of compositions alike and compares them:
//
//   int main(int argc, char** argv) {
//     return rondo::app::ablation(argc, argv, {
//         rondo::app::composition<Hgrn2>("hgrn2", "lower-bounded forget gate"),
//         rondo::app::composition<Hgrn2Unbounded>("sigmoid-gate", "forget gate without the bound"), ...});
//   }
//
// Every composition gets the parameter count of the first (a solver picks the width of its MLP; of the whole model where it has
// none), the same tokens in the same order and the same settings, once a seed; with --rates its own learning rate too, that of
// the short run (OUT/rates/NAME-RATE) which ends with the lowest held-out loss. Runs lie in OUT/NAME-SEED and go on where they
// were stopped. Of several processes (mpirun -n 4 ablation ...) each trains every fourth run by itself, and all measure together; they need
// to see one folder OUT. At the end: held-out loss and accuracy on each set of minimal pairs, means over seeds with standard errors over
// seeds and of the test set, as table.txt, table.csv, results.json, loss.svg and accuracy.svg (accuracy_SET.svg of several sets).
// With --search it looks for good settings instead: rondo/app/search.hpp.
#pragma once

#include <vector>

#include <rondo/app/composition.hpp>
#include <rondo/core/compiled.hpp>

namespace rondo::app {

int ablation(int argc, char** argv, const std::vector<Composition>& list);

}  // namespace rondo::app

#if RONDO_HEADER_ONLY
#include <rondo/app/ablation_program.hpp>
#endif
