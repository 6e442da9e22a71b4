# Sourced by demo.sh and test.sh: installs what rondo is built with on Debian 12 (or a derivative), as root or through sudo.
# Packages that are there already cost nothing; without a package manager it says what is needed and goes on.

rondo_packages="g++ cmake ninja-build libeigen3-dev libdnnl-dev nlohmann-json3-dev libcli11-dev libxtensor-dev libboost-test-dev
  libutf8proc-dev libonig-dev libsentencepiece-dev"

install_packages() {
  missing=""
  for package in $rondo_packages "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
  done
  [ -z "$missing" ] && return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "rondo: there is no apt-get here; install the equivalents of:$missing" >&2
    return 0
  fi
  as_root=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "rondo: to install$missing this needs root or sudo" >&2; return 1; }
    as_root=sudo
  fi
  echo "rondo: installing$missing"
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
