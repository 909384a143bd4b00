#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# selftests/run takes nothing bad for good: each way in which a test can go wrong fails it, and is counted.
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

# run_body STATUS COUNTS BODY - run a test with this body; the runner's exit status and counts must be these. It may take
# limit seconds.
run_body()
{
	printf '#!/bin/bash\n# timeout: %d\n%s\n' "${limit:-60}" "$3" >"$tmp/body.sh"
	chmod +x "$tmp/body.sh"
	local status=0
	rm -f "$tmp/count"
	"$top/selftests/run" --log "$tmp/log" --count "$tmp/count" "$tmp/body.sh" || status=$?
	[ "$status" = "$1" ] && [ "$(cat "$tmp/count")" = "$2" ]
}

with_common=". '$top/selftests/common.sh'"
ok "TAP that holds" run_body 0 "2 0 0" 'echo 1..2; echo ok 1; echo ok 2 - two'
ok "no TAP, exit 0" run_body 0 "1 0 0" 'true'
ok "no TAP, exit 1" run_body 1 "0 1 0" 'exit 1'
ok "a result that is not ok, exit 0" run_body 1 "1 1 0" 'echo ok 1; echo not ok 2; exit 0'
ok "a result that is not ok, exit 4" run_body 1 "0 1 0" 'echo not ok 1; exit 4'
ok "all ok, exit 1" run_body 1 "1 1 0" 'echo ok 1; exit 1'
ok "all ok, died by a signal" run_body 1 "1 1 0" 'echo ok 1; kill -SEGV $$'
ok "fewer results than planned" run_body 1 "1 1 0" 'echo 1..2; echo ok 1'
limit=2 ok "no end" run_body 1 "1 1 0" 'echo ok 1; sleep 60'
ok "skipped" run_body 4 "0 0 1" 'exit 4'
ok "skipped in part" run_body 0 "1 0 1" 'echo ok 1; echo ok 2 - x '\''# SKIP'\'' y'
ok "a script that never said it was done" run_body 1 "1 1 0" "$with_common; ok one; exit 0"
ok "a script that is done" run_body 0 "2 0 1" "$with_common; ok one; ok two true; skip three because; done_testing"
ok "a script that skips it all" run_body 4 "0 0 1" "$with_common; skip_all because"
exits 1 "an unknown room is refused" "$top/selftests/run" --log "$tmp/log" no-such-room
exits 1 "so is a file that is not there" "$top/selftests/run" --log "$tmp/log" "$tmp/none.sh"
done_testing
