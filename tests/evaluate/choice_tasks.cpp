// Tasks of choices: their files, folders and archives, and the figures, with a scorer whose numbers are known.
#include <boost/test/unit_test.hpp>

#include <cmath>

#include <rondo/evaluate/benchmark_scores.hpp>
#include <rondo/evaluate/task_files.hpp>
#include <rondo/io/atomic_file.hpp>

#include "evaluate/known_scorer.hpp"
#include "evaluate/letter_tokenizer.hpp"
#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

namespace tt = boost::test_tools;

// b and . cost 1, a costs 1/2, whatever stands before.
float known(const TextScorer::Text& text, std::size_t t) {
  return text[t] == 2 ? -0.5F : -1.0F;
}

TaskFile lines(const std::string& name, const std::string& text) {
  return {name, name + ".jsonl", text};
}

TaskResult result_of(const ChoiceTask& task, const char* convention) {
  KnownScorer scorer{known};
  return score_choices(scorer, task, letter_tokenizer(), convention_named(convention));
}

BOOST_AUTO_TEST_SUITE(choice_tasks)

BOOST_AUTO_TEST_CASE(pairs_ties_and_their_averages) {
  const ChoiceTask task =
      read_minimal_pair_task("pairs", {lines("one", R"({"sentence_good": "aa", "sentence_bad": "ab", "linguistics_term": "first"}
{"sentence_good": "ab", "sentence_bad": "ba"}
{"sentence_good": "bb", "sentence_bad": "ab"}
{"sentence_good": "a", "sentence_bad": "b"}
)"),
                                       lines("two", R"({"sentence_good": "b", "sentence_bad": "b", "linguistics_term": "second"})")});
  BOOST_TEST(task.items() == 5);
  const TaskResult half = result_of(task, "rondo"), first = result_of(task, "lm_pub_quiz");
  BOOST_TEST(half.report["ties"].get<int>() == 2);
  BOOST_TEST(half.report["subsets"]["one"]["score"].get<double>() == 2.5 / 4);
  BOOST_TEST(half.report["subsets"]["two"]["score"].get<double>() == 0.5);
  BOOST_TEST(half.report["score"].get<double>() == (2.5 / 4 + 0.5) / 2);
  BOOST_TEST(half.report["chance"].get<double>() == 0.5);
  const double error_one = 0.625 * 0.375 / 4, error_two = 0.25;
  BOOST_TEST(half.report["standard_error"].get<double>() == std::sqrt(error_one + error_two) / 2, tt::tolerance(1e-14));
  BOOST_TEST(half.report["groups"]["second"]["score"].get<double>() == 0.5);
  BOOST_TEST(first.report["score"].get<double>() == (0.75 + 1) / 2);  // a tie goes to the first option, which is the right one
  BOOST_TEST(half.report["convention"].get<std::string>() == "rondo");
  BOOST_TEST(half.items[1]["right"].get<double>() == 0.5);
  BOOST_TEST(half.items[4]["file"].get<std::string>() == "two");
  BOOST_TEST(half.items[2]["choice"].get<int>() == 1);
  const Json with_space = task_predictions(task, first, true);
  BOOST_TEST(with_space["one"]["predictions"][2]["pred"].get<std::string>() == " ab");
  BOOST_TEST(with_space["one"]["predictions"][2]["id"].get<std::string>() == "one_2");
}

BOOST_AUTO_TEST_CASE(several_options_and_groups) {
  const std::string two = R"({"numops": 2, "input_prefix": "a ", "options": ["b", "bb"]})";
  const ChoiceTask task =
      read_entity_tracking_task("entities", {lines("moved", R"({"numops": 0, "input_prefix": "a ", "options": ["b", "bb", "bbb", "ab"]})"
                                                            "\n" +
                                                                two + "\n" + two + "\n"),
                                             lines("named", R"({"numops": 0, "input_prefix": "a ", "options": ["bb", "b"]})")});
  BOOST_TEST_REQUIRE(task.subsets.size() == 3U);
  BOOST_TEST(task.subsets[1].name == "moved_2_ops");
  const TaskResult result = result_of(task, "pipeline2025");
  BOOST_TEST(result.report["groups"]["moved"]["score"].get<double>() == 1);
  BOOST_TEST(result.report["groups"]["named"]["score"].get<double>() == 0);
  BOOST_TEST(result.report["score"].get<double>() == 0.5);
  BOOST_TEST(result.report["chance"].get<double>() == ((0.25 + 0.5) / 2 + 0.5) / 2);
  BOOST_TEST(read_entity_tracking_task("entities", {lines("moved", two + "\n" + two)}, 1).items() == 1);
}

BOOST_AUTO_TEST_CASE(contexts) {
  const ChoiceTask worlds =
      read_ewok_task("worlds", {lines("places", R"({"Context1": "ab", "Context2": "b", "Target1": "a", "Target2": "b"})")});
  const TaskResult result = result_of(worlds, "pipeline2025");
  // " a" is two tokens, " b" is one: only they count.
  BOOST_TEST(result.items[0]["scores"] == Json({-1.5, -1.0}));
  BOOST_TEST(result_of(worlds, "pipeline2025_full_sentence").items[0]["scores"] == Json({-2.5, -2.0}));
  BOOST_TEST(task_predictions(worlds, result, true)["places"]["predictions"][0]["pred"].get<std::string>() == " b");

  const ChoiceTask concepts = read_comps_task(
      "concepts",
      {lines("comps_wugs_dist-before", R"({"prefix_acceptable": "a", "prefix_unacceptable": "b", "property_phrase": "ab"})")});
  BOOST_TEST(concepts.subsets[0].name == "wugs_dist_before");
  const TaskResult chosen = result_of(concepts, "pipeline2025");
  BOOST_TEST(chosen.report["ties"].get<int>() == 1);
  BOOST_TEST(task_predictions(concepts, chosen, false)["wugs_dist_before"]["predictions"][0]["pred"].get<std::string>() == "a ab");
}

BOOST_AUTO_TEST_CASE(agreement_with_people) {
  const ChoiceTask task = read_wug_task("words", {lines("x", R"({"sentences": "aa\tab", "ratio": 0.9}
{"sentences": "ab\taa", "ratio": 0.2}
{"sentences": "ab\tba\tbb", "ratio": 0.4})")});
  const TaskResult result = result_of(task, "rondo");
  BOOST_TEST(result.report["metric"].get<std::string>() == "spearman");
  BOOST_TEST(result.report["score"].get<double>() == 1, tt::tolerance(1e-14));
  BOOST_TEST(result.items[0]["probability"].get<double>() == 1 / (1 + std::exp(-0.5)), tt::tolerance(1e-12));
  BOOST_TEST(!result.items[0].contains("right"));
  BOOST_TEST(rank_correlation(std::vector{1.0, 2.0, 2.0, 5.0}, std::vector{3.0, 1.0, 1.0, 0.0}) == -1.0, tt::tolerance(1e-14));
  BOOST_TEST(rank_correlation(std::vector{1.0, 1.0}, std::vector{1.0, 2.0}) == 0.0);
}

BOOST_AUTO_TEST_CASE(facts_in_templates) {
  const TemporaryFolder folder;
  write_file(folder / "R1.jsonl", R"({"sub_label": "aa", "answer_idx": 1})"
                                  "\n");
  write_file(folder / "R2.jsonl", R"({"sub_label": "b", "answer_idx": 0})"
                                  "\n"
                                  R"({"sub_label": "a", "answer_idx": 0})"
                                  "\n");
  write_file(folder / "metadata_relations.json", R"({
    "R1": {"templates": ["[X] [Y].", "\u00e4 [Y] [X]"], "answer_space_labels": ["b", "a"]},
    "R2": {"templates": ["a [X] [Y]", "[Y] a [X]"], "answer_space_labels": ["[X]", "b"]}})");
  const ChoiceTask task = read_bear_task("facts", folder.path());
  BOOST_TEST(task.items() == 6);
  BOOST_TEST_REQUIRE(task.subsets.size() == 4U);
  const auto text = [&](std::size_t subset, std::size_t item, std::size_t option) {
    const ChoiceOption& one = task.subsets[subset].items[item].options[option];
    return one.context + "|" + one.completion;
  };
  BOOST_TEST(text(0, 0, 1) == "Aa |a.");
  BOOST_TEST(text(1, 0, 0) == "\u00c4 |b aa");
  BOOST_TEST(text(2, 1, 0) == "A a |[X]");
  BOOST_TEST(text(3, 0, 1) == "|B a b");
  BOOST_TEST(task.subsets[3].group == "template_1");
  write_file(folder / "R2.jsonl", R"({"sub_label": "b", "answer_idx": 2})");
  BOOST_TEST(message_of([&] { (void)read_bear_task("facts", folder.path()); }) ==
             (folder / "R2.jsonl").string() + ":1: 'answer_idx': expected less than 2 answers, found 2");
  std::filesystem::remove(folder / "R1.jsonl");
  BOOST_TEST(has(message_of([&] { (void)read_bear_task("facts", folder.path()); }), "no R1.jsonl, which metadata_relations.json names"));
}

BOOST_AUTO_TEST_CASE(reductions) {
  const ChoiceTask task{
      "quiz", Average::items, Metric::accuracy, {{"r_0", "template_0", "r", {{{{"a", "bb", ""}, {"aaaa", "b", ""}}, 0, 1, 0}}}}};
  const TaskResult result = result_of(task, "lm_pub_quiz");
  // sums -2.5 and -3; means -0.83 and -0.6; from the completion on -2 and -1
  for (const auto& [name, right] : {std::pair{"sum", 1.0}, {"mean", 0.0}, {"conditional_sum", 0.0}})
    BOOST_TEST(result.report["reductions"][name]["mean_over_templates"].get<double>() == right, name);
  BOOST_TEST(result.report["score"].get<double>() == 1);
}

BOOST_AUTO_TEST_CASE(long_texts_are_cut_and_counted) {
  const ChoiceTask task = read_minimal_pair_task("pairs", {lines("one", R"({"sentence_good": "aaaaab", "sentence_bad": "ab"})")});
  KnownScorer scorer{known};
  const TaskResult result = score_choices(scorer, task, letter_tokenizer(), convention_named("rondo"), {.longest = 4});
  BOOST_TEST(result.report["texts_cut"].get<int>() == 1);
  BOOST_TEST(result.items[0]["scores"] == Json({-2.0, -1.5}));
}

BOOST_AUTO_TEST_CASE(bad_files_are_named) {
  const auto problem = [](auto read, const std::string& text) { return message_of([&] { (void)read("task", {lines("f", text)}, 0); }); };
  BOOST_TEST(problem(read_ewok_task,
                     "\n"
                     R"({"Context1": "a", "Target1": "b"})") == "f.jsonl:2: 'Target2': expected a text, found nothing");
  BOOST_TEST(problem(read_ewok_task, R"({"Context1": 3, "Target1": "b", "Target2": "c"})") ==
             "f.jsonl:1: 'Context1': expected a text, found 3");
  BOOST_TEST(problem(read_minimal_pair_task, R"(["a"])") == "f.jsonl:1: expected an object, found array");
  BOOST_TEST(problem(read_minimal_pair_task, "").starts_with("f.jsonl: no pairs in it; expected one a line"));
  BOOST_TEST(problem(read_wug_task, R"({"sentences": "a", "ratio": 1})") ==
             "f.jsonl:1: 'sentences': expected at least 2 with a tab between them, found 1");
  BOOST_TEST(problem(read_wug_task, R"({"sentences": "a\tb", "ratio": "1"})") == R"(f.jsonl:1: 'ratio': expected a number, found "1")");
  BOOST_TEST(problem(read_entity_tracking_task, R"({"numops": -1, "input_prefix": "a", "options": ["a", "b"]})") ==
             "f.jsonl:1: 'numops': expected a whole number of at least 0, found -1");
  BOOST_TEST(problem(read_entity_tracking_task, R"({"numops": 1, "input_prefix": "a", "options": ["a"]})") ==
             "f.jsonl:1: 'options': expected at least 2, found 1");
  BOOST_TEST(has(problem(read_ewok_task, "{"), "f.jsonl:1:1:"));
  const ChoiceTask unscored = read_minimal_pair_task("pairs", {lines("f", R"({"sentence_good": "a", "sentence_bad": "ab"})")});
  BOOST_TEST(message_of([&] { (void)result_of(unscored, "pipeline2025"); }) ==
             "f.jsonl:1: 'a' has no token whose probability could be told (convention pipeline2025)");
}

BOOST_AUTO_TEST_CASE(temperature_grids) {
  BOOST_TEST(temperature_grid(0.5, 1.5, 0.5) == (std::vector{0.5, 1.0, 1.5}), tt::per_element());
  BOOST_TEST(temperature_grid(1, 1.2, 0.1).at(1) == double{1.1F});
  BOOST_TEST(temperature_grid(0, 0, 1).at(0) == double{1e-6F});
  BOOST_TEST(has(message_of([] { (void)temperature_grid(1, 0, 0.1); }), "expected low <= high"));
}

#ifdef RONDO_LIBZIP
BOOST_AUTO_TEST_CASE(archives_with_a_password) {
  const TemporaryFolder folder;
  const std::string pair = R"({"sentence_good": "a", "sentence_bad": "b"})"
                           "\n";
  for (const auto& [name, method] : {std::pair{"old.zip", ZIP_EM_TRAD_PKWARE}, {"new.zip", ZIP_EM_AES_256}, {"open.zip", ZIP_EM_NONE}}) {
    const std::string path = (folder / name).string();
    std::string many;
    for (int i = 0; i < 200; ++i) many += pair;
    zip_t* archive = ::zip_open(path.c_str(), ZIP_CREATE, nullptr);
    BOOST_TEST_REQUIRE(archive != nullptr);
    for (const char* file : {"set/second.jsonl", "set/first.jsonl", "set/notes.txt"}) {
      const auto number = ::zip_file_add(archive, file, ::zip_source_buffer(archive, many.data(), many.size(), 0), 0);
      BOOST_TEST_REQUIRE(number >= 0);
      if (method != ZIP_EM_NONE) ::zip_file_set_encryption(archive, static_cast<zip_uint64_t>(number), static_cast<zip_uint16_t>(method), "open sesame");
    }
    BOOST_TEST_REQUIRE(::zip_close(archive) == 0);
    BOOST_TEST_CONTEXT(name) {
      const auto files = read_task_files(path, "open sesame");
      BOOST_TEST_REQUIRE(files.size() == 2U);
      BOOST_TEST(files[0].name == "first");
      BOOST_TEST(read_minimal_pair_task("pairs", files).items() == 400);
      if (method == ZIP_EM_NONE) continue;
      BOOST_TEST(has(message_of([&] { (void)read_task_files(path, ""); }), ".jsonl: encrypted, and there is no password"));
      for (const char* wrong : {"sesame", "Open sesame", "1", "2", "3"})
        BOOST_TEST(has(message_of([&] { (void)read_task_files(path, wrong); }), ".jsonl: wrong password, or the file is damaged: "));
    }
  }
  write_file(folder / "none.zip", "not an archive");
  BOOST_TEST(has(message_of([&] { (void)read_task_files(folder / "none.zip"); }), "none.zip: cannot be read as a zip archive: "));
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
