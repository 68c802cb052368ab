# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# count_tap FILE: sets TAP_PASS, TAP_FAIL, TAP_SKIP, and TAP_WRONG to what is wrong with the output as a whole, if anything.
# A program of several cmocka groups prints several plans: they add up.
count_tap()
{
	local line planned=0 plans=0
	TAP_PASS=0 TAP_FAIL=0 TAP_SKIP=0
	while read -r line || [ -n "$line" ]; do
		case $line in
		1..[0-9]*)
			line=${line#1..}
			planned=$((planned + ${line%%[!0-9]*})) plans=1
			;;
		*'# SKIP'* | *'# skip'*) TAP_SKIP=$((TAP_SKIP + 1)) ;;
		'ok '*) TAP_PASS=$((TAP_PASS + 1)) ;;
		'not ok '*) TAP_FAIL=$((TAP_FAIL + 1)) ;;
		'Bail out!'*) TAP_FAIL=$((TAP_FAIL + 1)) planned=$((planned + 1)) ;;
		esac
	done < <(grep -aE '^(1\.\.[0-9]|ok |not ok |Bail out!)' "$1")

	if [ $((TAP_PASS + TAP_FAIL + TAP_SKIP)) = 0 ]; then
		TAP_WRONG="no test was run"
	elif [ "$plans" = 0 ]; then
		TAP_WRONG="no plan"
	elif [ "$planned" != $((TAP_PASS + TAP_FAIL + TAP_SKIP)) ]; then
		TAP_WRONG="$planned tests planned, $((TAP_PASS + TAP_FAIL + TAP_SKIP)) run"
	elif [ "$TAP_FAIL" != 0 ]; then
		TAP_WRONG="tests failed"
	else
		TAP_WRONG=
	fi
}

# count_lines FILE...: sets LINES_PASS, LINES_FAIL and LINES_SKIP to the sums of the cases that a guest has reported there.
count_lines()
{
	read -r LINES_PASS LINES_FAIL LINES_SKIP < <(
		cat "$@" | awk '$1 == "CASE" { p += $3; f += $4; s += $5 } END { print p + 0, f + 0, s + 0 }'
	)
}

# count_guest EARLIER LINES WHY: the verdict on a guest, from what it has reported before it was booted again and since.
# WHY: what went wrong with it, if anything: that is a failure of its own, and what had passed before it still counts.
count_guest()
{
	local told
	count_lines "$2"
	told=$(tail -n 1 "$2")
	if [ -z "$3" ] && [ "$told" != "VERDICT pass=$LINES_PASS fail=$LINES_FAIL skip=$LINES_SKIP" ]; then
		set -- "$1" "$2" "the guest has counted otherwise: $told"
	fi
	count_lines "$1" "$2"
	[ -z "$3" ] || LINES_FAIL=$((LINES_FAIL + 1))
	echo "VERDICT pass=$LINES_PASS fail=$LINES_FAIL skip=$LINES_SKIP${3:+ $3}"
}

# coverage_limits ROOM=PERCENT...: TAP from rows of "NAME RUN ALL" on stdin, lines that were run of all: fails where a
# room is below its limit, or is not among the rows.
coverage_limits()
{
	local limit name run all count=0 bad=0
	local -A of=()
	while read -r name run all; do of[$name]="$run $all"; done
	for limit; do
		count=$((count + 1)) name=${limit%=*} limit=${limit#*=}
		read -r run all <<<"${of[$name]:-0 0}"
		if [ $((run * 100)) -ge $((all * limit)) ] && [ "$all" != 0 ]; then
			echo "ok $count - at least $limit % of $name is run"
		else
			bad=1
			echo "not ok $count - at least $limit % of $name is run"
			echo "#   $run of $all lines"
		fi
	done
	echo "1..$count"
	return $bad
}
