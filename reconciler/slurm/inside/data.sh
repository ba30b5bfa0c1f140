# The service's folders: made, marked with whose data they hold, tried for room; and the lock on its data. A part of
# the supervisor (job.sh), which says when.

declare -a lasting=()
data_home='' trial='' room=''

make_folders() {
    local name
    data_home=$data_folder/$service/$job_replica
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/reconciler-$SLURM_JOB_ID-XXXXXX") || give_up "no scratch folder"
    for name in "${!volumes[@]}"; do
        case ${volumes[$name]} in
            persistent)
                storage[$name]=$data_home/$name
                lasting+=("$name")
                ;;
            scratch) storage[$name]=$scratch/$name ;;
            memory)
                memory=${memory:-$(mktemp -d "/dev/shm/reconciler-$SLURM_JOB_ID-XXXXXX")}
                [[ $memory ]] || give_up "no folder in memory for the volume $name"
                storage[$name]=$memory/$name
                ;;
        esac
    done
    ((!${#lasting[@]})) || own_data
    for name in "${!volumes[@]}"; do
        make_folder "${storage[$name]}"
    done
    ((!${#lasting[@]})) || check_data
    for name in "${!volumes[@]}"; do
        [[ ${volumes[$name]} == persistent ]] || has_room "${storage[$name]}" "${sizes[$name]}" ||
            log "the volume $name may hold $(human "${sizes[$name]}"), and there are $(human "$room") in \
${storage[$name]}; goes on"
    done
}

make_folder() {
    local said
    said=$(LC_ALL=C mkdir -p -- "$1" 2>&1) || cannot_write "$1" "$said"
    [[ -w $1 && -x $1 ]] && return
    said=$(LC_ALL=C mktemp -- "$1/.trial-XXXXXX" 2>&1) || cannot_write "$1" "$said"
    rm -f -- "$said"
}

# One service of one recipe of one daemon uses a data folder, and a file in it says which. Who finds none writes it; of
# several that do so at once, the first one wins, as a link is never put over another.
own_data() {
    local -A mine=([owner]=${job_mark#rec1 o=} [service]=$service [recipe]=$recipe_name) found=()
    local file=$data_home/.reconciler young='' key value
    mine[owner]=${mine[owner]%% *}
    make_folder "$data_home"
    if [[ ! -e $file && ! -L $file ]]; then
        young=$(LC_ALL=C mktemp -- "$data_home/.young-XXXXXX" 2>&1) || cannot_write "$data_home" "$young"
        TZ=UTC printf 'format=1\nowner=%s\nservice=%s\nrecipe=%s\nmade=%(%FT%TZ)T\n' \
            "${mine[owner]}" "$service" "$recipe_name" -1 2>/dev/null >"$young"
        [[ -s $young ]] && { ln -- "$young" "$file" || mv -n -- "$young" "$file"; } 2>/dev/null
        rm -f -- "$young"
        [[ -e $file ]] || { try_to_write; cannot_write "$data_home" "No space left on device"; }
    fi
    while IFS='=' read -r key value; do
        [[ ! $key =~ ^[a-z]+$ ]] || found[$key]=$value
    done < <([[ ! -f $file ]] || head -c 4096 -- "$file" 2>/dev/null)
    for key in owner service recipe; do
        [[ ${found[$key]-} == "${mine[$key]}" ]] || of_another "$key" "${found[$key]-}" "${mine[$key]}"
    done
}

# $1: owner, service or recipe, $2: the one that has the data, $3: this one.
of_another() {
    [[ $2 ]] || give_up "$data_home/.reconciler does not say whose the data in $data_home are; it is damaged, or not \
for $(id -un) to read" data-unknown "$service/$job_replica"
    local way="the operator chooses another folders.data"
    [[ $1 != recipe ]] || way="take it out of the repository, and then \`reconciler data remove $service\` removes them"
    give_up "the data in $data_home belong to $1 $2, and this is $1 $3; give the service another name, or $way" \
        "data-$1" "$2"
}

# At a first start there must be room for all that a volume may hold; later, for a little more.
check_data() {
    local name need=0
    for name in "${lasting[@]}"; do
        [[ -z $(ls -A -- "${storage[$name]}") ]] || continue
        ((need += sizes[$name]))
        has_room "${storage[$name]}" "$need" && continue
        give_up "${storage[$name]}: the first start of this volume needs $(human "$need") of free space, and there \
are $(human "$room"); free some, set spec.storage.$name.size of the service to what it will hold, or let the operator \
choose another folders.data" no-room "$name:needs:$(human "$need")/free:$(human "$room")"
    done
    try_to_write
}

# Whether the file system of the folder $1 has $2 bytes free, for all that it tells. `room`: how many there are.
has_room() {
    room=$(df --output=avail --block-size=1 -- "$1" 2>/dev/null | tail -n 1)
    room=${room//[^0-9]/}
    [[ ! $room ]] || ((room >= $2))
}

human() {
    numfmt --to=iec-i "$1" 2>/dev/null || printf '%s' "$1 bytes"
}

# A used-up quota, and a file system that takes no more, tell only who writes. Synced, as others write later.
try_to_write() {
    local said size=16777216 name total=0
    for name in "${lasting[@]}"; do ((total += sizes[$name])); done
    ((total > size)) || size=$total
    trial=$data_home/.trial
    rm -f -- "$trial"
    said=$(LC_ALL=C dd if=/dev/zero of="$trial" bs=1M count="$size" iflag=count_bytes oflag=nofollow conv=fsync \
        status=none 2>&1) || { rm -f -- "$trial"; cannot_write "$data_home" "$said"; }
    rm -f -- "$trial"
}

# Give up for the folder $1, by what a command said of it.
cannot_write() {
    local about=$service/$job_replica files
    case $2 in
        *'Disk quota exceeded'*)
            give_up "$1: its quota is used up (Disk quota exceeded); free some of it, or ask the site for more" \
                no-quota "$about"
            ;;
        *'Read-only file system'*) give_up "$1: its file system is read-only; ask the site" disk-read-only "$about" ;;
        *'No space left'*)
            files=$(df --output=itotal,iavail -- "$data_folder" 2>/dev/null | tail -n 1)
            [[ ! $files =~ ^\ *[1-9][0-9]*\ +0\ *$ ]] ||
                give_up "$1: its file system has no room for another file (no inode is free); remove some" \
                    no-inodes "$about"
            has_room "$data_folder" 0
            give_up "$1: its disk is full ($(human "${room:-0}") are free); free some space" disk-full "$about"
            ;;
        *)
            give_up "$1 cannot be written by $(id -un): ${2##*: }; give the folder to that user, or let the operator \
choose another folders.data" not-writable "$about"
            ;;
    esac
}

# No two jobs work on the same data, whatever Slurm says: the server inherits the lock, and keeps it if it outlives
# this supervisor (singleton and afterany do not wait for the processes of a job that is completing). Who waits leaves
# a note, for a run that Slurm took for lost to find out.
lock_data() {
    local code=0
    # shellcheck disable=SC2015 # both may fail
    make_folder "$data_home" && exec 9<>"$data_home/.lock" || give_up "no file $data_home/.lock"
    flock --nonblock --conflict-exit-code 75 9 || code=$?
    if ((code == 75)); then
        log "waits for the data of $service.$job_replica, which another job still uses"
        : >"$data_home/.wanted"
        launch flock --timeout "$probe_startup" 9
        follow || end_server late "the data in $data_home was in use for $probe_startup s"
    elif ((code)); then
        log "$data_home cannot be locked (flock ended with $code); goes on without a lock"
    fi
    [[ $data_home/.lock -ef /dev/fd/9 ]] || give_up "the data in $data_home were removed while it waited for them"
    ((code != 0 && code != 75)) || locked=yes
    data_wanted=$data_home/.wanted
}

# Take away what a killed server left in the volume $1: the file $2 below it, unless links lead out of the volume.
forget_stale() {
    local root folder
    [[ $locked ]] || return 0
    root=$(realpath -e -- "${storage[$1]}") && folder=$(realpath -e -- "$root/$(dirname -- "$2")" 2>/dev/null) || return 0
    [[ $folder/ != "$root/"* ]] || rm --force -- "$folder/${2##*/}"
}
