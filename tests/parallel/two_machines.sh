#!/usr/bin/env bash
# Ranks of two machines, which are two network name spaces of this one, over TCP with a delay of 1 ms each way:
#   bash two_machines.sh MPI_RANKS_TEST PROGRAM CORPUS_PROGRAM
# The laws of ranks; a run with the bits of one over shared memory; one whose second machine is killed. Open MPI's mpirun. Skipped (77) for whoever
# is not root, and where name spaces or a delay cannot be had. The delay is netem's or, without it, that of delayed_link.py.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd) test=$(realpath "$1") program=$(realpath "$2") corpus=$(realpath "$3")
fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "skipped: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "only root makes network name spaces"
for tool in ip mpirun; do command -v $tool >/dev/null || skip "there is no $tool"; done
mpirun --version | grep -q "Open MPI" || skip "this is for Open MPI's mpirun"

one=rondo-$$-a two=rondo-$$-b link=
work=$(mktemp -d)
clean() {
  [ -z "$link" ] || kill "$link" 2>/dev/null || true
  ip netns del $one 2>/dev/null || true
  ip netns del $two 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT
ip netns add $one 2>/dev/null && ip netns add $two || skip "no network name space may be made here"
join_by_netem() {
  ip link add rondo0 netns $one type veth peer name rondo0 netns $two || return 1
  local number=1 space
  for space in $one $two; do
    ip netns exec $space tc qdisc add dev rondo0 root netem delay 1ms limit 100000 2>/dev/null || { ip -n $one link del rondo0; return 1; }
    ip -n $space address add 10.77.0.$((number++))/24 dev rondo0
    ip -n $space link set rondo0 up
    ip -n $space link set lo up
  done
}
if ! join_by_netem; then
  python3 "$here/delayed_link.py" $one 10.77.0.1 $two 10.77.0.2 1 >"$work/link" 2>"$work/link_errors" &
  link=$!
  for ((i = 0; i < 50; ++i)); do grep -q joined "$work/link" && break || sleep 0.1; done
  grep -q joined "$work/link" || { link=; skip "no delay can be had: $(tail -n 1 "$work/link_errors")"; }
fi
cd "$work"

# What mpirun has instead of ssh. Each machine has a name of its own.
cat >remote <<END
#!/usr/bin/env bash
shift  # the address: there is one other machine
exec ip netns exec $two unshare --uts bash -c 'hostname $two; exec bash -c "\$1"' - "\$*"
END
chmod +x remote
on_both() {  # one rank here and one there
  timeout 120 ip netns exec $one unshare --uts bash -c 'hostname "$0"; exec "$@"' $one \
    mpirun --host 10.77.0.1,10.77.0.2 -np 2 --mca plm_rsh_agent "$work/remote" --mca plm rsh --mca btl tcp,self --mca pml ob1 \
    --mca btl_tcp_if_include rondo0 --mca oob_tcp_if_include rondo0 --wdir "$work" "$@"
}
on_both "$test" >log 2>&1 || fail "the laws of ranks: $(cat log)"
[ "$(grep -c "No errors detected" log)" -eq 2 ] || fail "$(cat log)"
echo "the laws of ranks hold"

"$corpus" grammar --words 20000 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 400 --out tokenizer.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
settings=(--data train.tokens --set shape.width=64 --set shape.depth=2 --set shape.heads=2 --set shape.mlp_width=96 --set train.batch=4
  --set train.length=32 --set train.checkpoint_minutes=0 --set train.checkpoint_steps=10 --threads 1 --quiet)
mpirun -np 2 "$program" train --out near "${settings[@]}" --set train.steps=30
on_both "$program" train --out far "${settings[@]}" --set train.steps=30 >log 2>&1 || fail "$(cat log)"
cmp near/model.safetensors far/model.safetensors
grep -o '"communication":{[^}]*}' far/metrics.jsonl | tr -c '0-9.e\n-' ' ' |
  awk '{ busy += $(NF - 2); waited += $NF } END { printf "%d steps: sums of gradients %.1f ms a step, of which %.1f ms were waited for\n", NR, 1000 * busy / NR, 1000 * waited / NR }'

# The other machine goes away.
on_both "$program" train --out lost "${settings[@]}" --set train.steps=100000 >log 2>&1 &
launcher=$!
for ((i = 0; i < 300; ++i)); do ls lost/checkpoints/step-000000010 >/dev/null 2>&1 && break || sleep 0.1; done
there=$(ip netns pids $two | while read -r one_there; do grep -lzq "^$program" /proc/"$one_there"/cmdline 2>/dev/null && echo "$one_there"; done | head -n 1)
[ -n "$there" ] || fail "no rank on the other machine: $(cat log)"
kill -KILL $(ip netns pids $two)
for ((tenths = 0; tenths < 100; ++tenths)); do pgrep -f "$program train --out lost" >/dev/null || break; sleep 0.1; done
! pgrep -f "$program train --out lost" >/dev/null || fail "a process hangs"
wait $launcher && fail "the run ended well" || true
echo "the other machine was killed: all had ended after $tenths tenths of a second"
"$program" train --resume lost --set train.steps="$(($(ls lost/checkpoints | tail -n 1 | tr -dc 0-9 | sed 's/^0*//') + 5))" --threads 1 --quiet
echo "passed"
