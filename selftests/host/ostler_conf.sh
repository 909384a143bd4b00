#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The ostler.conf that is installed is what the daemon prints of itself, and the daemon accepts it.
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

daemon=$O/userspace/ostlerd
conf=$top/userspace/ostlerd/service/ostler.conf
[ -x "$daemon" ] || skip_all "needs $daemon: make userspace"

"$daemon" --print-config >"$tmp/printed"
ok "the installed file is the printed one" diff -u "$conf" "$tmp/printed"
ok "it is accepted" "$daemon" --check-config -c "$conf"
sed 's/^;//' "$conf" >"$tmp/all.conf"
ok "so is every key at its default" "$daemon" --check-config -c "$tmp/all.conf"
exits 2 "a mistake is refused" "$daemon" --check-config -o log.level=loud
done_testing
