# Where the service's secrets come from. A part of the supervisor (job.sh), which says when.

check_secrets() {
    local name
    for name in "${!secret_files[@]}"; do
        [[ -r ${secret_files[$name]} ]] || give_up "no secret file for $name at ${secret_files[$name]}"
    done
}
