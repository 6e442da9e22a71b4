// All phenomena of the built-in corpus, and the pairs of one.
#pragma once

#include <set>

#include <rondo/data/grammar/phenomena_agreement.hpp>
#include <rondo/data/grammar/phenomena_binding.hpp>
#include <rondo/data/grammar/phenomena_extraction.hpp>
#include <rondo/data/grammar/phenomena_structure.hpp>

namespace rondo::grammar {

inline constexpr std::array phenomena = {
    Phenomenon{"agreement_simple", "morphology", "subject_verb_agreement", agreement::simple},
    Phenomenon{"agreement_across_phrase", "morphology", "subject_verb_agreement", agreement::phrase_attractor},
    Phenomenon{"agreement_across_subject_relative", "morphology", "subject_verb_agreement",
               agreement::subject_relative_attractor},
    Phenomenon{"agreement_across_object_relative", "morphology", "subject_verb_agreement", agreement::object_relative_attractor},
    Phenomenon{"agreement_partitive", "morphology", "subject_verb_agreement", agreement::partitive},
    Phenomenon{"agreement_inverted", "morphology", "subject_verb_agreement", agreement::inverted},
    Phenomenon{"agreement_existential", "morphology", "subject_verb_agreement", agreement::existential},
    Phenomenon{"determiner_noun", "morphology", "determiner_noun_agreement", agreement::determiner},
    Phenomenon{"determiner_noun_adjective", "morphology", "determiner_noun_agreement", agreement::determiner_adjective},
    Phenomenon{"irregular_forms", "morphology", "verb_forms", morphology::irregular},
    Phenomenon{"form_after_auxiliary", "morphology", "verb_forms", morphology::after_auxiliary},
    Phenomenon{"reflexive_gender", "syntax_semantics", "binding", binding::gender},
    Phenomenon{"reflexive_number", "syntax_semantics", "binding", binding::number},
    Phenomenon{"reflexive_c_command", "syntax_semantics", "binding", binding::c_command},
    Phenomenon{"reflexive_locality", "syntax_semantics", "binding", binding::locality},
    Phenomenon{"polarity_licensor", "semantics", "negative_polarity", polarity::licensor},
    Phenomenon{"polarity_scope", "semantics", "negative_polarity", polarity::scope},
    Phenomenon{"polarity_only_even", "semantics", "negative_polarity", polarity::only_even},
    Phenomenon{"polarity_question", "semantics", "negative_polarity", polarity::question},
    Phenomenon{"filler_gap", "syntax", "filler_gap", extraction::gap},
    Phenomenon{"filler_gap_distant", "syntax", "filler_gap", extraction::distant_gap},
    Phenomenon{"island_relative_clause", "syntax", "islands", extraction::relative_island},
    Phenomenon{"island_embedded_question", "syntax", "islands", extraction::question_island},
    Phenomenon{"island_coordination", "syntax", "islands", extraction::conjunct_island},
    Phenomenon{"island_adjunct", "syntax", "islands", extraction::adjunct_island},
    Phenomenon{"auxiliary_inversion", "syntax", "inversion", extraction::inversion},
    Phenomenon{"transitivity", "syntax", "argument_structure", arguments::transitivity},
    Phenomenon{"passive_transitivity", "syntax", "argument_structure", arguments::passive},
    Phenomenon{"animate_subject", "syntax", "argument_structure", arguments::animacy},
    Phenomenon{"raising_existential", "syntax_semantics", "raising_and_control", arguments::raising},
    Phenomenon{"existential_quantifier", "semantics", "quantifiers", quantifiers::existential},
    Phenomenon{"superlative_quantifier", "semantics", "quantifiers", quantifiers::superlative},
    Phenomenon{"pronoun_case", "morphology", "pronoun_case", pronoun_case},
    Phenomenon{"time_and_tense", "semantics", "tense", time_and_tense},
};

// So many pairs of a phenomenon, no good sentence twice. The same whatever else is drawn.
inline std::vector<Pair> draw_pairs(const Lexicon& lexicon, const Phenomenon& phenomenon, std::uint64_t seed, std::size_t count) {
  std::uint64_t stream = 0;
  for (const char letter : phenomenon.uid) stream = mix(stream + static_cast<unsigned char>(letter) + 1);
  Random random{seed, stream};
  PairMaker make{lexicon, random};
  std::vector<Pair> pairs;
  std::set<std::string> seen;
  for (std::size_t attempt = 0; pairs.size() < count; ++attempt) {
    require(attempt < 1000 + 1000 * count, "grammar: ", phenomenon.uid, ": only ", pairs.size(), " of ", count,
            " different pairs");
    MaybePair pair = phenomenon.draw(make);
    if (!pair || !strangers(pair->key[0], pair->key[1]) || repeats(pair->good.words)) continue;
    if (seen.insert(text(pair->good.words, pair->good.end)).second) pairs.push_back(*std::move(pair));
  }
  return pairs;
}

}  // namespace rondo::grammar
