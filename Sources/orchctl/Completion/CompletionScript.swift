/// What a shell reads to complete the words of `orchctl`: it asks `orchctl ---complete WORD...`, see ``Completion``, and leaves files and
/// the commands of tasks to the shell's own completion.
enum CompletionScript {
    static let option = "--generate-completion-script"

    /// Nil for a shell that there is none for; the parser says so then.
    static func text(for shell: String) -> String? { ["bash": bash, "zsh": zsh, "fish": fish][shell] }

    private static let bash = #"""
        # bash completion of orchctl. Where it knows nothing better, bash completes the names of files.
        _orchctl() {
            local IFS=$'\n' cur=${COMP_WORDS[COMP_CWORD]} first line
            # Bash divides words at = and :, and orchctl does not.
            local -a words=()
            local i joins=
            for ((i = 1; i <= COMP_CWORD; i++)); do
                if [[ -n $joins || (${COMP_WORDS[i]} = [=:]* && ${#words[@]} -gt 0) ]]; then
                    words[-1]+=${COMP_WORDS[i]}
                    joins=
                    [[ ${COMP_WORDS[i]} != [=:] ]] || joins=yes
                else
                    words+=("${COMP_WORDS[i]}")
                fi
            done
            local -a lines
            mapfile -t lines < <("${COMP_WORDS[0]}" ---complete "${words[@]}" 2> /dev/null)
            COMPREPLY=()
            case ${lines[0]-} in
                :command)
                    for ((i = 1; i < COMP_CWORD; i++)); do
                        [[ ${COMP_WORDS[i]} != -- ]] || break
                    done
                    if declare -F _command_offset > /dev/null; then
                        _command_offset $((i + 1))
                    elif ((i + 1 == COMP_CWORD)) && [[ $cur != */* ]]; then
                        mapfile -t COMPREPLY < <(compgen -c -- "$cur")
                    fi
                    return ;;
                :directories)
                    [[ $cur != = ]] || cur=
                    mapfile -t COMPREPLY < <(compgen -d -- "$cur")
                    return ;;
                :files) return ;;
            esac
            # What bash takes for the word to be replaced is what comes after the last of these.
            local word=${words[-1]-} cut=
            case $word in
                *=*) [[ $COMP_WORDBREAKS != *=* ]] || cut=${word%"${word##*=}"} ;;
            esac
            for line in "${lines[@]}"; do
                line=${line%%$'\t'*}
                COMPREPLY+=("${line#"$cut"}")
            done
            # There is nothing to complete, and files would be wrong.
            [[ ${#COMPREPLY[@]} -gt 0 ]] || compopt +o bashdefault +o default 2> /dev/null
            [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *[=,] ]] || compopt -o nospace 2> /dev/null
            compopt +o filenames 2> /dev/null
        }
        complete -o bashdefault -o default -o filenames -F _orchctl orchctl
        """#

    private static let zsh = #"""
        #compdef orchctl
        # zsh completion of orchctl.
        local -a lines plain described
        local line name
        lines=("${(@f)$("${words[1]}" ---complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2> /dev/null)}")
        case ${lines[1]-} in
            :command)
                local -i at=${words[(i)--]}
                shift $at words
                (( CURRENT -= at ))
                _normal ;;
            :directories)
                [[ $PREFIX != --*=* ]] || compset -P '*='
                _files -/ ;;
            :files)
                [[ $PREFIX != --*=* ]] || compset -P '*='
                _files ;;
            *)
                for line in $lines; do
                    [[ -n $line ]] || continue
                    name=${line%%$'\t'*}
                    plain+=("$name")
                    if [[ $line = *$'\t'* ]]; then described+=("$name -- ${line#*$'\t'}"); else described+=("$name"); fi
                done
                compadd -l -d described -a plain ;;
        esac
        """#

    private static let fish = #"""
        # fish completion of orchctl.
        function __orchctl_complete
            set -l tokens (commandline --current-process --tokenize --cut-at-cursor)
            set -l current (commandline --current-token --cut-at-cursor)
            set -l lines ($tokens[1] ---complete $tokens[2..] "$current" 2> /dev/null)
            set -l prefix (string match --regex -- '^--[^=]*=' $current)
            switch "$lines[1]"
                case :command
                    set -l at (contains --index -- -- $tokens)
                    set -l rest $tokens[(math $at + 1)..]
                    complete --do-complete (string join ' ' -- (string escape -- $rest) $current)
                case :directories
                    __fish_complete_directories (string replace --regex -- '^--[^=]*=' '' $current) | string replace --regex -- '^' "$prefix"
                case :files
                    __fish_complete_path (string replace --regex -- '^--[^=]*=' '' $current) | string replace --regex -- '^' "$prefix"
                case '*'
                    string join \n -- $lines
            end
        end
        complete --command orchctl --no-files --arguments '(__orchctl_complete)'
        """#
}
