#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs what the rig needs on this machine, or says what is missing.
set -euo pipefail

cd "$(dirname "$0")"
. ./lib.sh

missing=()
for command in make mmdebstrap cpio xz flock unshare; do
	command -v "$command" >/dev/null || missing+=("$command")
done
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
if [ ${#missing[@]} = 0 ]; then
	need_root
	exit
fi

# shellcheck source=/dev/null
. /etc/os-release
case ${ID:-} in
debian)
	need_root
	say "installing for ${missing[*]}: ${HOST_PACKAGES[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -qq -y --no-install-recommends "${HOST_PACKAGES[@]}" >&2 ||
		{ apt-get update -qq >&2 && apt-get install -qq -y --no-install-recommends "${HOST_PACKAGES[@]}" >&2; }
	;;
*)
	die "missing: ${missing[*]}. Debian's packages with them: ${HOST_PACKAGES[*]}"
	;;
esac
