# Supervisor of one replica inside a Slurm job. Needs bash 4.4, coreutils, util-linux' flock, and Slurm's squeue and
# scontrol for the report.
#
# The rendered script sets job_mark, job_replica and job_limit (seconds; 0: none) before this text. After it come the
# other assignments (service, port_range, volumes, …), the functions environment, prepare, server_command, probe and
# first_request, the site's own lines, and the call of `supervise`. References to ports, volumes and secret files are the
# arrays filled here. The other programs of this folder are parts of it, and stand before it. Lines that are only a
# comment are not sent to Slurm.

declare -A ports=() storage=()
node=$(uname -n) node=${node//[^A-Za-z0-9._-]/}
leader='' scratch='' memory='' port_words='' locked=''

# The log of the job, also where what bash itself has to say is not wanted.
exec {journal}>&2

log() {
    TZ=UTC printf '%(%FT%TZ)T reconciler: %s\n' -1 "$*" >&"$journal"
}

# One step before the start, unless the file $1 shows that it was done.
step() {
    [[ -e $1 ]] && return
    log "prepare: $2"
    launch "${@:2}"
    local code=0
    follow || code=$?
    ((code == 0)) || give_up "the step $2 ended with $code" "step-$code" "${2##*/}"
}

# Once an hour the comment is looked at without a word from anybody: it may have been changed, and the word got lost. A
# start is asked for ten times a second at first, then every half second.
watch_server() {
    local failed=0 good=0 seen pause began=$SECONDS deadline=$((SECONDS + probe_startup)) ask_at=$((SECONDS + 3600))
    while running "$server"; do
        ((SECONDS < ask_at)) || ((++notices, ask_at = SECONDS + 3600))
        heed
        seen=$notices pause=0.5
        ((SECONDS - began > 3)) || pause=0.1
        if probe; then
            failed=0
            ((++good < probe_successes)) || become_well || pause=$probe_interval
        elif [[ $seen != "$notices" ]]; then
            continue # the answer may have been lost
        else
            good=0
            ((++failed < probe_failures)) || [[ $stage == starting ]] || report bad
        fi
        if [[ $stage == starting ]]; then
            ((SECONDS < deadline)) || end_server late "not healthy $probe_startup s after its start${complaint:+: $complaint}"
            report starting
        else
            pause=$probe_interval
        fi
        write_report
        nap "$pause"
    done
}

# Healthy, once a start has done its first real work as well.
become_well() {
    [[ $stage != starting ]] || first_request || return
    start_exporter
    report ok
}

# Ask the server to end, wait for its grace, kill what is left of it, and end the job. $1: stage, $2: why.
# With a drain, it goes on for so many seconds after its clients could see that it stops.
end_server() {
    trap '' TERM USR1 ALRM
    heeded=$notices
    wake
    log "$2; stopping"
    if ((drain)) && [[ $stage == ok ]] && running "$server"; then
        patience=2
        report "$1"
        nap "$drain"
    fi
    end_exporter
    running "$server" && kill -s "$stop_signal" "$server"
    patience=15
    report "$1"
    nap "$stop_grace"
    finish
}

asked_to_stop() {
    stop=yes
    [[ $held ]] || end_server stopping "asked to stop"
}

# The end of the job, with the code of the server.
finish() {
    local code=0
    stop_timer
    end_exporter
    if [[ -n $server ]]; then
        if running "$server"; then
            log "killed after $stop_grace s"
        else
            ask_rest
        fi
        kill -s KILL -- "-$server" 2>/dev/null
        await "$server" 2>/dev/null || code=$?
    fi
    lift_veil
    [[ $stage == late && $code == 0 ]] && code=1
    log "ended with $code"
    report "${stage:-starting}" "$code"
    exit "$code"
}

# What the service was told to read is there before anything of it starts. $1: folder or file, $2: parameter, $3: path.
needs() {
    local kind=-f
    [[ $1 == file ]] || kind=-d
    test "$kind" "$3" && [[ -r $3 ]] && return
    give_up "config.$2: there is no $1 $3 on this node that can be read" "no-$1" "config.$2"
}

# The image is there as well. $1: its file, $2: its address.
needs_image() {
    [[ -r $1 ]] && return
    give_up "there is no image $1 on this node that can be read; \`apptainer pull $1 $2\` makes it" no-image "${1##*/}"
}

check_programs() {
    local name
    for name in "${programs[@]}"; do
        (environment; type -P "$name") >/dev/null ||
            give_up "no program $name on the PATH of this node" no-program "$name"
    done
}

# The job cannot go on; 78 is EX_CONFIG of sysexits.h. $1: why, for the log; $2 and $3: a word for the report, and what
# it is about, of which the report has room for the end.
give_up() {
    local LC_ALL=C about
    about=${3//[^A-Za-z0-9_.\/%:-]/_}
    ((${#about} <= 60)) || about=${about: -60}
    complaint=${2-}${about:+@$about}
    log "$1"
    report starting 78
    exit 78
}

tidy() {
    stop_timer
    lift_veil
    forget_file
    rm -rf -- ${scratch:+"$scratch"} ${memory:+"$memory"} ${trial:+"$trial"}
}

supervise() {
    umask 077
    report_file=$logs_folder/$service.$job_replica-$SLURM_JOB_ID.report
    look_up || log "squeue does not tell about job $SLURM_JOB_ID; goes on with what was submitted"
    find_exporter
    find_ports
    ((machines == 1)) || name_leader
    report starting
    watch_limit
    make_folders
    ((stateful)) && lock_data
    get_secrets
    check_programs
    inputs
    prepare
    server_command
    launch "${argv[@]}"
    watch_server
    finish
}

trap tidy EXIT
trap '((++notices))' USR1
trap limit_near ALRM
trap asked_to_stop TERM
