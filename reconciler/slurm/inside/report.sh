# What a job and Slurm tell each other: the start and the limit of this run, and the report in the job's comment.
# A part of the supervisor (job.sh).

run_start='' stage='' since='' wanted_report='' written_report='' refused_report='' retry_at=0 report_file=''
patience=15 looked_at=0 superseded='' data_wanted='' timer='' heeded=0 told='' told_at=0

# Ask Slurm what may change in the life of a job: when this run began, its limit, and the mark in its comment. Another
# text in the comment is not believed; only the end of a mark (from v=) changes on a living job. Another start is that
# of another run, which Slurm has begun (or will) as it took the node of this one for lost.
look_up() {
    local start end comment own="${job_mark%% v=*} v="
    read -r start end comment < <(
        SLURM_TIME_FORMAT=%s timeout --kill-after=1 "$patience" \
            squeue --noheader --job "$SLURM_JOB_ID" --format '%S %e %k' 2>/dev/null
    )
    [[ $start =~ ^[0-9]+$ ]] || return 1
    looked_at=$SECONDS
    if [[ $run_start && $start != "$run_start" ]]; then superseded=yes report_file=''; fi
    run_start=${run_start:-$start}
    if [[ $end =~ ^[0-9]+$ ]]; then job_limit=$((end - start)); else job_limit=0; fi
    comment=${comment%% n=*}
    if [[ $comment == "$own"* && ${comment#"$own"} =~ ^[^\ ]*(\ q=[^\ ]*\ l=[0-9]+)?$ ]]; then job_mark=$comment; fi
}

# Put the stage $1 (and the exit code $2) behind the mark in this job's comment, where the next look finds them; and what
# is wrong: at once with a new stage, and then once a minute, as it may be another thing at each probe.
report() {
    [[ $1 == "$stage" && $since ]] || printf -v since '%(%s)T' -1
    if [[ $1 != "$stage" || ${2-} ]] || ((SECONDS - told_at >= 60)); then told=$complaint told_at=$SECONDS; fi
    stage=$1
    wanted_report="$job_mark n=$node${port_words:+ p=$port_words}${run_start:+ t=$run_start} h=$1 u=$since${2:+ x=$2}"
    if [[ $told && $stage == @(starting|bad|late) ]] && ((${#wanted_report} + ${#told} < 1000)); then
        wanted_report+=" w=$told"
    fi
    write_report
}

# A report that could not be written (the controller is away) is tried again every 30 s; a file has it meanwhile.
write_report() {
    [[ $wanted_report != "$written_report" ]] || return 0
    [[ $wanted_report != "$refused_report" ]] || ((SECONDS >= retry_at)) || return 0
    ((SECONDS - looked_at < 5)) || look_up
    [[ ! $superseded ]] || return 0
    if within "$patience" scontrol update "JobId=$SLURM_JOB_ID" "Comment=$wanted_report"; then
        written_report=$wanted_report refused_report=''
        forget_file
        return
    fi
    [[ $wanted_report == "$refused_report" ]] ||
        log "could not write the stage $stage into the comment of job $SLURM_JOB_ID; goes on"
    refused_report=$wanted_report retry_at=$((SECONDS + 30))
    write_file
}

write_file() {
    [[ $report_file ]] || return 0
    { printf '%s\n' "$wanted_report" >"$report_file.new" && mv -f -- "$report_file.new" "$report_file"; } 2>/dev/null
}

forget_file() {
    [[ -z $report_file ]] || rm -f -- "$report_file.new" "$report_file"
}

# Have this job stop its server in time before the limit: after what is left for it, at least half of the limit.
watch_limit() {
    stop_timer
    ((job_limit)) || return 0
    local after=$((job_limit - stop_grace - drain - 8))
    ((after > job_limit / 2)) || after=$((job_limit / 2))
    ((after -= SECONDS))
    ((after > 0)) || end_server expiring "the time limit is near"
    start_timer "$after" ALRM
}

# Send this job the signal $2 in $1 seconds. The lock of the data is not for what may outlive this supervisor by hours.
start_timer() {
    set -o monitor
    (exec 9>&- && sleep "$1" && kill -s "$2" "$$") &
    timer=$!
    set +o monitor
}

# Waited for, as bash would announce its end in the log.
stop_timer() {
    [[ -z $timer ]] || { kill -s KILL -- "-$timer" && wait "$timer"; } 2>/dev/null
    timer=''
}

# The timer says so; but somebody may have raised the limit, or Slurm may have suspended the job.
limit_near() {
    ((++notices, ++heeded))
    timer='' patience=2
    look_up || end_server expiring "the time limit is near"
    patience=15
    watch_limit
}

# USR1 (from Slurm near the limit, from the daemon after a change) says: look at the limit and at the comment again. So
# does a job that waits for this one's data.
heed() {
    if [[ -e $data_wanted ]]; then look_up && rm -f -- "$data_wanted"; fi
    [[ ! $superseded ]] || end_server stopping "Slurm has begun another run of this job"
    ((heeded < notices)) || return 0
    heeded=$notices
    if look_up; then
        written_report='' refused_report=''
        report "$stage"
        watch_limit
    elif ((job_limit && job_limit - SECONDS <= stop_grace + drain + 90)); then
        end_server expiring "the time limit may be near"
    else
        stop_timer
        start_timer 30 USR1
    fi
}
