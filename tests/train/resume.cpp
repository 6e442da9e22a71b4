// A run that was stopped, by itself or by force, and goes on is the run that was never stopped, bit for bit.
#include <boost/test/unit_test.hpp>

#include <cstring>
#include <thread>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rondo/data/phases.hpp>
#include <rondo/train/checkpoints.hpp>

#include <io/temporary_folder.hpp>

#include "small_run.hpp"

namespace rondo::test {
namespace {

using Backend = Reference<float>;
using Run = SmallRun<Hgrn2, Backend>;
namespace fs = std::filesystem;

constexpr Index steps = 24;
const TrainingOptions options{.accumulate = 2, .clip = 1, .average = {WarmedAverage{0.95}}, .seed = Seed{4}};
const BatchOptions batch_options{
    .rows = 2, .length = 12, .packing = Packing::documents, .shuffled = true, .epochs = 0, .seed = Seed{4}};

Shape with_dropout() {
  Shape shape = small_shape();
  shape.dropout = 0.1;
  return shape;
}

using Stream = Batches<MemoryTokens>;

// All that a run consists of.
struct Result {
  std::vector<std::vector<float>> tensors;
  Progress progress;
  DataPosition data;
  explicit Result(const Run& run, const Stream& batches) : progress(run.trainer.progress()), data(batches.position()) {
    for (const auto& named : run.trainer.tensors()) tensors.push_back(numbers(named.tensor.reshaped(1, named.tensor.size())));
    progress.seconds = 0;
  }
  friend bool operator==(const Result&, const Result&) = default;
};

void save(const Checkpoints& checkpoints, const Run& run, const Stream& batches) {
  checkpoints.save(run.trainer.progress().step, "",
                   [&](const fs::path& folder) { save_training_state(folder, run.trainer, batches.position()); });
}

// Rows of a size that changes after steps 3, 6 and 11, at checkpoints and between them.
const RowPhases phases{Phases::read("1@0,2@60", "batch", 2), Phases::read("4@0,7@20,12@200", "length", 12), 2};

// Goes on from the latest checkpoint, if there is one; saves every 3 steps; stops before `stop`.
Result train(const fs::path& folder, const MemoryTokens& source, Index stop = steps, const RowPhases* rows = nullptr) {
  const Checkpoints checkpoints{folder};
  Stream batches{source, batch_options};
  Run run{options, with_dropout()};
  if (const auto latest = checkpoints.latest()) batches.seek(load_training_state(latest->folder, run.trainer));
  run.trainer.on_step([&](const StepReport& report) {
    if (report.progress.step % 3 == 0) save(checkpoints, run, batches);
    if (report.progress.step == stop) run.trainer.stop();
  });
  run.trainer.run_on(
      [&](Batch& batch) {
        const Index tokens = run.trainer.progress().tokens;
        if (rows != nullptr) batches.resize(rows->batch.at(tokens), rows->length.at(tokens));
        return batches.next(batch);
      },
      steps);
  return Result{run, batches};
}

BOOST_AUTO_TEST_SUITE(resume)

BOOST_AUTO_TEST_CASE(stopped_and_resumed_is_uninterrupted) {
  const MemoryTokens source = small_documents();
  const TemporaryFolder straight, broken;
  const Result expected = train(straight.path(), source);
  BOOST_TEST(expected.data.epoch >= 1);
  for (const Index stop : {4, 5, 6, 14, 24}) {
    train(broken.path(), source, stop);
    BOOST_TEST(Checkpoints{broken.path()}.latest()->step == stop / 3 * 3);
  }
  fs::remove_all(Checkpoints{broken.path()}.latest()->folder);  // the last: go on from step 21
  BOOST_TEST((train(broken.path(), source) == expected));
}

// The same of batches whose size changes on the way.
BOOST_AUTO_TEST_CASE(resumed_in_the_middle_of_a_phase) {
  const MemoryTokens source = small_documents();
  const TemporaryFolder straight, broken;
  const Result expected = train(straight.path(), source, steps, &phases);
  BOOST_TEST(expected.progress.tokens == phases.tokens_after(steps));
  BOOST_TEST(!(train(TemporaryFolder{}.path(), source) == expected));
  for (const Index stop : {2, 4, 8, 11, 14, 20}) train(broken.path(), source, stop, &phases);
  BOOST_TEST((train(broken.path(), source, steps, &phases) == expected));
}

// A process that saves all the time, killed at some moment; again and again until a run comes to its end.
BOOST_AUTO_TEST_CASE(killed_at_any_moment) {
  const MemoryTokens source = small_documents();
  const TemporaryFolder straight, killed;
  const Result expected = train(straight.path(), source);
  int kills = 0;
  for (unsigned attempt = 0; attempt < 60; ++attempt) {
    const pid_t child = ::fork();
    if (child == 0) {
      train(killed.path(), source);
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(4 + 7 * attempt));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    kills += WIFSIGNALED(status);
    if (WIFEXITED(status)) break;
  }
  BOOST_TEST(kills > 0);
  for (const auto& checkpoint : Checkpoints{killed.path()}.all()) BOOST_TEST(checkpoint.resumable);
  BOOST_TEST((train(killed.path(), source) == expected));
  for (const auto& entry : fs::directory_iterator(Checkpoints{killed.path()}.root()))
    BOOST_TEST(!entry.path().string().ends_with(".partial"));
}

// No room for another checkpoint: an error, and the one before is what it was.
BOOST_AUTO_TEST_CASE(a_full_disk_leaves_the_last_checkpoint) {
  const MemoryTokens source = small_documents();
  const TemporaryFolder folder;
  const Result before = train(folder.path(), source, 6);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{20000, 20000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string message = message_of([&] { train(folder.path(), source); });
    ::_exit(has(message, "training.safetensors: cannot be written") ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  const Checkpoints checkpoints{folder.path()};
  BOOST_TEST(checkpoints.latest()->step == 6);
  BOOST_TEST(std::distance(fs::directory_iterator(checkpoints.root()), {}) == 2);
  Stream batches{source, batch_options};
  Run run{options, with_dropout()};
  batches.seek(load_training_state(checkpoints.latest()->folder, run.trainer));
  BOOST_TEST((Result{run, batches} == before));
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_written_is_named) {
  const TemporaryFolder folder;
  put(folder / "checkpoints", "a file where the folder would be");
  const MemoryTokens source = small_documents();
  const std::string message = message_of([&] { train(folder.path(), source, 3); });
  BOOST_TEST(has(message, (folder / "checkpoints").string()), message);
}

BOOST_AUTO_TEST_CASE(state_of_another_model_is_refused_whole) {
  const MemoryTokens source = small_documents();
  const TemporaryFolder folder;
  train(folder.path(), source, 3);
  const fs::path checkpoint = Checkpoints{folder.path()}.latest()->folder;
  Shape deeper = with_dropout();
  deeper.depth = 3;
  Run run{options, deeper};
  const auto before = numbers(run.weights.flat());
  const std::string message = message_of([&] { load_training_state(checkpoint, run.trainer); });
  BOOST_TEST(has(message, "'weights.blocks.2.mixer.norm.weight' is missing"), message);
  BOOST_TEST(has(message, "'first.lower_bounds': expected shape [3, 16], found [2, 16]"), message);
  BOOST_TEST((before == numbers(run.weights.flat())));
  Run plain{{}, with_dropout()};
  BOOST_TEST(has(message_of([&] { load_training_state(checkpoint, plain.trainer); }), "'average.norm.weight' is left over"));

  put(checkpoint / "training.json", R"({"step": 3, "tokens": 1, "words": 1, "seconds": 0, "dat": {}})");
  BOOST_TEST(has(message_of([&] { load_training_state(checkpoint, run.trainer); }), "dat"));
}

BOOST_AUTO_TEST_CASE(old_checkpoints_go_milestones_stay) {
  const TemporaryFolder folder;
  const Checkpoints checkpoints{folder.path()};
  const auto write = [](const fs::path& into) {
    for (const char* name : {"training.json", "training.safetensors", "model.safetensors"}) put(into / name, "x");
  };
  for (const Index step : {100, 200, 300, 400, 1000000000}) checkpoints.save(step, step == 200 ? "words-1000000" : "", write);
  fs::create_directories(folder / "checkpoints" / "step-000000500.1.partial");  // process 1 runs
  fs::create_directories(folder / "checkpoints" / "something");
  checkpoints.prune(2);
  const auto found = checkpoints.all();
  BOOST_TEST_REQUIRE(found.size() == 3U);
  BOOST_TEST(found[0].milestone == "words-1000000");
  BOOST_TEST((!found[0].resumable && found[1].resumable && found[2].resumable));
  BOOST_TEST(fs::exists(found[0].folder / "model.safetensors"));
  BOOST_TEST(found[1].step == 400);
  BOOST_TEST(checkpoints.latest()->step == 1000000000);
  BOOST_TEST(fs::exists(folder / "checkpoints" / "something"));
}

BOOST_AUTO_TEST_CASE(checkpoints_at_the_word_counts_of_babylm) {
  constexpr Index million = 1'000'000;
  static_assert(babylm_count(0) == 0 && babylm_count(million - 1) == 0 && babylm_count(million) == million);
  static_assert(babylm_count(10 * million - 1) == 9 * million && babylm_count(10 * million) == 10 * million);
  static_assert(babylm_count(99 * million) == 90 * million && babylm_count(100 * million) == 100 * million);
  static_assert(babylm_count(299 * million) == 200 * million && babylm_count(1000 * million) == 1000 * million);
  BOOST_TEST(babylm_name(9 * million) == "chck_9M");
  BOOST_TEST(babylm_name(200 * million) == "chck_200M");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
