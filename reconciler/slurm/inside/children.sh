# The children of a job: how they are started, followed, waited for and ended. A part of the supervisor (job.sh).

declare -a argv=()
server='' sleeper='' notices=0 held='' stop=''

running() {
    [[ -n $1 ]] && kill -0 "$1" 2>/dev/null
}

# The exit code of the child $1. When a signal interrupts the waiting, bash can lose a child that ends at that moment:
# its code is not known then (255), and one must not wait for it again, as that would never end.
await() {
    local code seen=''
    while [[ $seen != "$notices" ]] && { [[ ! $seen ]] || running "$1"; }; do
        seen=$notices code=0
        wait "$1" || code=$?
    done
    [[ $seen == "$notices" ]] || code=255
    return "$code"
}

# Run a command for at most $1 seconds. In the background, so that a signal to this job is not kept waiting.
within() {
    timeout --kill-after=1 "$1" "${@:2}" &
    await "$!"
}

# Become a program of the service. Secrets enter here, in the child only: no script, comment or argument has them.
become() {
    local secret_name # one that no variable of the service has
    environment
    for secret_name in "${!secret_files[@]}"; do
        export "$env_prefix$secret_name=$(<"${secret_files[$secret_name]}")"
    done
    [[ ! $veil ]] || exec {veil}>&-
    cd -- "$scratch" && exec -- "$@" {answers}>&- {journal}>&-
}

# Start a child in a process group of its own: signals to this job do not reach it by themselves, and job control
# keeps bash from making it ignore SIGINT, as it does with other background commands.
launch() {
    held=yes # a stop that came before the child is known would leave it alone
    set -o monitor
    ([[ ! $veil ]] || exec 1>&"$veil" 2>&1; become "$@") &
    server=$!
    set +o monitor
    held=''
    [[ ! $stop ]] || asked_to_stop
}

# The exit code of what was launched.
follow() {
    while running "$server"; do
        nap 60
        heed
    done
    local code=0
    await "$server" || code=$?
    server=''
    return "$code"
}

# Sleep for $1 seconds, or until the server ends or there is something to heed.
nap() {
    running "$server" || return 0
    timeout --signal=KILL "$1" tail --follow --sleep-interval=0.5 --pid="$server" /dev/null &
    sleeper=$!
    ((heeded < notices)) || wait "$sleeper" 2>/dev/null
    wake
}

# Waited for, as bash would announce its end in the log.
wake() {
    [[ -z $sleeper ]] || { kill -s TERM "$sleeper" && wait "$sleeper"; } 2>/dev/null
    sleeper=''
}

# What a server leaves behind is asked to end, and has two seconds for it: some of it cleans up what nobody else would, as
# the shared memory of a killed vLLM.
ask_rest() {
    local tries=0
    kill -s TERM -- "-$server" 2>/dev/null
    while ((tries++ < 20)) && kill -0 -- "-$server" 2>/dev/null; do
        sleep 0.1
    done
}
