#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# `make install` into a staging folder: what is there afterwards, what the unit names, and what a second one leaves alone.
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

[ -x "$O/userspace/ostlerd" ] || skip_all "needs $O/userspace/ostlerd: make userspace"
stage=$tmp/stage
conf=$stage/etc/ostler/ostler.conf

# install_to PREFIX - its output goes to $tmp/said
install_to()
{
	env O="$O" DESTDIR="$stage" PREFIX="$1" "$top/tools/install" >"$tmp/said" 2>&1
}

# installed MODE FILE
installed()
{
	is "$2 is there" "$(stat -c %a "$stage$2" 2>&1)" "$1"
}

ok "installs" install_to /opt/ostler || diag "$(cat "$tmp/said")"
installed 755 /opt/ostler/sbin/ostlerd
installed 755 /opt/ostler/bin/ostlerctl
installed 755 /opt/ostler/lib/ostler/libostler-agent.so
installed 644 /opt/ostler/lib/systemd/system/ostlerd.service
installed 644 /opt/ostler/lib/sysusers.d/ostler.conf
installed 644 /opt/ostler/share/bash-completion/completions/ostlerctl
for page in ostlerd.8 ostler.conf.5 ostlerctl.1; do
	installed 644 "/opt/ostler/share/man/man${page##*.}/$page"
done
installed 644 /etc/ostler/ostler.conf
is "nothing is half written" "$(find "$stage" -name '*.new')" ""
for module in "$O"/kmod/*/ostler.ko; do
	[ ! -e "$module" ] || installed 644 "/lib/modules/$(basename "$(dirname "$module")")/updates/ostler.ko"
done

is "what was installed runs" "$("$stage/opt/ostler/bin/ostlerctl" --help | head -n 1 | cut -d ' ' -f 1-2)" "usage: ostlerctl"
ok "and takes the configuration that was installed" "$stage/opt/ostler/sbin/ostlerd" --check-config -c "$conf"
like "which names the collector where it is" "$(cat "$conf")" $'\nagent_library = /opt/ostler/lib/ostler/libostler-agent.so'
unit=$stage/opt/ostler/lib/systemd/system/ostlerd.service
is "the unit starts what was installed" "$(sed -n 's/^ExecStart=//p' "$unit")" /opt/ostler/sbin/ostlerd
if command -v systemd-analyze >/dev/null; then
	# where it would be if the staging folder were the root
	sed "s|^ExecStart=|ExecStart=$stage|" "$unit" >"$tmp/ostlerd.service"
	systemd-analyze verify --man=no "$tmp/ostlerd.service" >"$tmp/verified" 2>&1
	is "systemd finds nothing to say of it" "$(grep -F ostlerd.service "$tmp/verified")" ""
else
	skip "systemd finds nothing to say of it" "systemd-analyze is not installed"
fi
lacking=$(comm -23 <(grep -oE '^	CAP_[A-Z_]+' "$top/userspace/ostlerd/main.c" | tr -d '\t' | sort) \
	<(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr ' ' '\n' | sort))
is "the unit leaves it every capability that it keeps" "$lacking" ""

echo "# mine" >>"$conf"
ok "installs once more" install_to /opt/ostler || diag "$(cat "$tmp/said")"
is "a configuration that was changed is kept" "$(tail -n 1 "$conf")" "# mine"
ok "and what it would be is beside it" grep -q agent_library "$conf.new"
like "which is said" "$(cat "$tmp/said")" "was kept as it is"
fails "a prefix that is no absolute folder is refused" env O="$O" DESTDIR="$stage" PREFIX=opt "$top/tools/install"
fails "as is a folder where nothing was built" env O="$tmp" DESTDIR="$stage" PREFIX=/opt/ostler "$top/tools/install"
done_testing
