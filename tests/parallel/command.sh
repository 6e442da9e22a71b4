#!/usr/bin/env bash
# Programs that work together as several processes: bash command.sh PROGRAM CORPUS_PROGRAM MPIEXEC NUMPROC_FLAG [kills]
#   without `kills`   what ranks compute and refuse
#   kills             a rank, or what started it, ends at any moment: no process is left after ten seconds, and the run goes on
set -euo pipefail
program=$(realpath "$1") corpus=$(realpath "$2") mpiexec=$3 flag=$4 part=${5:-}
fail() { echo "FAILED: $*" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$corpus" grammar --words 20000 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 400 --out tokenizer.json >/dev/null
for one in train held_out; do "$corpus" encode --tokenizer tokenizer.json --text text/$one.txt --out $one.tokens >/dev/null; done
settings=(--data train.tokens --held-out held_out.tokens --set shape.width=64 --set shape.depth=2 --set shape.heads=2 --set shape.mlp_width=96
  --set train.batch=4 --set train.length=32 --set train.checkpoint_minutes=0 --set train.held_out_tokens=2000 --set optimizer.rate=0.003)
on() {  # on N COMMAND...: as N processes
  local ranks=$1
  shift
  timeout 100 "$mpiexec" "$flag" "$ranks" "$program" "$@"
}
last_loss() { grep held_out_loss "$1/metrics.jsonl" | tail -n 1 | sed 's/.*"held_out_loss":\([0-9.]*\).*/\1/'; }
near() { awk -v a="$(last_loss "$1")" -v b="$(last_loss "$2")" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < 1e-6) }' || fail "losses of $1 and $2"; }
one_line() {  # that the program said one thing, among what MPI's start-up says
  [ "$(grep -c "^hgrn2" log)" -eq 1 ] || fail "one message: $(cat log)"
  grep -q "^hgrn2.*$1" log || fail "expected '$1': $(cat log)"
}
refused() {  # refused MESSAGE COMMAND...
  local message=$1 status=0
  shift
  "$@" >out 2>log || status=$?
  [ $status -ne 0 ] && [ $status -ne 124 ] || fail "status $status of $*"
  one_line "$message"
}

if [ -z "$part" ]; then
  steps=(--set train.steps=30 --threads 1 --quiet)
  "$program" train --out one "${settings[@]}" "${steps[@]}"
  on 2 train --out two "${settings[@]}" "${steps[@]}"
  on 2 train --out again "${settings[@]}" "${steps[@]}"
  on 2 train --out shares "${settings[@]}" "${steps[@]}" --set train.shard=true
  near one two
  [ "$(grep -c '"loss"' two/metrics.jsonl)" -eq 30 ] || fail "a line a step"
  [ "$(sed -n 1p one/metrics.jsonl | sed 's/.*"tokens":\([0-9]*\),.*/\1/')" = "$(sed -n 1p two/metrics.jsonl | sed 's/.*"tokens":\([0-9]*\),.*/\1/')" ] ||
    fail "as many tokens a step"
  for other in again shares; do
    cmp two/model.safetensors $other/model.safetensors
    cmp two/checkpoints/step-000000030/training.safetensors $other/checkpoints/step-000000030/training.safetensors
  done

  # Another number of ranks goes on, and so do ranks of other numbers of threads.
  on 2 train --out some "${settings[@]}" --set train.steps=30 --set train.held_out_steps=15 --set train.checkpoint_steps=15 --threads 1 --quiet
  rm -r some/checkpoints/step-000000030
  on 4 train --resume some --set train.shard=true --threads 1 2>log
  grep -q "2 ranks before, 4 now" log || fail "the other number is told: $(cat log)"
  near one some
  "$mpiexec" "$flag" 1 "$program" train --out unlike "${settings[@]}" "${steps[@]}" : "$flag" 1 "$program" train --threads 2
  near one unlike

  # What is measured is what one process measures.
  for command in "evaluate --model one --data held_out.tokens --json" "score --model one --pairs text/pairs --items ITEMS --json"; do
    "$program" ${command/ITEMS/one.jsonl} --threads 1 --quiet >alone
    on 2 ${command/ITEMS/two.jsonl} --threads 1 --quiet >together
    cmp alone together || fail "$command"
  done
  cmp one.jsonl two.jsonl

  refused "train.batch: 4 rows of a batch cannot be dealt to 5 ranks" on 5 train --out many "${settings[@]}" "${steps[@]}"
  [ ! -e many ] || fail "nothing is made of a run that is refused"
  refused "this command works alone; it was started as 2 processes" on 2 generate --model one --prompt a
  refused "rank 1: --out: b, but a on rank 0" timeout 60 "$mpiexec" "$flag" 1 "$program" train --data train.tokens --out a --quiet : \
    "$flag" 1 "$program" train --data train.tokens --out b
  refused "nowhere.tokens" on 2 train --out none --data nowhere.tokens
  mkdir -p here there
  cp train.tokens tokenizer.json here
  cp held_out.tokens there/train.tokens
  refused "rank 1: another data than rank 0" timeout 60 "$mpiexec" "$flag" 1 -wdir here "$program" train --data train.tokens --out run --quiet : \
    "$flag" 1 -wdir there "$program" train
  mkdir empty
  refused "rank 1.*train.tokens" timeout 60 "$mpiexec" "$flag" 1 -wdir here "$program" train --data train.tokens --out run --quiet : \
    "$flag" 1 -wdir empty "$program" train
  OMPI_COMM_WORLD_SIZE=3 "$program" evaluate --model one --data held_out.tokens >out 2>log && fail "processes that MPI does not know of"
  grep -q "OMPI_COMM_WORLD_SIZE is 3, but MPI knows of 1 processes" log || fail "$(cat log)"
fi

if [ "$part" = kills ]; then
  settings+=(--set train.steps=400 --set train.checkpoint_steps=5 --set train.shard=true)
  on 2 train --out straight "${settings[@]}" --threads 1 --quiet
  RANDOM=${RONDO_RANDOM:-$(($(date +%s) % 32768))}
  echo "moments drawn from RONDO_RANDOM=$RANDOM"
  checkpoints() { { ls broken/checkpoints 2>/dev/null || true; } | wc -l; }
  for victim in rank rank launcher stopped; do
    if [ -e broken/run.json ]; then how=(--resume broken); else how=(--out broken "${settings[@]}"); fi
    "$mpiexec" "$flag" 2 "$program" train "${how[@]}" --threads 1 --quiet >out 2>log &
    launcher=$!
    before=$(ls broken/checkpoints 2>/dev/null | tail -n 1 || true)
    while kill -0 $launcher 2>/dev/null && [ "$(ls broken/checkpoints 2>/dev/null | tail -n 1 || true)" = "$before" ]; do sleep 0.01; done
    sleep 0.0$((RANDOM % 10))
    mapfile -t ranks < <(pgrep -P $launcher -f "$program" || true)
    [ ${#ranks[@]} -eq 2 ] || fail "$victim: two ranks, found ${#ranks[@]}: $(cat log)"
    case $victim in
      rank) kill -KILL "${ranks[$((RANDOM % 2))]}" ;;
      launcher) kill -KILL $launcher ;;
      stopped) kill -TERM "${ranks[$((RANDOM % 2))]}" ;;
    esac
    status=0
    wait $launcher 2>/dev/null || status=$?
    [ $status -ne 0 ] || fail "$victim: the run ended before it"
    if [ $victim = stopped ]; then
      [ $status -eq 143 ] || fail "$victim: status $status: $(cat log)"
      grep -q "stopped at step" log || fail "$victim: $(cat log)"
    fi
    for ((tenths = 0; tenths < 100; ++tenths)); do
      left=0
      for one in "${ranks[@]}"; do if [ -e /proc/$one ] && ! grep -q '^State:.Z' /proc/$one/status 2>/dev/null; then left=1; fi; done
      [ $left -eq 1 ] || break
      sleep 0.1
    done
    [ $left -eq 0 ] || fail "$victim: a process hangs"
    echo "$victim: all have ended after $tenths tenths of a second; $(checkpoints) checkpoints"
  done
  on 2 train --resume broken --threads 1 --quiet
  cmp straight/model.safetensors broken/model.safetensors
  cmp straight/checkpoints/step-000000400/training.safetensors broken/checkpoints/step-000000400/training.safetensors
fi
echo "passed"
