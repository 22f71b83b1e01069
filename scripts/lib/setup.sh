# Sourced by the other scripts: installs what is missing, and says so.
# shellcheck shell=sh

# What running and building needs, and what for.
run_packages='gcc libc6-dev pkg-config libgl-dev libgl1 libx11-dev libxcursor-dev libxrandr-dev libxinerama-dev libxi-dev libxxf86vm-dev softhsm2 libnss3 jq openssl'
run_reason='a C compiler and X11 headers for the window, SoftHSM2 and NSS softokn as throwaway HSM tokens, jq and openssl for verify.sh'
# What the tests need on top. The Wayland headers are for a plain "go build ."
test_packages='libwayland-dev libxkbcommon-dev libegl-dev xvfb xdotool imagemagick x11-utils dash shellcheck awscli git binutils'
test_reason='headers for a plain go build, a display without a screen, and independent tools to compare with'
# What scripts/bench-ceremony compares with.
bench_packages='opensc ssss awscli libnss3-tools age'
bench_reason='the tools that people do it with today'

# need GROUP: makes sure of a group's packages.
need() {
	case $1 in
	run) packages=$run_packages reason=$run_reason ;;
	test) packages=$test_packages reason=$test_reason ;;
	bench) packages=$bench_packages reason=$bench_reason ;;
	esac
	if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
		echo "This is not Debian or Ubuntu: make sure that these are there, by their Debian names:"
		echo "  $packages"
		echo "  (for $reason)"
		return 0
	fi
	missing=
	for p in $packages; do
		present "$p" || missing="$missing $p"
	done
	[ -z "$missing" ] || install_missing
}

# present PACKAGE: it is installed, or its program is there another way. (Newer
# Ubuntu has no package of the AWS command line.)
present() {
	case $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) in
	installed) return 0 ;;
	esac
	[ "$1" = awscli ] && command -v aws >/dev/null 2>&1
}

# install_missing: $missing, for $reason.
install_missing() {
	echo "Installing:$missing"
	echo "  (for $reason)"
	sudo=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null 2>&1 || {
			echo "You are not root and there is no sudo. As root: apt-get install$missing" >&2
			return 1
		}
		sudo=sudo
	fi
	# A source of packages that does not answer need not be one that is needed.
	$sudo apt-get update -qq </dev/null || echo "The lists of packages could not all be renewed; going on with those that are here." >&2
	# shellcheck disable=SC2086 # a list of words, and sudo may be empty
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o DPkg::Lock::Timeout=120 \
		--no-install-recommends $missing </dev/null >/dev/null || {
		echo "apt-get could not install them; please see to:$missing" >&2
		return 1
	}
}

# need_go: the one thing that is assumed.
need_go() {
	# Where there is no HOME, as in some CI, Go has no place for its caches.
	HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
	PATH=$PATH:/usr/local/go/bin
	export HOME PATH
	command -v go >/dev/null 2>&1 || {
		echo "Go is missing. Keyrite needs Go 1.26 or newer: https://go.dev/dl/" >&2
		return 1
	}
	v=$(go env GOVERSION)
	minor=${v#go1.}
	minor=${minor%%[!0-9]*}
	[ "${minor:-0}" -ge 26 ] || {
		echo "This is $v. Keyrite needs Go 1.26 or newer: https://go.dev/dl/" >&2
		return 1
	}
}

# cache: where built programs and pinned tools are kept between runs.
cache() {
	dir=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/keyrite
	mkdir -p "$dir/bin"
	echo "$dir"
}

# tool MODULE VERSION: prints the path of a pinned program, built once. It is not
# in go.mod, whose modules would become many.
tool() {
	name=${1##*/}
	exe=$(cache)/bin/$name-$2
	if [ ! -x "$exe" ]; then
		echo "Building $name $2 (once)." >&2
		fresh=$(mktemp -d)
		GOFLAGS='' GOEXPERIMENT='' GOBIN=$fresh go install "$1@$2" >&2 && mv "$fresh/$name" "$exe" || return 1
		rm -rf "$fresh"
	fi
	echo "$exe"
}
