// What a run folder holds: run.json read strictly and compared, metrics that go back with a run, the report.
#include <boost/test/unit_test.hpp>

#include <set>

#include <rondo/app/report.hpp>
#include <rondo/app/settings_list.hpp>
#include <rondo/train/checkpoints.hpp>

#include <io/temporary_folder.hpp>

namespace rondo::test {
namespace {

using app::RunDescription;
using app::TrainSettings;

const AdamW& adamw_of(const RunDescription& run) {
  return std::get<AdamW>(run.optimizer.optimizer.chosen);
}

RunDescription with_settings(const std::vector<std::string>& settings, Json document = Json::object()) {
  app::apply_settings(document, settings);
  return app::read_run_description(document, "run.json");
}
std::string problem_of(const std::vector<std::string>& settings) {
  return message_of([&] { with_settings(settings); });
}

BOOST_AUTO_TEST_SUITE(run_folder)

BOOST_AUTO_TEST_CASE(settings_reach_their_places) {
  const RunDescription run = with_settings({"shape.width=96", "shape.dropout=0.1", "train.rate=2e-3", "train.schedule=trapezoid",
                                            "train.checkpoint_words=1e6", "data.pack=windows", "seed=7"});
  BOOST_TEST(run.shape.width == 96);
  BOOST_TEST(run.shape.dropout == 0.1);
  BOOST_TEST(adamw_of(run).rate == 2e-3);
  BOOST_TEST(run.train.schedule == "trapezoid");
  BOOST_TEST(run.train.checkpoint_words == 1000000);
  BOOST_TEST(run.data.pack == "windows");
  BOOST_TEST(run.seed == 7U);
  BOOST_TEST(adamw_of(run).beta2 == AdamW{}.beta2);
}

BOOST_AUTO_TEST_CASE(blocks_are_a_list) {
  for (const char* list : {"3,5,7", "[3, 5, 7]", "5, 7, 3"})
    BOOST_TEST((with_settings({std::string("shape.second_blocks=") + list}).shape.second_blocks == BlockSet{3, 5, 7}), list);
  BOOST_TEST((with_settings({"shape.second_blocks=4"}).shape.second_blocks == BlockSet{4}));
  BOOST_TEST((with_settings({"shape.second_blocks="}).shape.second_blocks == BlockSet{}));
  for (const char* list : {"-1", "128", "3,x", "1.5", "true", "{}"})
    BOOST_TEST(has(problem_of({std::string("shape.second_blocks=") + list}),
                   "shape.second_blocks: expected numbers of blocks from 0 to 127"), list);
}

BOOST_AUTO_TEST_CASE(an_optimizer_is_chosen_by_its_name) {
  const std::string two_groups = R"([{"roles": ["embedding", "head"], "rate": 0.5, "decay": 0}, {"path": "blocks.*.bias"}])";
  const RunDescription run = with_settings({"optimizer.name=muon", "optimizer.rate=0.05", "optimizer.scaling=match_rms",
                                            "optimizer.rest.rate=4e-3", "optimizer.groups=" + two_groups,
                                            "optimizer.decay_schedule=linear"});
  const Muon& muon = std::get<Muon>(run.optimizer.optimizer.chosen);
  BOOST_TEST((muon.rate == 0.05 && muon.scaling == Muon::Scaling::match_rms && muon.rest.rate == 4e-3));
  const auto& groups = run.optimizer.groups;
  BOOST_TEST_REQUIRE(groups.size() == 2U);
  BOOST_TEST((groups[0].roles == std::vector<Role>{Role::embedding, Role::head} && groups[0].rate == 0.5 && groups[0].decay == 0.0));
  BOOST_TEST((groups[1].path == "blocks.*.bias" && groups[1].roles.empty() && groups[1].rate == 1 && !groups[1].decay));
  const Json document = app::to_json(run);
  BOOST_TEST(app::to_json(app::read_run_description(document, "run.json")).dump() == document.dump());
}

BOOST_AUTO_TEST_CASE(optimizer_settings_of_older_files_are_read_and_compared) {
  Json old = app::to_json(with_settings({"train.steps=100"}));
  old.erase("optimizer");
  for (const auto& [name, value] : {std::pair{"rate", 2e-3}, {"beta1", 0.9}, {"beta2", 0.98}, {"epsilon", 1e-8}, {"decay", 0.05}})
    old["train"][name] = value;
  const AdamW read = adamw_of(app::read_run_description(old, "run.json"));
  BOOST_TEST((read.rate == 2e-3 && read.beta1 == 0.9 && read.beta2 == 0.98 && read.decay == 0.05));
  const auto problem = [&](const std::vector<std::string>& settings) {
    return message_of(
        [&] { app::require_same_run(app::read_run_description(old, "run.json"), with_settings(settings, old), "run.json"); });
  };
  BOOST_TEST(problem({}) == "no error");
  BOOST_TEST(problem({"train.rate=2e-3"}) == "no error");
  BOOST_TEST(has(problem({"train.rate=1e-3"}), "optimizer.rate was 0.002"));
  BOOST_TEST(has(problem({"optimizer.rate=1e-3"}), "optimizer.rate was 0.002"));
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  RunDescription run = with_settings({"shape.width=96", "shape.second_blocks=1,64", "train.ema=0.99", "train.steps=7", "data.tokens=a b.tokens", "seed=3"});
  run.record["threads"] = 2;
  const Json document = app::to_json(run);
  BOOST_TEST(app::to_json(app::read_run_description(document, "run.json")).dump() == document.dump());
}

BOOST_AUTO_TEST_CASE(mistakes_are_named) {
  BOOST_TEST(problem_of({"train.stepz=4"}) == "run.json: train.stepz: unknown key; did you mean 'steps'?");
  BOOST_TEST(has(problem_of({"shape.widht=4"}), "did you mean 'width'?"));
  BOOST_TEST(problem_of({"trian.steps=4"}) == "--set trian.steps: no such setting; did you mean 'train.steps'?");
  BOOST_TEST(problem_of({"steps=4"}) == "--set steps: no such setting; did you mean 'train.steps'?");
  BOOST_TEST(problem_of({"train.width=4"}) == "--set train.width: no such setting; did you mean 'shape.width'?");
  BOOST_TEST(has(problem_of({"trian.stepz=4"}), "did you mean 'train'?"));
  BOOST_TEST(has(problem_of({"train.steps=-4"}), "train.steps: expected an integer from 0 to 1099511627776, found -4"));
  BOOST_TEST(has(problem_of({"train.steps=many"}), "found \"many\""));
  BOOST_TEST(has(problem_of({"train.batch=0"}), "train.batch"));
  BOOST_TEST(has(problem_of({"train.schedule=cosin"}), "expected one of 'constant'"));
  BOOST_TEST(has(problem_of({"train.steps"}), "expected NAME=VALUE"));
  BOOST_TEST(has(problem_of({"optimizer.name=adamv"}), "optimizer.name: expected one of 'adamw', 'adam', 'lamb', 'lion', 'muon'"));
  BOOST_TEST(has(problem_of({"optimizer.name=lion", "optimizer.epsilon=1"}), "optimizer.epsilon: unknown key"));
  BOOST_TEST(has(problem_of({"optimizer.beta2=1"}), "optimizer.beta2: expected a number in [0, 1), found 1"));
  BOOST_TEST(has(problem_of({"optimizer.name=muon", "optimizer.rest.rate=-1"}), "optimizer.rest.rate: expected a number at least 0"));
  BOOST_TEST(has(problem_of({R"(optimizer.groups=[{"roles": ["heads"]}])"}), "optimizer.groups[0]: roles: expected each one of matrix"));
  BOOST_TEST(has(problem_of({"shape.heads=1.5"}), "expected an integer"));
}

BOOST_AUTO_TEST_CASE(a_run_goes_on_as_it_was) {
  const RunDescription run = with_settings({"train.steps=100", "shape.width=64"});
  const Json before = app::to_json(run);
  const auto problem = [&](const std::vector<std::string>& settings) {
    return message_of([&] { app::require_same_run(run, with_settings(settings, before), "run.json"); });
  };
  BOOST_TEST(problem({}) == "no error");
  BOOST_TEST(problem({"train.steps=200", "train.checkpoint_minutes=1", "train.keep=5", "data.held_out=x"}) == "no error");
  BOOST_TEST(problem({"train.batch=4"}) == "run.json: train.batch was 8 and cannot become 4 in a run that goes on");
  BOOST_TEST(has(problem({"shape.width=32"}), "shape.width was 64"));
  BOOST_TEST(has(problem({"seed=5"}), "seed was 0"));
  BOOST_TEST(has(problem({"data.shuffle=false"}), "data.shuffle was true"));
  BOOST_TEST(has(problem({"init=model"}), "init was \"\" and cannot become \"model\""));
  BOOST_TEST(has(problem({"optimizer.name=lion"}), "optimizer.name was \"adamw\""));
  BOOST_TEST(problem({"train.patience=3", "train.best=false", "train.tensorboard=true"}) == "no error");
}

// All settings that two runs differ in, by name.
BOOST_AUTO_TEST_CASE(other_settings_are_listed) {
  const auto names = [](const std::vector<std::string>& settings) {
    std::string list;
    for (const auto& other : app::other_settings(with_settings({"train.batch=4"}), with_settings(settings)))
      list += other.path + " ";
    return list;
  };
  BOOST_TEST(names({"train.batch=4"}) == "");
  BOOST_TEST(names({"train.batch=4.0", "shape.key_width=0"}) == "");
  BOOST_TEST(names({"shape.width=32", "optimizer.rate=1", "seed=2"}) == "shape.width train.batch optimizer.rate seed ");
  BOOST_TEST(names({"train.batch=4", "optimizer.name=sgd"}) == "optimizer.name ");
}

// A document of one optimiser serves for another: what both have stays, what is asked for is not dropped, so that its absence is
// told.
BOOST_AUTO_TEST_CASE(another_optimizer_drops_what_it_does_not_have) {
  Json document = app::to_json(with_settings({"optimizer.rate=0.002", "optimizer.epsilon=1e-6", "optimizer.beta1=0.8"}));
  BOOST_TEST(app::listed(app::apply_settings(document, {"optimizer.name=lion"})) == "optimizer.epsilon");
  const RunDescription run = app::read_run_description(document, "run.json");
  const Lion& lion = std::get<Lion>(run.optimizer.optimizer.chosen);
  BOOST_TEST((lion.rate == 0.002 && lion.beta1 == 0.8));
  BOOST_TEST(app::listed(app::apply_settings(document, {"optimizer.name=lion", "optimizer.decay=0.5"})) == "");
  BOOST_TEST(app::listed(app::apply_settings(document, {"optimizer.name=muon", "optimizer.rest.rate=1e-3"})) ==
             "optimizer.beta1, optimizer.beta2");
  BOOST_TEST(std::get<Muon>(app::read_run_description(document, "run.json").optimizer.optimizer.chosen).rest.rate == 1e-3);
  BOOST_TEST(app::listed(app::apply_settings(document, {"optimizer.name=sgd"})) == "optimizer.cautious, optimizer.rest");
  app::apply_settings(document, {"optimizer.name=adam", "optimizer.rest=1"});
  BOOST_TEST(has(message_of([&] { app::read_run_description(document, "run.json"); }), "optimizer.rest: unknown key"));
}

BOOST_AUTO_TEST_CASE(every_setting_has_a_meaning) {
  const auto all = app::all_settings({});
  std::set<std::string> names;
  for (const auto& [path, usual, meaning] : all) {
    BOOST_TEST(!meaning.empty(), path);
    BOOST_TEST((!path.starts_with("shape.") || !meaning.starts_with(" (")), path);
    BOOST_TEST((!path.starts_with("optimizer.") || !meaning.starts_with(" (")), path);
    names.insert(path);
  }
  // And those are all that a run has.
  const Json document = app::to_json(with_settings({}));
  for (const auto& section : document.items()) {
    if (section.key() == "record") continue;
    if (!section.value().is_object()) BOOST_TEST(names.contains(section.key()), section.key());
    if (section.value().is_object())
      for (const auto& member : section.value().items())
        BOOST_TEST(names.contains(section.key() + "." + member.key()), section.key() << "." << member.key());
  }
}

BOOST_AUTO_TEST_CASE(length_of_a_run) {
  const auto resolved = [](std::vector<std::string> settings, Index steps_before = 0) {
    settings.insert(settings.end(), {"train.batch=4", "train.length=25", "train.accumulate=2"});  // 200 tokens a step
    TrainSettings train = with_settings(settings).train;
    app::resolve_steps(train, 10001, steps_before);
    return train;
  };
  BOOST_TEST(resolved({}).steps == 51);  // one epoch
  BOOST_TEST(resolved({"train.epochs=2"}).steps == 101);
  BOOST_TEST(resolved({"train.tokens=1000"}).steps == 5);
  BOOST_TEST(resolved({"train.steps=1000"}).steps == 1000);
  BOOST_TEST(resolved({"train.steps=1000"}).warmup == 30);
  BOOST_TEST(resolved({"train.steps=1000", "train.warmup=0"}).warmup == 0);
  BOOST_TEST(resolved({"train.steps=1000"}).held_out_steps == 100);
  BOOST_TEST(resolved({"train.steps=51", "train.epochs=2"}, 51).steps == 101);
  BOOST_CHECK_THROW(resolved({"train.steps=10", "train.epochs=2"}), Error);
}

BOOST_AUTO_TEST_CASE(shape_alone_for_a_summary) {
  BOOST_TEST(app::run_from_settings({"shape.width=512"}).shape.width == 512);
  BOOST_TEST(app::run_from_settings({}).shape.vocabulary == 8192);
}

Json step_line(Index step, double loss) {
  return {
      {"step", step}, {"tokens", 100 * step}, {"words", 70 * step}, {"loss", loss}, {"seconds", 0.5 * static_cast<double>(step)}};
}

BOOST_AUTO_TEST_CASE(parts_of_a_loss_are_told_apart) {
  StepReport report;
  report.loss = 3;
  report.seconds = 1;
  BOOST_TEST(!to_json(report).contains("parts"));
  report.parts = {{{"cross_entropy", 2.5}, {"divergence", 0.5}}};
  const Json line = to_json(report);
  BOOST_TEST(line["loss"].get<double>() == 3);
  BOOST_TEST(line["parts"].dump() == R"({"cross_entropy":2.5,"divergence":0.5})");
}

BOOST_AUTO_TEST_CASE(metrics_go_back_with_a_run) {
  const TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  {
    MetricsFile metrics{path, 0};
    for (Index step = 1; step <= 10; ++step) metrics.append(step_line(step, 5));
  }
  put(path, content(path) + R"({"step": 11, "tok)");  // killed while writing
  BOOST_TEST(read_metrics(path).size() == 10U);
  {
    MetricsFile metrics{path, 6};
    metrics.append(step_line(7, 4));
  }
  const auto lines = read_metrics(path);
  BOOST_TEST_REQUIRE(lines.size() == 7U);
  BOOST_TEST(lines[6]["loss"].get<double>() == 4.0);
  put(path, "{\"step\": 1}\nnonsense\n");
  BOOST_TEST(has(message_of([&] { read_metrics(path); }), "metrics.jsonl:2"));
}

BOOST_AUTO_TEST_CASE(report_is_one_page) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "a&b");
  const auto run = folder / "a&b";
  write_json(run / "run.json", app::to_json(with_settings({"data.tokens=<x>.tokens"})));
  {
    MetricsFile metrics{run / "metrics.jsonl", 0};
    for (Index step = 1; step <= 1000; ++step) metrics.append(step_line(step, 3 + 1 / static_cast<double>(step)));
    metrics.append({{"step", 1000}, {"tokens", 100000}, {"words", 70000}, {"held_out_loss", 3.25}});
  }
  app::write_report(run);
  const std::string page = content(run / "report.html"), picture = content(run / "loss.svg");
  BOOST_TEST(has(page, "<h1>a&amp;b</h1>"));
  BOOST_TEST(has(page, "&lt;x&gt;.tokens"));
  BOOST_TEST(has(page, "<svg"));
  BOOST_TEST(has(page, "<tr><th>held_out_loss</th><td>3.25</td></tr>"));
  BOOST_TEST(has(page, "<tr><th>tokens_per_second</th><td>200</td></tr>"));
  BOOST_TEST(has(page, "<tr><th>training_loss</th><td>3.00103</td></tr>"));  // six digits
  BOOST_TEST(has(page, "<tr><th>training_loss_steps</th><td>50</td></tr>"));
  BOOST_TEST(!has(page, "<td>0</td>"));
  BOOST_TEST(!has(page, "<td>0.0</td>"));
  BOOST_TEST(!has(page, "A text of the model"));
  app::write_report(run, std::string("Once <there> was\0\033", 18));
  BOOST_TEST(has(content(run / "report.html"), ">Once &lt;there&gt; was\xef\xbf\xbd\xef\xbf\xbd</p>"));
  BOOST_TEST((!has(page, "href=") && !has(page, "src=")));
  BOOST_TEST(has(picture, "held out"));
  BOOST_TEST(picture.size() < 60000U);  // a thousand steps are drawn as two hundred
}

BOOST_AUTO_TEST_CASE(titles_of_folders) {
  const std::string here = std::filesystem::current_path().filename().string();
  for (const char* folder : {"some/run", "some/run/", "./some/./run", "some/other/../run"})
    BOOST_TEST(app::title_of(folder) == "run", folder);
  for (const char* folder : {".", "./", "some/.."}) BOOST_TEST(app::title_of(folder) == here, folder);
}

BOOST_AUTO_TEST_CASE(results_say_what_they_are_of) {
  std::vector<Json> metrics;
  for (Index step = 1; step <= 400; ++step) metrics.push_back(step_line(step, static_cast<double>(step)));
  metrics.push_back({{"step", 400},
                     {"tokens", 1},
                     {"held_out_loss", 3.25},
                     {"held_out_standard_error", 0.031},
                     {"held_out_error", "standard error over 67 documents"},
                     {"held_out_windows", 195},
                     {"held_out_all_windows", 4000}});
  Json results = app::run_results(metrics);
  BOOST_TEST(results["training_loss_steps"] == 20);
  BOOST_TEST(results["training_loss"].get<double>() == 390.5);
  BOOST_TEST(app::held_out_text(results) == "3.2500 +- 0.0310 (standard error over 67 documents; 195 of 4000 windows)");
  metrics.back() = {{"step", 400},
                    {"held_out_loss", 3.25},
                    {"held_out_standard_error", Json()},
                    {"held_out_error", "one document: no error"},
                    {"held_out_windows", 4},
                    {"held_out_all_windows", 4}};
  BOOST_TEST(app::held_out_text(app::run_results(metrics)) == "3.2500 (one document: no error)");
  metrics.back() = {{"step", 400}, {"held_out_loss", 3.25}, {"held_out_standard_error", 0.5}};  // of an earlier version
  BOOST_TEST(app::held_out_text(app::run_results(metrics)) == "3.2500 +- 0.5000");
}

// The best model up to the newest training state, from which a run may go on, and what came later.
BOOST_AUTO_TEST_CASE(the_best_model_survives_until_a_better_one_is_settled) {
  const TemporaryFolder folder;
  const Checkpoints checkpoints{folder.path()};
  const auto save = [&](Index step, const std::string& name) {
    checkpoints.save(step, name, [&](const std::filesystem::path& into) {
      put(into / "model.safetensors", "x");
      if (name.empty()) put(into / training_numbers_file, "x"), put(into / training_tensors_file, "x");
    });
  };
  const auto names = [&] {
    std::string list;
    for (const Checkpoint& one : checkpoints.all()) list += std::to_string(one.step) + one.milestone + " ";
    return list;
  };
  for (const auto& [step, name] : {std::pair{10, ""}, {10, "best"}, {20, "best"}, {20, ""}, {25, "best"}, {30, "best"}})
    save(step, name);
  checkpoints.prune(2);
  BOOST_TEST(names() == "10 20 20best 25best 30best ");
  BOOST_TEST(checkpoints.latest()->step == 20);
  checkpoints.forget_best_after(27);
  BOOST_TEST(names() == "10 20 20best 25best ");
  save(30, "");
  checkpoints.prune(1);
  BOOST_TEST(names() == "25best 30 ");
  BOOST_TEST(checkpoints.best(25) == folder.path() / "checkpoints/step-000000025-best");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
