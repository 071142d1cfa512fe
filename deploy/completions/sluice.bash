# bash completion of sluice. Commands and options are those that `sluice --help` prints.

_sluice()
{
    local cur prev words cword
    _init_completion || return
    local help=("${words[0]}") group=no
    [[ ${words[1]} == lists || ${words[1]} == audit ]] && group=yes
    if ((cword > 1)); then
        help+=("${words[1]}")
    fi
    if ((cword > 2)) && [[ $group == yes ]]; then
        help+=("${words[2]}")
    fi
    help+=(--help)
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("${help[@]}" 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)" -- "$cur")
    elif ((cword == 1)) || { ((cword == 2)) && [[ $group == yes ]]; }; then
        mapfile -t COMPREPLY < <(compgen -W "$("${help[@]}" 2>/dev/null | sed -nE 's/^  ([a-z-]+) .*/\1/p')" -- "$cur")
    else
        case $prev in
            --inside | --outside) _available_interfaces ;;
            --dataplane) mapfile -t COMPREPLY < <(compgen -W 'pcap xdp nfqueue' -- "$cur") ;;
            --tool) mapfile -t COMPREPLY < <(compgen -W 'nft iptables ip6tables' -- "$cur") ;;
            *) _filedir ;;
        esac
    fi
} && complete -F _sluice sluice
