# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For script cases: . "$KPLUG_SRC/tests/vm/rig/tap.sh", then checks, then plan at the very end.
tap_count=0
tap_failed=0

ok() { tap_count=$((tap_count + 1)); echo "ok $tap_count - $*"; }
skip() { tap_count=$((tap_count + 1)); echo "ok $tap_count # SKIP $*"; }

# notok TEXT [DETAILS]
notok()
{
	tap_count=$((tap_count + 1))
	tap_failed=1
	echo "not ok $tap_count - $1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
}

# is GOT WANTED TEXT
is() { if [ "$1" = "$2" ]; then ok "$3"; else notok "$3" "got:    $1" "wanted: $2"; fi; }
isnt() { if [ "$1" != "$2" ]; then ok "$3"; else notok "$3" "got: $1"; fi; }

# like GOT REGEX TEXT
like() { if grep -Eq -- "$2" <<<"$1"; then ok "$3"; else notok "$3" "got:    $1" "wanted: $2"; fi; }

# runs TEXT COMMAND...: succeeds
runs()
{
	local text=$1 out rc=0
	shift
	out=$("$@" 2>&1) || rc=$?
	if [ "$rc" = 0 ]; then ok "$text"; else notok "$text" "$* -> $rc" "$out"; fi
}

# run_fails STATUS REGEX TEXT COMMAND...: ends with just this status, and its output matches
run_fails()
{
	local status=$1 regex=$2 text=$3 out rc=0
	shift 3
	out=$("$@" 2>&1) || rc=$?
	if [[ $rc =~ ^${status}$ ]] && grep -Eq -- "$regex" <<<"$out"; then
		ok "$text"
	else
		notok "$text" "$* -> $rc, wanted $status" "$out" "wanted: $regex"
	fi
}

plan() { echo "1..$tap_count"; exit "$tap_failed"; }
