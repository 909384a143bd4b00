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
