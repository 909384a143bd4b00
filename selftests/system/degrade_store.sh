#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# A store that can't be used is left as it is; the daemon says why, and goes on without.
# shellcheck disable=SC2016,SC2119 # wait_for evaluates its condition; stop_ostlerd's signal is optional
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_system

# without DESC PATH REGEX - the daemon works without this store, and says REGEX
without()
{
	start_daemon "store.path=$2" || { not_ok "$1: the daemon starts"; return; }
	is "$1: it goes on without" "$(get /v1/status .parts.store)" false
	like "$1: and says why" "$(degraded store)" "$3"
	ok "$1: an end is orderly" stop_ostlerd
}

mkdir "$tmp/fixed"
mount -t tmpfs -o ro fixed "$tmp/fixed"
at_exit 'umount "$tmp/fixed"'
without "a folder that can't be written" "$tmp/fixed/ostler.db" 'read-only|Read-only'

head -c 8192 /dev/urandom >"$tmp/noise.db"
sum=$(sha256sum <"$tmp/noise.db")
without "a file that is no database" "$tmp/noise.db" 'damaged or no SQLite file.*move it aside'
is "it is left as it was" "$(sha256sum <"$tmp/noise.db")" "$sum"

start_daemon "store.path=$tmp/sound.db"
is "a sound store is used" "$(get /v1/status .parts.store)" true
stop_ostlerd
/usr/bin/python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("pragma user_version = 9999")' "$tmp/sound.db"
without "a store of a newer version" "$tmp/sound.db" 'version 9999.*newer daemon'
without "a folder that isn't there" "$tmp/no/such/ostler.db" 'no/such'

start_daemon store.path=
is "none wanted is no fault" "$(degraded store)" ""
done_testing
