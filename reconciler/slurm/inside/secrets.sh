# Where the service's secrets come from: files of the operator, files that are made here, once, and a command of the
# operator's, whose answers are kept in memory. A part of the supervisor (job.sh), which says when. A value is in files
# and pipes only, never in an argument; nor in the log: what the service writes goes through a veil where the command
# was asked, as nobody else knows what to take out of it.

veil='' veiler='' kept=''

get_secrets() {
    local name
    for name in "${!secret_lengths[@]}"; do
        make_secret "$name" "${secret_files[$name]}" "${secret_lengths[$name]}"
    done
    for name in "${!secret_files[@]}"; do
        check_secret "$name" "${secret_files[$name]}"
    done
    forget_left
    ((${#secret_words[@]})) || return 0
    make_memory
    for name in "${!secret_words[@]}"; do
        # shellcheck disable=SC2086 # two words
        ask_for_secret "$name" ${secret_words[$name]}
    done
    draw_veil
}

# Make the file $2 of the secret $1 with $3 letters and digits, unless it is there. Jobs that do so at the same moment,
# on whatever nodes, agree on one: the link is made only where there is none, and what it leads to is whole by then.
# An empty file beside it names the owner whose services use it: `reconciler data remove` takes no other's.
make_secret() {
    local new owner=${job_mark#rec1 o=}
    { mkdir -p -- "${2%/*}" && : >>"${2%/*}/.of-${owner%% *}"; } 2>/dev/null
    [[ ! -e $2 && ! -L $2 ]] || return 0
    log "makes the secret $1 at $2"
    if mkdir -p -- "${2%/*}" && new=$(mktemp "${2%/*}/.new-XXXXXX"); then
        LC_ALL=C tr -dc A-Za-z0-9 </dev/urandom 2>/dev/null | head -c "$3" >"$new"
        [[ $(wc -c <"$new") == "$3" ]] && sync -- "$new" && ln -- "$new" "$2" 2>/dev/null
        rm -f -- "$new"
    fi
    [[ -e $2 ]] || give_up "the secret $1 could not be made at $2" secret-unmade "$2"
}

# The secret $1 is in the file $2, which nobody else may read or change (as ssh(1) has it with its keys).
check_secret() {
    local mode owner
    read -r mode owner < <(stat --dereference --format='%f %u' -- "$2" 2>/dev/null)
    [[ $mode ]] || give_up "no secret file for $1 at $2" secret-missing "$2"
    mode=$((16#$mode))
    (((mode & 0170000) == 0100000)) || give_up "the secret $1 at $2 is not a plain file" secret-kind "$2"
    ((owner == EUID)) ||
        give_up "the secret file for $1 at $2 belongs to user $owner, not to user $EUID of this job" secret-owner "$2"
    printf -v mode %04o $((mode & 07777))
    [[ $mode == *00 ]] ||
        give_up "the secret file for $1 at $2 has the mode $mode: others may use it; \`chmod 600 $2\`" secret-open "$2:$mode"
    # Linux passes on no variable of 128 KiB (execve(2)); what a command may answer is the measure here as well.
    (($(stat --dereference --format=%s -- "$2") <= 65536)) ||
        give_up "the secret file for $1 at $2 has more than 64 KiB" secret-long "$2"
    has_value "$2" || give_up "the secret file for $1 at $2 is empty, or cannot be read" secret-empty "$2"
}

has_value() {
    [[ $(tr -d '\0' <"$1") ]] 2>/dev/null
}

# A folder in memory, under lock as long as anything of this job lives: it has its name only once it is locked.
make_memory() {
    memory=${memory:-$(mktemp -d "/dev/shm/reconciler-$SLURM_JOB_ID-XXXXXX")}
    # shellcheck disable=SC2015 # all may fail
    [[ $memory ]] && mkdir -- "$memory/.young" && exec {kept}<"$memory/.young" && flock --nonblock "$kept" &&
        mv -- "$memory/.young" "$memory/.secrets" || give_up "no folder in memory for secrets" secret-memory
}

# What a job had there that was killed with all its processes, and could not tidy up.
forget_left() {
    local folder
    for folder in /dev/shm/reconciler-*/.secrets; do
        [[ ! -O $folder ]] || flock --nonblock "$folder" rm -rf -- "$folder"
    done 2>/dev/null
}

# Ask the operator's command for the secret $1 by its name $2 and its key $3. What it says besides its answer may be
# secret too: nobody sees it. Nothing that it leaves behind shall hold the lock of the data. The bash between waits for
# what does not heed a TERM, so that it is killed.
ask_for_secret() {
    local file=$memory/.secrets/$1 code=0 what="the command for secrets, ${secret_command[*]} $2 $3,"
    # shellcheck disable=SC2016 # expanded by the inner bash, from its arguments
    within 30 bash -c '
        for number in 9 $1; do eval "exec $number>&-"; done
        trap : TERM
        set -o pipefail
        "${@:3}" </dev/null 2>/dev/null | head -c 65537 >"$2"
    ' secret "$answers $journal $kept" "$file" "${secret_command[@]}" "$2" "$3" 2>/dev/null || code=$?
    [[ -e $file ]] || : >"$file"
    (($(wc -c <"$file") <= 65536)) || give_up "$what gave more than 64 KiB" secret-large "$2/$3"
    ((code != 124 && code != 137)) || give_up "$what gave no answer in 30 s" secret-late "$2/$3"
    ((!code)) || give_up "$what ended with $code; its own words may be secret and are not shown" "secret-exit-$code" "$2/$3"
    (($(tail -c 1 "$file" | wc -l) == 0)) || truncate --size=-1 "$file"
    has_value "$file" || give_up "$what gave an empty value" secret-nothing "$2/$3"
    secret_files[$1]=$file
}

# From now on the programs of the service write through a filter that takes the answers out, line by line, also as they
# are in URLs, the longer ones first. It ends when all of them have, whatever signals the job gets.
draw_veil() {
    local line rules=$memory/.secrets/.veil
    for line in "$memory"/.secrets/*; do
        cat -- "$line" && echo
    done | tr -d '\0' | while IFS= read -r line; do
        # Shorter ones would be found everywhere.
        [[ ! ${line//[[:space:]]/} || ${#line} -lt 4 ]] || printf '%s\n%s\n' "$line" "$(in_url "$line")"
    done | LC_ALL=C sort --reverse --unique | LC_ALL=C sed 's|[][\.*^$/]|\\&|g; s|.*|s/&/***/g|' >"$rules"
    exec {veil}> >(
        trap '' TERM INT HUP USR1 ALRM
        exec 9>&-
        LC_ALL=C exec sed --unbuffered --file="$rules" >&"$journal"
    )
    veiler=$!
}

# The text $1 as it is in a URL (RFC 3986, 2.1); the same where it is too long to be in one.
in_url() {
    local LC_ALL=C char code at
    ((${#1} <= 4096)) || { printf %s "$1" && return; }
    for ((at = 0; at < ${#1}; at++)); do
        char=${1:at:1}
        printf -v code %d "'$char"
        [[ $char == [A-Za-z0-9._~-] ]] && printf %s "$char" || printf %%%02X $((code & 255))
    done
}

# What still stands before the veil gets a moment to pass.
lift_veil() {
    [[ $veil ]] || return 0
    exec {veil}>&-
    veil=''
    timeout --signal=KILL 2 tail --follow --sleep-interval=0.1 --pid="$veiler" /dev/null
} 2>/dev/null
