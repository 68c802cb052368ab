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
