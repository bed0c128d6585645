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
