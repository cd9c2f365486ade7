# SPDX-License-Identifier: Apache-2.0
# fish completion for cubby: the program itself knows what can come next.
function __cubby_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (command $words[1] __complete $words[2..-1] 2>/dev/null)
    if test "$found[1]" = :files
        __fish_complete_path (commandline -ct)
    else
        printf '%s\n' $found
    end
end
complete -c cubby -f -a '(__cubby_complete)'
