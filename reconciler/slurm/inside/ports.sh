# Which ports a job has, and by which name its machines meet. A part of the supervisor (job.sh), which says when.

port_taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Take a port among the jobs of this user on this node, for as long as the job lives: a server may bind its port long
# before it listens, and some hang for ever when another one listens first. Where that cannot be kept, asking the port must do.
claim_port() {
    local claims=/dev/shm/reconciler-ports-$UID claim code=0
    mkdir --mode=0700 "$claims" 2>/dev/null
    [[ -d $claims && -O $claims && ! -L $claims ]] || return 0
    { exec {claim}<>"$claims/$1"; } 2>/dev/null || return 0
    flock --nonblock --conflict-exit-code 75 "$claim" || code=$?
    ((code == 75)) || return 0
    exec {claim}>&-
    return 1
}

# Two jobs that start on one node at the same moment look from different places, as their ids differ.
find_ports() {
    local low=${port_range[0]} span=$((port_range[1] - port_range[0] + 1)) name tries=0
    local next=$((SLURM_JOB_ID * 16 % span))
    for name in "${port_names[@]}" "${inner_ports[@]}"; do
        while [[ " ${ports[*]} " == *" $((low + next)) "* ]] || port_taken $((low + next)) ||
            ! claim_port $((low + next)); do
            next=$(((next + 1) % span))
            ((++tries < span)) ||
                give_up "no free port from $low to ${port_range[1]}" no-port "$low-${port_range[1]}"
        done
        ports[$name]=$((low + next))
        [[ " ${inner_ports[*]} " == *" $name "* ]] || port_words+=${port_words:+,}$name:${ports[$name]}
        next=$(((next + 1) % span))
    done
}

# The name by which the other machines of a replica find this one, its first: Slurm's, where it can be looked up like any
# other name (nodes may have an address of their own in slurm.conf), otherwise the machine's own.
name_leader() {
    leader=${SLURMD_NODENAME:-}
    [[ $leader ]] && within 10 getent hosts "$leader" >/dev/null || leader=$(uname -n)
}
