# SPDX-License-Identifier: Apache-2.0
# bash completion for cubby: the program itself knows what can come next.
_cubby() {
	local line
	COMPREPLY=()
	while IFS= read -r line; do
		if [[ $line == :files ]]; then
			compopt -o default 2>/dev/null
			COMPREPLY=()
			return
		fi
		COMPREPLY+=("$line")
	done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _cubby cubby
