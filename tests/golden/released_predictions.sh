#!/usr/bin/env bash
# Predictions that authors have released, scored: bash released_predictions.sh PROGRAM SHARED_FOLDER
# The means that their paper reports, digit by digit, and the accuracy of every paradigm as their own tables have it.
set -euo pipefail
program=$(realpath "$1") shared=$2
predictions=$shared/data/babyhgrn_predictions data=$shared/data/evaluation.tar.xz
[ -e "$data" ] && [ -d "$predictions" ] || { echo "SKIPPED: no released predictions in $shared"; exit 77; }
for tool in xz zcat awk; do command -v $tool >/dev/null || { echo "SKIPPED: no $tool"; exit 77; }; done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xJf "$data" -C "$work"
fail() { echo "FAILED: $*" >&2; exit 1; }

# BLiMP, supplement, GLUE, EWoK: per cent, as published.
published=$(printf '72.11 58.57 65.79 51.3\n77.53 58.51 70.74 51.6')
found="" files=0
for file in "$predictions"/*.json.gz; do
  files=$((files + 1))
  zcat "$file" >"$work/predictions.json"
  scored=("$program" predictions --predictions "$work/predictions.json" --data "$work/evaluation")
  "${scored[@]}" --data "$shared/data/ewok" --password ewok --items "$work/$files.jsonl" >"$work/report"
  mean() { awk -v task="$1" 'means && $1 == task { print $3 } $1 == "task" && $2 == "subsets" { means = 1 }' "$work/report"; }
  found+="$(mean blimp) $(mean blimp_supplement) $(mean glue) $(printf %.1f "$(mean ewok)")"$'\n'
  "${scored[@]}" --quiet | grep -q '^ewok: not scored, no data for it' || fail "$file: the task without data is not named"
  # The authors' own table of the same model: the one that agrees on the mean.
  tables=0
  for table in "$predictions"/*_results.txt; do
    awk -F'|' -v mean="$(mean blimp)" 'NR == 1 { exit (sprintf("%.2f", 100 * $7) != mean) }' "$table" || continue
    tables=$((tables + 1))
    awk -v table="$table" '
      FNR == NR { if ($1 == "blimp" && $3 == "accuracy") score[$2] = $5; next }
      { split($0, cell, "|"); name = cell[2]; gsub(/^[ -]*(blimp_)?| *$/, "", name); sub(/_filtered$/, "", name) }
      FNR == 1 || name == "" { next }
      { checked++; away = 100 * cell[7] - score[name]; if (away > 0.0101 || away < -0.0101) { print table ": " name ": " cell[7] ", here " score[name]; wrong = 1 } }
      END { if (checked < 60 || wrong) exit 1 }' "$work/report" "$table" || fail "paradigms of $file"
  done
  [ $tables -eq 1 ] || fail "$file: $tables tables have its mean"
done
[ "$(printf '%s' "$found" | sort)" = "$(printf '%s' "$published" | sort)" ] || fail "expected"$'\n'"$published"$'\n'"found"$'\n'"$found"

# The two against each other: the items are the same, and one is better than noise explains.
"$program" compare "$work/1.jsonl" "$work/2.jsonl" --draws 500 --quiet --json >"$work/compared"
grep -q '^differ by more than noise' "$work/compared" || fail "no phenomena: $(cat "$work/compared")"
