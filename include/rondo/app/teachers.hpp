// The models that a run learns from, loaded from their folders, and the objective that it has by them.
//
//   const Teachers teachers{known, settings, vocabulary, data};      Error where one has another vocabulary or tokenizer than the data
//   AnyObjective<Cpu> objective = teachers.objective(shape, {});     of a student of this shape
//   teachers.facts()                                                 for run.json: folders, sizes, fingerprints of weights and tokenizers
//
// Any architecture that the program knows (rondo/app/every_architecture.hpp) on the student's vocabulary.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <rondo/app/distill_settings.hpp>
#include <rondo/app/known_model.hpp>
#include <rondo/app/model_from_folder.hpp>
#include <rondo/app/objectives.hpp>
#include <rondo/app/score.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/model/checkpoint/fingerprint.hpp>
#include <rondo/model/checkpoint/reader.hpp>

namespace rondo::app {

class Teachers {
 public:
  // All is checked before memory is taken. `vocabulary`: the student's.
  Teachers(const std::vector<KnownModel>& known, const DistillSettings& settings, Index vocabulary, const TokenFile& data)
      : settings_(settings) {
    require(settings.hidden == "none" || settings.teachers.size() == 1, "distill.hidden: expected 1 teacher whose blocks are looked at, found ",
            settings.teachers.size());
    std::vector<Opened> opened;
    for (const std::string& folder : settings.teachers) {
      opened.push_back(open(known, folder));
      const Opened& one = opened.back();
      const auto tokenizer = own_fingerprint(folder);
      require(one.form.shape.vocabulary == vocabulary && (!tokenizer || *tokenizer == data.tokenizer()), folder,
              ": a teacher of another vocabulary or tokenizer: ", one.form.shape.vocabulary, " tokens",
              tokenizer ? " (tokenizer " + hexadecimal(*tokenizer) + ")" : "", ", the student has ", vocabulary, " (tokenizer ",
              hexadecimal(data.tokenizer()), " of ", data.path().string(), ")");
      Json fact{{"folder", folder},
                {"composition", one.known->files.composition},
                {"parameters", parameters_of(one)},
                {"vocabulary", one.form.shape.vocabulary},
                {"fingerprint", fingerprint_of(one.folder.tensors())}};
      if (tokenizer) fact["tokenizer"] = hexadecimal(*tokenizer);
      facts_.push_back(std::move(fact));
    }
    for (const Opened& one : opened) {
      const std::shared_ptr<EvaluatedModel> model = one.known->evaluated(one.form.shape);
      one.folder.load(one.form.names, model->tensors());
      models_.emplace_back(model, &model->evaluation());
    }
  }

  [[nodiscard]] const Json& facts() const { return facts_; }
  [[nodiscard]] AnyObjective<Cpu> objective(const Shape& student, const CrossEntropyOptions& cross_entropy) const {
    return distillation_objective(settings_, cross_entropy, models_, student);
  }
  // The maps that the student's run has for the hidden states.
  [[nodiscard]] std::vector<ProjectionWidths> projections(const Shape& student) const {
    std::vector<ProjectionWidths> maps;
    const Shape& teacher = models_.front()->shape();
    for (std::size_t i = 0; i < matched_blocks(settings_, student.depth, teacher.depth).size(); ++i)
      maps.push_back({student.width, teacher.width});
    return maps;
  }

  // The vocabulary of a folder's model.
  static Index vocabulary_of(const std::vector<KnownModel>& known, const std::filesystem::path& folder) {
    return open(known, folder).form.shape.vocabulary;
  }

 private:
  struct Opened {
    ModelFolder folder;
    const KnownModel* known;
    ModelForm form;
  };
  static Opened open(const std::vector<KnownModel>& known, const std::filesystem::path& folder) {
    Opened result{ModelFolder{folder}, nullptr, {}};
    std::tie(result.known, result.form) = choose(known, result.folder.config(), &result.folder.tensors());
    result.folder.check(result.form.names, result.known->leaves(result.form.shape));
    return result;
  }
  static Index parameters_of(const Opened& one) {
    Index count = 0;
    for (const NamedLeaf& leaf : one.known->leaves(one.form.shape)) count += leaf.leaf.dimensions.size();
    return count;
  }

  DistillSettings settings_;
  std::vector<std::shared_ptr<const Evaluation<Cpu>>> models_;
  Json facts_ = Json::array();
};

}  // namespace rondo::app
