# fish completion of sluice. Commands and options are those that `sluice --help` prints.

function __sluice_commands
    sluice $argv --help 2>/dev/null | string replace --regex --filter '^  ([a-z-]+) +(.*)' '$1\t$2'
end

function __sluice_options
    set -l words (commandline --cut-at-cursor --tokenize)[2..]
    set -l command $words[1]
    contains -- "$command" lists audit; and set command $words[1..2]
    sluice $command --help 2>/dev/null | string match --regex --all -- '--[a-z][a-z-]*' | sort -u
end

complete -c sluice -n __fish_use_subcommand -f -a '(__sluice_commands)'
for group in lists audit
    complete -c sluice -n "__fish_seen_subcommand_from $group; and test (count (commandline --cut-at-cursor --tokenize)) -eq 2" -f -a "(__sluice_commands $group)"
end
complete -c sluice -n 'string match --quiet -- "-*" (commandline --current-token)' -f -a '(__sluice_options)'
