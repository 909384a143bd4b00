# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the scripts in tools/ and selftests/ share. Sourced; defines functions and runs nothing.

# die MESSAGE... - one clear line on stderr, then exit 1
die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# note MESSAGE... - a progress line on stderr, out of the way of results on stdout
note()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# as_root COMMAND... - run it as root, by sudo where needed
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root for '$*', and there is no sudo: run this as root"
	fi
}

# packages_of GROUP... - names from tools/packages
packages_of()
{
	local group
	for group in "$@"; do
		awk -v group="$group" '$1 == group { print $2 }' "$(dirname "${BASH_SOURCE[0]}")/packages"
	done
}

# missing_packages PACKAGE... - those that are not installed
missing_packages()
{
	local package
	for package in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s\n' "$package"
	done
}

apt_install()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 install \
		--no-install-recommends "$@"
}

# ensure_packages PACKAGE... - install those that are missing; with what is there already nothing runs as root
ensure_packages()
{
	local missing log
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		note "this is no Debian, so nothing is installed; what is needed is listed in tools/packages"
		return 0
	fi
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	note "installing ${#missing[@]} Debian packages: ${missing[*]}"
	log=$(mktemp)
	# the package lists may be missing or out of date: renew them only when it does not work without
	if ! apt_install "${missing[@]}" >"$log" 2>&1; then
		if ! { as_root apt-get -q -o DPkg::Lock::Timeout=600 update && apt_install "${missing[@]}"; } >"$log" 2>&1; then
			tail -n 15 "$log" >&2
			rm -f "$log"
			die "could not install the packages above: install them by hand, or mend apt"
		fi
	fi
	rm -f "$log"
}

# ensure_kernel VERSION - print the newest kernel of that version that tools/vm can boot and whose headers are
# here, and have Debian's fetched when there is none
ensure_kernel()
{
	local vm version kdir found=''
	vm=$(dirname "${BASH_SOURCE[0]}")/vm
	while read -r version kdir; do
		case $version in
		"$1" | "$1".* | "$1"-* | "$1"+*) [ "$kdir" = - ] || found=$version ;;
		esac
	done < <("$vm" kernels)
	if [ -z "$found" ]; then
		kernel_package image "$1" >/dev/null || as_root apt-get -q update >/dev/null || return 1
		found=$("$vm" get "$1") || return 1
	fi
	printf '%s\n' "$found"
}

# headers_of VERSION - the folder of that kernel's headers, for KDIR=
headers_of()
{
	if [ -e "/lib/modules/$1/build/Makefile" ]; then
		printf '%s\n' "/lib/modules/$1/build"
	else
		"$(dirname "${BASH_SOURCE[0]}")/vm" kernels | awk -v version="$1" '$1 == version && $2 != "-" { print $2; exit }'
	fi
}

# unfit_reason - why this host can be no worker host for our tests; prints nothing and returns 1 when it can
unfit_reason()
{
	local effective
	effective=$(sed -n 's/^CapEff:\t//p' /proc/self/status)
	if ! [ -e /proc/modules ]; then
		echo "its kernel ($(uname -r)) takes no modules"
	elif [ "$(cat /proc/sys/kernel/modules_disabled 2>/dev/null)" = 1 ]; then
		echo "loading modules was switched off (kernel.modules_disabled)"
	elif grep -qs '\[integrity\]\|\[confidentiality\]' /sys/kernel/security/lockdown; then
		echo "its kernel is locked down and takes signed modules only"
	elif [ $((16#${effective:-0} >> 16 & 1)) = 0 ] && [ "$(id -u)" = 0 ]; then
		echo "even root may load no modules here (a container?)"
	elif [ "$(stat -f -c %T /sys/fs/cgroup 2>/dev/null)" != cgroup2fs ] ||
		! grep -qw memory /sys/fs/cgroup/cgroup.controllers; then
		echo "it has no cgroup v2 with the memory controller at /sys/fs/cgroup"
	elif ! [ -e "/lib/modules/$(uname -r)/build" ] && ! apt-cache show "linux-headers-$(uname -r)" >/dev/null 2>&1; then
		echo "there are no headers for its kernel ($(uname -r)) to build the module with"
	else
		return 1
	fi
}

# choose_host auto|vm|here - print vm or here; say why
choose_host()
{
	local reason
	case $1 in
	vm) echo vm ;;
	*)
		if ! reason=$(unfit_reason); then
			echo here
		elif [ "$1" = here ]; then
			die "this host can be no worker host: $reason"
		else
			note "this host can be no worker host, so one is booted: $reason"
			echo vm
		fi
		;;
	esac
}

# vm_memory MB - as much for a worker host, but no more than half of what this machine has free
vm_memory()
{
	awk -v wanted="$1" '$1 == "MemAvailable:" { half = int($2 / 2048); print half < wanted ? half : wanted }' /proc/meminfo
}

# folder_in_host DIR - where a host booted by tools/vm finds this machine's folder
folder_in_host()
{
	case $1 in
	/tmp | /tmp/* | /run | /run/*) printf '/host%s\n' "$1" ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# kernel_package image|headers VERSION - name of Debian's newest kernel package of that version: signed, for amd64,
# no special flavour. Debian 12 has 6.1 and, from its security suite, 6.12 (+deb12).
kernel_package()
{
	apt-cache pkgnames "linux-$1-$2" | grep -E "^linux-$1-${2//./\\.}([.-][0-9.-]+)?(\\+deb[0-9]+)?-amd64\$" |
		sort -V | tail -n 1 | grep .
}

# kernel_log_faults [FILE] - print the lines of a kernel log that no healthy kernel prints; returns 0 when
# there is none, 1 otherwise. Reads stdin without FILE. A test that provokes a fault on purpose brackets it with
# lines of its own in the log (see expect_kernel_fault in selftests/common.sh); only matching lines between the two are let pass.
kernel_log_faults()
{
	tr -d '\r' <"${1:-/dev/stdin}" | awk '
	# Lines that match a fault pattern and are none. One reason each:
	function allowed(line) {
		# the boot report of the RCU and lockdep configuration, not a finding
		return line ~ /rcu: .*RCU lockdep checking is enabled/
	}
	/ostler-test: fault-expected: / { expected = $0; sub(/.*fault-expected: /, "", expected); next }
	/ostler-test: fault-over/ { expected = ""; next }
	/WARNING:|BUG:|Oops|Kernel panic|\[#[0-9]+\]/ ||
	/general protection fault[,:]|unable to handle|double fault/ ||
	/KASAN|KCSAN|KFENCE: .*error|UBSAN|refcount_t:|list_(add|del) corruption/ ||
	/possible (circular|recursive) locking|inconsistent lock state|bad unlock balance|held lock freed/ ||
	/INFO: (possible|task .* blocked|suspicious|trying to register|rcu)|rcu: INFO|suspicious RCU usage/ ||
	/(soft|hard) (lockup|LOCKUP)|scheduling while atomic|sleeping function called|Bad page state|nobody cared/ {
		if (allowed($0) || (expected != "" && $0 ~ expected))
			next
		print
		bad = 1
	}
	END { exit bad }'
}
