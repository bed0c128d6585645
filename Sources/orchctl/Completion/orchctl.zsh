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
