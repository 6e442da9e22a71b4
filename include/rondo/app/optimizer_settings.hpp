// The optimiser of a run, as run.json holds it and `--set` changes it.
//
//   "optimizer": {"name": "muon", "rate": 0.02, ..., "rest": {"rate": 0.001, ...},
//                 "groups": [{"roles": ["embedding"], "rate": 0.3, "decay": 0}, {"path": "blocks.*.mixer.*", "rate": 0.5}],
//                 "decay_schedule": "constant"}
//
// The settings of each are those of its each_setting (rondo/optimizer); groups: rondo/optimizer/groups.hpp. Settings that stood under
// "train" in older files (train.rate ...) are read as they are named now.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <rondo/io/json.hpp>
#include <rondo/io/object_reader.hpp>
#include <rondo/optimizer/any_optimizer.hpp>
#include <rondo/optimizer/groups.hpp>

namespace rondo::app {

struct OptimizerSettings {
  AnyOptimizer optimizer;
  std::vector<Group> groups;
  std::string decay_schedule = "constant";
};

// "train.rate" is "optimizer.rate" now.
inline constexpr std::array<std::string_view, 5> moved_settings{"rate", "beta1", "beta2", "epsilon", "decay"};
inline std::string present_path(std::string_view path) {
  if (path.starts_with("train.") && std::find(moved_settings.begin(), moved_settings.end(), path.substr(6)) != moved_settings.end())
    return "optimizer." + std::string(path.substr(6));
  return std::string(path);
}
// A document of an older program, with the settings where they are now.
inline Json renewed(Json document) {
  if (!document.is_object() || !document.contains("train") || !document["train"].is_object()) return document;
  for (const std::string_view setting : moved_settings) {
    const std::string name(setting);
    if (!document["train"].contains(name)) continue;
    if (!document.contains("optimizer")) document["optimizer"] = Json::object();
    if (!document["optimizer"].contains(name)) document["optimizer"][name] = document["train"][name];
    document["train"].erase(name);
  }
  return document;
}

template <class... Optimizers>
std::vector<std::string> names_of(const std::variant<Optimizers...>&) {
  return {std::string(Optimizers::name)...};
}
// visit(optimizer) for one of each kind.
template <class Visit>
void each_optimizer(Visit&& visit) {
  [&]<class... Optimizers>(const std::variant<Optimizers...>&) { (visit(Optimizers{}), ...); }(AnyOptimizer{}.chosen);
}
// "adamw, adam, ..."
inline std::string listed(const std::vector<std::string>& words) {
  std::string result;
  for (const std::string& word : words) result += (result.empty() ? "" : ", ") + word;
  return result;
}

template <class Words>
std::vector<std::string> as_list(const Words& words) {
  return {words.begin(), words.end()};
}
// The place of a word in a list that has it.
template <class Value, class Words>
Value value_of(const std::string& word, const Words& words) {
  return static_cast<Value>(std::find(words.begin(), words.end(), word) - words.begin());
}

template <class Optimizer>
void take_settings(ObjectReader& reader, Optimizer& optimizer) {
  Optimizer::each_setting(optimizer, [&]<class Setting>(std::string_view name, Setting& value, const auto&... limits) {
    if constexpr (std::is_same_v<Setting, double>) {
      reader.take(name, value);
      if (!(limits.hold(value) && ...)) throw reader.mismatch(name, "a number " + (limits.text() + ...), Json(value));
    } else if constexpr (std::is_enum_v<Setting>) {
      std::string word;
      if (reader.take(name, word, as_list(limits)...)) value = value_of<Setting>(word, limits...);
    } else if constexpr (requires { Setting::name; }) {
      reader.object(name, [&](ObjectReader& inner) { take_settings(inner, value); });
    } else {
      reader.take(name, value);
    }
  });
}
template <class Optimizer>
Json settings_json(const Optimizer& optimizer) {
  Json result = Json::object();
  Optimizer::each_setting(optimizer, [&]<class Setting>(std::string_view name, const Setting& value, const auto&... limits) {
    Json& place = result[std::string(name)];
    if constexpr (std::is_enum_v<Setting>)
      place = std::string((limits[static_cast<std::size_t>(value)], ...));
    else if constexpr (requires { Setting::name; })
      place = settings_json(value);
    else
      place = value;
  });
  return result;
}

inline void take_groups(ObjectReader& reader, std::vector<Group>& groups) {
  const Json* list = reader.find("groups");
  if (list == nullptr) return;
  if (!list->is_array()) throw reader.mismatch("groups", "an array", *list);
  groups.clear();
  for (const Json& element : *list) {
    Group group;
    read_object(element, reader.place("groups[" + std::to_string(groups.size()) + "]"), [&](ObjectReader& inner) {
      std::vector<std::string> roles;
      inner.take("roles", roles);
      for (const std::string& role : roles) {
        if (std::find(role_names.begin(), role_names.end(), role) == role_names.end())
          throw inner.mismatch("roles", "each one of " + listed(as_list(role_names)), Json(role));
        group.roles.push_back(value_of<Role>(role, role_names));
      }
      inner.take("path", group.path);
      inner.take("rate", group.rate, at_least(0.0));
      double decay = 0;
      if (inner.take("decay", decay, at_least(0.0))) group.decay = decay;
    });
    groups.push_back(std::move(group));
  }
}
inline Json groups_json(const std::vector<Group>& groups) {
  Json result = Json::array();
  for (const Group& group : groups) {
    Json one = {{"roles", Json::array()}, {"path", group.path}, {"rate", group.rate}};
    for (const Role role : group.roles) one["roles"].push_back(std::string(name_of(role)));
    if (group.decay) one["decay"] = *group.decay;
    result.push_back(std::move(one));
  }
  return result;
}

inline void take_optimizer(ObjectReader& reader, OptimizerSettings& settings, const std::vector<std::string>& schedules) {
  std::string name;
  if (reader.take("name", name, names_of(settings.optimizer.chosen)))
    [&]<class... Optimizers>(std::variant<Optimizers...>& chosen) {
      ((name == Optimizers::name ? static_cast<void>(chosen.template emplace<Optimizers>()) : static_cast<void>(0)), ...);
    }(settings.optimizer.chosen);
  std::visit([&](auto& one) { take_settings(reader, one); }, settings.optimizer.chosen);
  take_groups(reader, settings.groups);
  reader.take("decay_schedule", settings.decay_schedule, schedules);
}
inline Json to_json(const OptimizerSettings& settings) {
  return std::visit(
      [&]<class One>(const One& one) {
        Json result = {{"name", std::string(One::name)}};
        result.update(settings_json(one));
        result["groups"] = groups_json(settings.groups);
        result["decay_schedule"] = settings.decay_schedule;
        return result;
      },
      settings.optimizer.chosen);
}

}  // namespace rondo::app
