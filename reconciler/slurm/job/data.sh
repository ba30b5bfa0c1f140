# The service's folders, and the lock on its data. A part of the supervisor (job.sh), which says when.

make_folders() {
    local name
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/reconciler-$SLURM_JOB_ID-XXXXXX") || give_up "no scratch folder"
    for name in "${!volumes[@]}"; do
        case ${volumes[$name]} in
            persistent) storage[$name]=$data_folder/$service/$job_replica/$name ;;
            scratch) storage[$name]=$scratch/$name ;;
            memory)
                memory=${memory:-$(mktemp -d "/dev/shm/reconciler-$SLURM_JOB_ID-XXXXXX")}
                storage[$name]=$memory/$name
                ;;
        esac
        mkdir -p -- "${storage[$name]}" || give_up "no folder ${storage[$name]}"
    done
}

# No two jobs work on the same data, whatever Slurm says: the server inherits the lock, and keeps it if it outlives this
# supervisor (singleton and afterany do not wait for the processes of a job that is completing). Who waits leaves a note,
# for a run that Slurm took for lost to find out.
lock_data() {
    local folder=$data_folder/$service/$job_replica code=0
    # shellcheck disable=SC2015 # both may fail
    mkdir -p -- "$folder" && exec 9<>"$folder/.lock" || give_up "no file $folder/.lock"
    flock --nonblock --conflict-exit-code 75 9 || code=$?
    if ((code == 75)); then
        log "waits for the data of $service.$job_replica, which another job still uses"
        : >"$folder/.wanted"
        launch flock --timeout "$probe_startup" 9
        follow || end_server late "the data in $folder was in use for $probe_startup s"
    elif ((code)); then
        log "$folder cannot be locked (flock ended with $code); goes on without a lock"
    fi
    ((code != 0 && code != 75)) || locked=yes
    data_wanted=$folder/.wanted
}
