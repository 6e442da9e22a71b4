# What tests of programs from outside begin with, after they have taken the programs' paths: an empty folder to work in, which goes at the
# end, and with it whatever still runs; `fail MESSAGE` ends the test.
#
#   source "$(dirname "$0")/../support/in_a_folder.sh"
work=$(mktemp -d)
trap 'kill -KILL $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
fail() { echo "FAILED: $*" >&2; exit 1; }
same() { [ "$1" = "$2" ] || fail "$3: expected '$2', found '$1'"; }
