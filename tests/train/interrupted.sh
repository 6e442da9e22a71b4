#!/usr/bin/env bash
# Runs that come to an end at any moment: bash interrupted.sh COMMAND PROGRAM CORPUS_PROGRAM
#   kills   a run that is killed or asked to stop ten times, each at a moment drawn at random around the next few checkpoints, ends
#           with the bits and the measurements of one that never was
#   disk    a disk that is full while a checkpoint is written: one line that names the file, the earlier checkpoint is whole, and
#           the run goes on once there is room. Needs a file system of its own; exit status 77 where none may be mounted.
set -euo pipefail
command=$1 program=$(realpath "$2") corpus=$(realpath "$3")
fail() { echo "FAILED: $*" >&2; exit 1; }

# A file system of 64 MB in a name space of its own goes with the process.
if [ "$command" = disk ] && [ -z "${RONDO_SMALL_DISK:-}" ]; then
  mount_point=$(mktemp -d)
  trap 'rmdir "$mount_point"' EXIT
  if ! unshare --mount --map-root-user mount -t tmpfs -o size=64m none "$mount_point" 2>/dev/null; then
    echo "skipped: no small file system may be mounted here"
    exit 77
  fi
  RONDO_SMALL_DISK=$mount_point unshare --mount --map-root-user bash -c \
    'mount -t tmpfs -o size=64m none "$RONDO_SMALL_DISK" && exec bash "$@"' bash "$0" "$command" "$program" "$corpus"
  exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$corpus" grammar --words 20000 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 400 --out tokenizer.json >/dev/null
for part in train held_out; do "$corpus" encode --tokenizer tokenizer.json --text text/$part.txt --out $part.tokens >/dev/null; done
settings=(--data train.tokens --held-out held_out.tokens --set shape.width=64 --set shape.depth=2 --set shape.heads=2 --set shape.mlp_width=96
  --set shape.dropout=0.1 --set train.batch=2 --set train.length=32 --set train.steps=200 --set train.checkpoint_steps=5
  --set train.ema=0.9 --set train.checkpoint_minutes=0 --set train.held_out_steps=5 --set train.held_out_tokens=300)

same() {  # that two finished runs have the same bits
  cmp "$1/model.safetensors" "$2/model.safetensors"
  cmp "$1/checkpoints/step-000000200/training.safetensors" "$2/checkpoints/step-000000200/training.safetensors"
  [ "$(wc -l <"$1/metrics.jsonl")" -eq "$(wc -l <"$2/metrics.jsonl")" ] || fail "as many lines of metrics"
  cmp <(grep held_out_loss "$1/metrics.jsonl") <(grep held_out_loss "$2/metrics.jsonl") || fail "the same measurements"
  [ -z "$(find "$2" -name '*.partial*')" ] || fail "nothing half-written is left"
}

run() { "$program" train "$@" --threads 1 --quiet; }
begin=$(date +%s%N)
run --out straight "${settings[@]}"
microseconds=$((($(date +%s%N) - begin) / 1000))

if [ "$command" = kills ]; then
  seed=${RONDO_RANDOM:-$(($(date +%s) % 32768))}
  RANDOM=$seed
  echo "a run takes $((microseconds / 1000)) ms; moments drawn from RONDO_RANDOM=$seed"
  newest() { { ls -t broken/checkpoints 2>/dev/null || true; } | head -n 1; }
  killed=0
  while [ $killed -lt 10 ]; do
    # The moment: after so many writes into the folder of checkpoints, and so long a part of a checkpoint's interval. Counted in writes, not
    # in time alone, so that the run is not at its end before the last kill on a machine that is faster than it was a moment ago.
    writes=$((RANDOM % 3))
    delay=$(((RANDOM * 32768 + RANDOM) % (microseconds / 20)))
    if [ $((RANDOM % 2)) = 0 ]; then signal=KILL expected=137; else signal=TERM expected=143; fi
    if [ -e broken/run.json ]; then how=(--resume broken); else how=(--out broken "${settings[@]}"); fi
    "$program" train "${how[@]}" --threads 1 --quiet 2>log &
    last=$(newest)
    while [ $writes -gt 0 ] && kill -0 $! 2>/dev/null; do
      sleep 0.002
      now=$(newest)
      [ "$now" = "$last" ] || writes=$((writes - 1))
      last=$now
    done
    sleep "$(printf '%d.%06d' $((delay / 1000000)) $((delay % 1000000)))"
    kill -$signal $! 2>/dev/null || true
    status=0
    wait $! 2>/dev/null || status=$?
    [ $status -ne 0 ] || break
    [ $status -eq $expected ] || fail "SIG$signal, status $status: $(cat log)"
    killed=$((killed + 1))
    echo "SIG$signal $delay us after the last write awaited: $(ls broken/checkpoints 2>/dev/null | tr '\n' ' ')"
  done
  [ $killed -ge 5 ] || fail "the run ended after $killed kills"
  run --resume broken
  same straight broken
fi

if [ "$command" = disk ]; then
  checkpoint=$(du -sb straight/checkpoints/step-000000200 | cut -f 1)
  for percent in 20 115 150 195; do  # of a checkpoint: room that there is
    broken=$RONDO_SMALL_DISK/broken
    rm -rf "$broken"
    free=$(df -B1 --output=avail "$RONDO_SMALL_DISK" | tail -n 1)
    head -c $((free - checkpoint * percent / 100)) /dev/zero >"$RONDO_SMALL_DISK/filler"
    how=(--out "$broken" "${settings[@]}")
    for attempt in first again; do
      status=0
      run "${how[@]}" 2>log || status=$?
      [ $status -eq 1 ] || fail "room for $percent %: status $status: $(cat log)"
      [ "$(wc -l <log)" -eq 1 ] || fail "room for $percent %: $(cat log)"
      grep -q "$broken/.*: cannot be .*: No space left on device" log || fail "room for $percent %: $(cat log)"
      [ -z "$(find "$broken" -name '*.partial*')" ] || fail "room for $percent %: something half-written is left"
      echo "room for $percent %: $(cat log)"
      how=(--resume "$broken")
    done
    rm "$RONDO_SMALL_DISK/filler"
  done
  run --resume "$broken"
  same straight "$broken"
fi
echo "passed"
