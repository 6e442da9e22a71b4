# Sourced by demo.sh.

# hold_out ALL TRAIN HELD_OUT: the text ALL in two files, its last twentieth in HELD_OUT: of the lines, or where these are fewer than
# twenty of the bytes, cut behind a word. False where nothing is left for one of them.
hold_out() {
  local lines bytes before word
  lines=$(wc -l <"$1")
  if [ "$lines" -ge 20 ]; then
    before=$((lines - lines / 20))
    head -n "$before" "$1" >"$2"
    tail -n +$((before + 1)) "$1" >"$3"
  else
    bytes=$(wc -c <"$1")
    before=$((bytes - bytes / 20))
    word=$(tail -c +$((before + 1)) "$1" | LC_ALL=C sed -n '1{s/ .*//;p}' | wc -c)
    before=$((before + word))
    head -c "$before" "$1" >"$2"
    tail -c +$((before + 1)) "$1" >"$3"
  fi
  [ -s "$2" ] && [ -s "$3" ]
}
