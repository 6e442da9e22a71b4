// The models that a run learns from, loaded from their folders, and the objective that it has by them.
//
//   const Teachers teachers{known, run, data};                       Error where one has another vocabulary or tokenizer than the data
//   AnyObjective<Cpu> objective = teachers.objective(shape, {});     of a student of this shape
//   teachers.facts()                                                 for run.json: folders, sizes, fingerprints of weights and tokenizers
//
// A cache of a teacher's (`teach`) takes the teacher's place: it must be of the data, of the run's temperature and of chunks of its
// length. A teacher that is named beside it must be the one that made it, and is not run.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <rondo/app/distill_settings.hpp>
#include <rondo/app/objectives.hpp>
#include <rondo/app/opened_teacher.hpp>
#include <rondo/app/run_description.hpp>
#include <rondo/app/served_model.hpp>
#include <rondo/data/teacher_cache.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/model/with_projections.hpp>

namespace rondo::app {

class Teachers {
 public:
  // All is checked before memory is taken.
  Teachers(const std::vector<ServedModel>& known, const RunDescription& run, const TokenFile& data) : settings_(run.distill) {
    std::vector<OpenedTeacher> opened;
    for (const std::string& folder : settings_.teachers) {
      opened.emplace_back(known, folder);
      opened.back().require_fits(run.shape.vocabulary, data);
      facts_.push_back(opened.back().facts());
    }
    if (!settings_.cache.empty()) {
      take_cache(run, data);
      return;
    }
    require(settings_.hidden == "none" || settings_.teachers.size() == 1,
            "distill.hidden: expected 1 teacher whose blocks are looked at, found ", settings_.teachers.size());
    for (const OpenedTeacher& one : opened) {
      const std::shared_ptr<EvaluatedModel> model = one.loaded();
      models_.emplace_back(model, &model->evaluation());
    }
  }

  [[nodiscard]] const Json& facts() const { return facts_; }
  [[nodiscard]] AnyObjective<Cpu> objective(const Shape& student, const CrossEntropyOptions& cross_entropy) const {
    if (cache_) return stored_distillation_objective(settings_, cross_entropy, cache_, student);
    return distillation_objective(settings_, cross_entropy, models_, student);
  }
  // The maps that the student's run has for the hidden states.
  [[nodiscard]] std::vector<ProjectionWidths> projections(const Shape& student) const {
    std::vector<ProjectionWidths> maps;
    if (cache_) return maps;
    const Shape& teacher = models_.front()->shape();
    for (std::size_t i = 0; i < matched_blocks(settings_, student.depth, teacher.depth).size(); ++i)
      maps.push_back({student.width, teacher.width});
    return maps;
  }

  // Of a student where nothing else is said.
  static Index vocabulary_of(const std::vector<ServedModel>& known, const DistillSettings& settings) {
    return settings.cache.empty() ? OpenedTeacher{known, settings.teachers.front()}.vocabulary()
                                  : TeacherCache{settings.cache}.vocabulary();
  }

 private:
  void take_cache(const RunDescription& run, const TokenFile& data) {
    cache_ = std::make_shared<const TeacherCache>(settings_.cache);
    const TeacherCacheInfo& info = cache_->info();
    cache_->require_of(data);
    require(settings_.hidden == "none", "distill.hidden: ", settings_.cache, ": a cache has no hidden states; expected \"none\"");
    require(settings_.block_outcomes == 0, "distill.block_outcomes: ", settings_.cache,
            ": a cache's outcomes are compared at once; expected 0");
    require(run.data.pack == "documents", "data.pack: ", settings_.cache, ": a cache is of documents; found \"", run.data.pack, "\"");
    require(static_cast<Index>(info.chunk) == run.train.length, settings_.cache, ": its teacher read chunks of ", info.chunk,
            " tokens, train.length is ", run.train.length);
    require(info.temperature == settings_.temperature, settings_.cache, ": made at temperature ", info.temperature,
            ", distill.temperature is ", settings_.temperature);
    require(cache_->vocabulary() == run.shape.vocabulary, settings_.cache, ": a teacher of another vocabulary: ", info.vocabulary,
            " tokens, the student has ", run.shape.vocabulary);
    const std::string teacher = hexadecimal(info.teacher);
    require(facts_.size() <= 1, settings_.cache, ": a cache is of one teacher, ", facts_.size(), " are named");
    require(facts_.empty() || facts_[0]["fingerprint"] == teacher, settings_.cache, ": made by another teacher (", teacher, ") than ",
            settings_.teachers.empty() ? "" : settings_.teachers[0], " (",
            facts_.empty() ? "" : facts_[0]["fingerprint"].get<std::string>(), ")");
    facts_ = Json::array({{{"cache", settings_.cache},
                           {"teacher", teacher},
                           {"top", info.top},
                           {"vocabulary", info.vocabulary},
                           {"chunk", info.chunk},
                           {"fingerprint", hexadecimal(cache_->fingerprint())}}});
  }

  DistillSettings settings_;
  std::vector<std::shared_ptr<const Evaluation<Cpu>>> models_;
  std::shared_ptr<const TeacherCache> cache_;
  Json facts_ = Json::array();
};

}  // namespace rondo::app
