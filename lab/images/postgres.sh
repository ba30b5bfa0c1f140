#!/bin/sh
# Entry point of the lab's postgres image. It does what the public image documents: POSTGRES_PASSWORD, POSTGRES_USER and
# POSTGRES_DB (each also as NAME_FILE), POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD, PGDATA and the scripts in
# /docker-entrypoint-initdb.d, all only when the data folder is empty; a first argument that is an option is given to
# postgres.
set -eu

# Set NAME from the file named by NAME_FILE, or else to the default.
from_file() {
    eval "value=\${$1:-} file=\${$1_FILE:-}"
    if [ -n "$value" ] && [ -n "$file" ]; then
        echo "$1 and $1_FILE are both set; set one of them" >&2
        exit 1
    fi
    [ -z "$file" ] || value=$(cat "$file")
    export "$1=${value:-$2}"
    unset "$1_FILE"
}

# Run SQL on the server that only listens on its socket while the data folder is made.
sql() {
    psql -v ON_ERROR_STOP=1 --quiet --no-password --no-psqlrc --host "$sockets" --username "$POSTGRES_USER" "$@"
}

run_scripts() {
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sh) . "$script" ;;
            *.sql) sql --dbname "$POSTGRES_DB" --file "$script" ;;
        esac
    done
}

make_data() {
    from_file POSTGRES_PASSWORD ""
    from_file POSTGRES_USER postgres
    from_file POSTGRES_DB "$POSTGRES_USER"
    method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [ -z "$POSTGRES_PASSWORD" ] && [ "$method" != trust ]; then
        echo "the data folder is empty and POSTGRES_PASSWORD is not set; set it, or POSTGRES_HOST_AUTH_METHOD=trust" >&2
        exit 1
    fi
    # shellcheck disable=SC2086 # the arguments are separate words on purpose
    printf '%s\n' "$POSTGRES_PASSWORD" | initdb --username="$POSTGRES_USER" --pwfile=/dev/stdin ${POSTGRES_INITDB_ARGS:-}
    printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
    sockets=$(mktemp -d)
    pg_ctl --wait --silent -o "-c listen_addresses='' -c unix_socket_directories='$sockets'" start
    export PGPASSWORD="$POSTGRES_PASSWORD"
    [ "$POSTGRES_DB" = postgres ] || echo 'CREATE DATABASE :"name"' | sql --dbname postgres --set "name=$POSTGRES_DB"
    run_scripts
    unset PGPASSWORD
    pg_ctl --wait --silent --mode fast stop
    rm -rf "$sockets"
}

case ${1:-} in
    "" | -*) set -- postgres "$@" ;;
esac
if [ "$1" = postgres ]; then
    export PGDATA
    [ -s "$PGDATA/PG_VERSION" ] || make_data
    chmod 700 "$PGDATA"
fi
exec "$@"
