// Repeats recorded training runs with a teacher: AdamW, clipping, a given learning rate for each step.
#pragma once

#include <memory>
#include <string>

#include <rondo/model/checkpoint/hgrn2.hpp>
#include <rondo/model/checkpoint/llama.hpp>
#include <rondo/objective/distillation.hpp>

#include "golden/training.hpp"

namespace rondo::test {

struct CurveErrors {
  double loss = 0, cross_entropy = 0, distillation = 0, gradient_norm = 0, weights = 0;
};

// A recorded teacher, of either composition.
template <class Backend, class Model>
struct RecordedTeacher {
  Parameters<Model, Backend> weights;
  EvaluationOf<Model, Backend> evaluation{weights.model(), weights};
};
template <class Backend>
std::shared_ptr<const Evaluation<Backend>> recorded_teacher(const ModelFolder& folder) {
  return Compositions<Hgrn2, Llama>::with(folder, [&]<class Model>(const Shape& shape) -> std::shared_ptr<const Evaluation<Backend>> {
    const auto teacher = std::make_shared<RecordedTeacher<Backend, Model>>(folder.parameters<Backend>(Model{shape}));
    return {teacher, &teacher->evaluation};
  });
}

// `run`: an entry of the recorded runs, `key`: its name without the student's, "forward_kl_T2".
template <class Backend, class Student>
CurveErrors curve_errors(const std::filesystem::path& folder, const Json& run, const std::string& key, const Json& settings) {
  const auto folder_of = [&](const char* which) { return ModelFolder{(folder / run.at(which).get<std::string>()).parent_path()}; };
  const ModelFolder student = folder_of("student");
  const Student model{student.shape<Student>()};
  auto weights = student.parameters<Backend>(model);
  const LiveTeacher<Backend> teacher{recorded_teacher<Backend>(folder_of("teacher"))};

  AnyDivergence divergence;
  const auto loss = run.at("loss").get<std::string>();
  if (loss == "reverse_kl") divergence.chosen = ReverseKl{};
  if (loss == "jsd") divergence.chosen = JensenShannon{run.value("beta", 0.5)};
  BOOST_TEST((with_divergence(divergence, [](const auto& one) { return std::string(one.name); }) == loss));
  const Distillation objective{
      divergence, teacher, {.alpha = run.at("alpha").get<double>(), .temperature = run.at("temperature").get<double>()}, {}, 17};

  Workspace<Student, Backend> workspace{model, 1};
  const auto& gradients = workspace.gradients();
  const auto setting = [&](const char* name) { return settings.at(name).get<double>(); };
  const AdamW adamw{.rate = 1, .beta1 = setting("beta1"), .beta2 = setting("beta2"), .epsilon = setting("eps"), .decay = setting("weight_decay")};
  typename Backend::Context c;
  OptimizerState<AdamW, Backend> state{adamw, weights, c, decay_groups(weights)};

  const SafetensorsFile file{folder / run.at("file").get<std::string>()};
  const StoredTensor& ids = file.tensor("input_ids");
  const auto all_ids = ids.read<std::int64_t>();
  const auto recorded = [&](const std::string& name) { return file.tensor(key + "." + name).read<double>(); };
  const auto losses = recorded("loss"), hard = recorded("cross_entropy"), soft = recorded("distillation"), norms = recorded("grad_norm");
  const auto rates = file.tensor("learning_rate").read<double>();
  TokenGrid grid{{}, ids.shape.at(1), ids.shape.at(2)};
  const auto count = static_cast<double>(grid.sequences * (grid.length - 1));
  CurveErrors errors;
  for (std::size_t step = 0; step < rates.size(); ++step) {
    const auto begin = all_ids.begin() + static_cast<Index>(step) * grid.tokens();
    grid.ids.assign(begin, begin + grid.tokens());
    const std::vector<Token> labels = grid.labels();
    const std::vector<Sequence> sequences = grid.cut(grid.sequences);
    workspace.zero_gradients();
    const auto found = workspace.add_gradient(
        weights, Batch{{grid.ids.data(), 1, grid.tokens()}, {labels.data(), 1, grid.tokens()}, sequences, grid.tokens(), 0}, objective, 1 / count);
    const double norm = std::sqrt(c.sum_of_squares(gradients.flat()));
    const auto see = [&](double& error, double value, double expected) { error = std::max(error, std::abs(value - expected)); };
    see(errors.loss, static_cast<double>(found.sum) / count, losses.at(step));
    see(errors.cross_entropy, static_cast<double>(found.parts[0].sum) / count, hard.at(step));
    see(errors.distillation, static_cast<double>(found.parts[1].sum) / count, soft.at(step));
    see(errors.gradient_norm, norm / norms.at(step), 1);
    const double clipping = std::min(1.0, setting("max_grad_norm") / (norm + 1e-6));
    state.update(c, adamw, {.step = static_cast<Index>(step) + 1, .rate_share = rates.at(step), .gradient_scale = clipping}, weights,
                 gradients);
  }
  for (const auto& tensor : file_tensors(student.form<Student>().names, weights)) {
    const std::string name = key + ".final." + tensor.name;
    if (!file.contains(name)) continue;
    const auto expected = file.tensor(name).template read<double>();
    std::size_t i = 0;
    for (const auto& part : tensor.parts)
      for (const auto number : part.numbers())
        errors.weights = std::max(errors.weights, std::abs(static_cast<double>(number) - expected.at(i++)));
  }
  BOOST_TEST_MESSAGE(file.name() << ' ' << key << ": loss " << errors.loss << ", gradient norm " << errors.gradient_norm << ", final weights "
                                 << errors.weights);
  return errors;
}

// Every run of every folder whose student is of this composition; how many.
template <class Student>
Index expect_curves() {
  Index count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(shared("golden/distillation"))) {
    if (entry.path().filename() != "golden.json") continue;
    const std::filesystem::path folder = entry.path().parent_path();
    const Json curves = read_json(entry.path()).at("curves");
    for (const auto& [name, run] : curves.at("runs").items()) {
      std::string why_not;
      const ModelFolder student{(folder / run.at("student").template get<std::string>()).parent_path()};
      if (!form_of(composition_files<Student>(), student.config(), &student.tensors(), why_not)) continue;
      ++count;
      const std::string key = name.substr(name.find('.') + 1);
      BOOST_TEST_CONTEXT(name) {
        const auto expect = [](const CurveErrors& errors, double tolerance, double of_weights) {
          BOOST_TEST(errors.loss < tolerance);
          BOOST_TEST(errors.cross_entropy < tolerance);
          BOOST_TEST(errors.distillation < tolerance);
          BOOST_TEST(errors.gradient_norm < tolerance);
          BOOST_TEST(errors.weights < of_weights);
        };
        const Json& settings = curves.at("hyper_parameters");
        expect(curve_errors<Reference<double>, Student>(folder, run, key, settings), 1e-9, 1e-6);
        expect(curve_errors<Cpu, Student>(folder, run, key, settings), 1e-4, 5e-4);
      }
    }
  }
  return count;
}
// All runs of all folders.
inline Index recorded_curves() {
  Index count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(shared("golden/distillation")))
    if (entry.path().filename() == "golden.json") count += std::ssize(read_json(entry.path()).at("curves").at("runs"));
  return count;
}

}  // namespace rondo::test
