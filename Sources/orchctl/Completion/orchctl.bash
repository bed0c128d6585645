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
