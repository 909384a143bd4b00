#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
# One walk reads what memory.current, memory.events and cpu.stat say, for any number of instances and what is nested in them.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_probes

start_probes || { not_ok "the probes load" "$probes_said"; done_testing; exit; }
is "there is nothing to walk before a root is known" "$(ask sample)" \
	"error 107 Transport endpoint is not connected"
watched a
a=$id
dir=$(instance_path a)
ask attach "$instances_root"
ok "the sampling iterator works" have sample
mkdir -p "$dir/inner"
inner=$(instance_id a/inner)

start_in_instance a "$load" hold 20 >/dev/null
holder=$last_pid
wait_for "[ \"\$(cat $dir/memory.current)\" -gt 20000000 ]"
for _ in 1 2; do
	run_in_instance a "$load" spin 150
	run_in_instance a/inner "$load" spin 250
done

field()
{
	sed -n "s/^instance=$1 .*\<$2=\([0-9]*\).*/\1/p" "$tmp/sample"
}

# what runs meanwhile changes both: take a sample between two readings that agree, and compare it with them
look()
{
	cat "$dir/memory.current" >"$tmp/memory.$1"
	cat "$dir/cpu.stat" >"$tmp/cpu.$1"
	cat "$dir/inner/cpu.stat" >"$tmp/nested.$1"
}

settled()
{
	look before
	ask sample >"$tmp/sample"
	look after
	cmp -s "$tmp/memory.before" "$tmp/memory.after" && cmp -s "$tmp/cpu.before" "$tmp/cpu.after" &&
		cmp -s "$tmp/nested.before" "$tmp/nested.after"
}
ok "the instance is at rest" wait_for settled
is "instance and nested cgroup are sampled, parents first" \
	"$(sed 's/ .*parent=/ /; s/ high.*//' "$tmp/sample")" "instance=$a 0
instance=$inner $a"
is "memory is memory.current" "$(field "$a" memory)" "$(cat "$tmp/memory.after")"
usage=$(sed -n 's/^usage_usec //p' "$tmp/cpu.after")
nested=$(sed -n 's/^usage_usec //p' "$tmp/nested.after")
diag "cpu.stat: $usage us, of them $nested nested; sampled: $(field "$a" cpu_ns) and $(field "$inner" cpu_ns) ns"
is "CPU time of the nested cgroup is cpu.stat's" $(($(field "$inner" cpu_ns) / 1000)) "$nested"
sum=$((($(field "$a" cpu_ns) + $(field "$inner" cpu_ns)) / 1000))
is "and both together the instance's" "$sum" "$usage"
ok "which is what was burnt" [ "$usage" -ge 800000 ]
is "there are tasks in one and none in the other" "$(field "$a" tasks) $(field "$inner" tasks)" "1 0"

ask watch "$inner" 0
ask sample >"$tmp/sample"
is "a nested cgroup that is watched is an instance itself" "$(field "$inner" parent)" 0
echo 4M >"$dir/memory.high"
run_in_instance a "$load" spin 1
wait_for "[ \"\$(sed -n 's/^high //p' '$dir/memory.events')\" -gt 0 ]" 2 || true
ok "passes over memory.high are those of memory.events" \
	wait_for 'ask sample >"$tmp/sample"; [ "$(field "$a" high)" = "$(sed -n "s/^high //p" "$dir/memory.events")" ]'
kill "$holder"

# what an iterator prints may be 8 pages, a few hundred samples: here are more
mkdir "$dir"/inner/n{1..1200}
ask sample >"$tmp/sample"
is "1200 cgroups in one walk" "$(grep -c "parent=$inner " "$tmp/sample")" 1200
diag "$(ask walk 20)"
rmdir "$dir"/inner/n{1..1200}
# the kernel takes them away one after the other, some time after rmdir
ok "removed ones are gone" wait_for 'ask sample >"$tmp/sample"; [ "$(wc -l <"$tmp/sample")" = 2 ]'
stop_probes

start_probes --instances 2
watched a
ask attach "$instances_root"
mkdir "$dir/inner/x" "$dir/inner/y" "$dir/inner/z"
ask sample >"$tmp/sample"
is "more cgroups than room: the first ones, and an error" \
	"$(grep -c ^instance "$tmp/sample") $(grep error "$tmp/sample")" \
	"4 error 28 No space left on device"
done_testing
