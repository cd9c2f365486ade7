# SPDX-License-Identifier: Apache-2.0
# What the scripts of sysv/ have in common: they say program, user, arguments and prepare(), and
# read this before they do anything. It knows a running program by its file, so that one the bus started is found too.
# shellcheck shell=sh disable=SC2154 # they say it

name=${program##*/}
locked_kib=16384
said=/run/$name.said

alive() {
	start-stop-daemon -K -t -q -x "$program" >/dev/null 2>&1
}

# Standard output may carry words, and is for nobody here.
run() {
	# shellcheck disable=SC2086 # several arguments, or none
	start-stop-daemon -S -q -c "$user" -x "$program" -- ${arguments-} 2>&1 >/dev/null </dev/null |
		while IFS= read -r line; do
			logger -t "$name" -- "$line" || :
			[ ! -e "$said" ] || echo "$line" >>"$said"
		done
}

service_start() {
	if alive; then
		echo "$name: it is running"
		return 0
	fi
	prepare
	ulimit -l "$locked_kib" 2>/dev/null || :
	ulimit -c 0
	: >"$said"
	run >/dev/null 2>&1 &
	# It refuses at once what it cannot work with.
	sleep 2
	if alive; then
		rm -f "$said"
		return 0
	fi
	cat "$said" >&2
	rm -f "$said"
	return 1
}

service_stop() {
	alive || return 0
	start-stop-daemon -K -q -x "$program"
	# It ends what it is at: on a slow disk, or a busy machine, that takes its time.
	seconds=0
	while alive; do
		if [ $((seconds += 1)) -gt 30 ]; then
			echo "$name: it did not stop within 30 seconds" >&2
			return 1
		fi
		sleep 1
	done
}

service_status() {
	if alive; then
		echo "$name: it is running"
	else
		echo "$name: it is not running"
		exit 3
	fi
}
