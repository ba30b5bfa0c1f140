# The exporter beside the server: a small program that exports the server's metrics. A part of the supervisor (job.sh),
# which says when. Nothing that happens to it is the server's: without its program the service goes on, and what ends is
# started again.

exporter_port='' exporter_image='' exporter_program='' exporter=''
declare -a exporter_names=() exporter_argv=()
declare -A exporter_secrets=()

# Before the ports are found: nobody is to be sent to the port of an exporter that is not there.
find_exporter() {
    local name kept=()
    [[ $exporter_port ]] || return 0
    for name in "${exporter_names[@]}"; do
        exporter_program=$(exporter_environment && type -P "$name") && break
    done
    if [[ ! $exporter_program ]]; then
        log "no program ${exporter_names[*]} on the PATH of this node: goes on without an exporter of metrics"
    elif [[ $exporter_image && ! -r $exporter_image ]]; then
        log "no image $exporter_image that can be read: goes on without an exporter of metrics"
    else
        return 0
    fi
    for name in "${port_names[@]}"; do
        [[ $name == "$exporter_port" ]] || kept+=("$name")
    done
    port_names=("${kept[@]}") exporter_port=''
}

# In a process group of its own, as the server.
start_exporter() {
    [[ $exporter_port && ! $exporter ]] || return 0
    exporter_command
    held=yes
    set -o monitor
    (keep_exporter) &
    exporter=$!
    set +o monitor
    held=''
    [[ ! $stop ]] || asked_to_stop
}

# Start it again whenever it ends, after 1, 2, 4, … 60 s; after 1 s where it had run for a minute. The lock of the data is
# not for it: it may outlive this supervisor for a moment.
keep_exporter() {
    local pause=1 began code child=''
    exec 9>&-
    [[ ! $veil ]] || exec 1>&"$veil" 2>&1 {veil}>&-
    trap 'wait "$child"; exit' TERM
    while running "$$"; do
        began=$SECONDS code=0
        (become_exporter) &
        child=$!
        wait "$child" 2>/dev/null || code=$?
        ((SECONDS - began < 60)) || pause=1
        log "the exporter ended with $code; starts again in $pause s"
        sleep "$pause" &
        child=$!
        wait "$child"
        ((pause = pause < 32 ? pause * 2 : 60))
    done
}

# As `become`, with what it is to know alone.
become_exporter() {
    local secret_name
    exporter_environment
    for secret_name in "${!exporter_secrets[@]}"; do
        export "$env_prefix$secret_name=$(<"${secret_files[${exporter_secrets[$secret_name]}]}")"
    done
    cd -- "$scratch" && exec -- "${exporter_argv[@]}" {answers}>&- {journal}>&-
}

# It has a second, so that the server has what is left of its time.
end_exporter() {
    local tries=0
    [[ $exporter ]] || return 0
    {
        kill -s TERM -- "-$exporter"
        while kill -s 0 -- "-$exporter" && ((++tries < 10)); do
            sleep 0.1
        done
        kill -s KILL -- "-$exporter"
        wait "$exporter"
    } 2>/dev/null
    exporter=''
}
