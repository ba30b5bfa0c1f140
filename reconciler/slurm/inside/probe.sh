# How the server is asked for its health, on localhost. A part of the supervisor (job.sh), which says when.
#
# The rendered functions `probe` and `first_request` set `asked`, the words for people (`GET/health`), and call `ask` or
# `ask_command`. A question runs in a bash of its own, so that it can be given up in time; it gets its functions as text
# and all else as arguments. `complaint` says what was wrong last: a word, and behind an @ what was asked.

asked='' complaint=''
# A pipe that is never at its end, as it is open for both here.
exec {answers}<> <(:)

# Run ask_$2 with the arguments after it, for at most $1 seconds. What was wrong comes through a pipe, as an exit code has
# no room for it.
ask() {
    local code=0 word=failed
    # shellcheck disable=SC2016 # expanded by the inner bash, from its arguments
    within "$1" bash -c "$questions"'
        exec 1>&"$1"
        trap "" PIPE
        LC_ALL=C
        "ask_$2" "${@:3}"
    ' probe "$answers" "${@:2}" 2>/dev/null || code=$?
    while read -r -t 0 -u "$answers"; do
        read -r -t 1 -u "$answers" word
    done
    conclude "$code" "$word"
}

# The command of a recipe, healthy when it ends with 0.
ask_command() {
    local code=0
    (become timeout --kill-after=1 "$1" "${@:2}") >/dev/null 2>&1 &
    await "$!" 2>/dev/null || code=$?
    conclude "$code" "exit-$code"
}

# Whether all was well, by the exit code $1; if not, remember why ($2), in words that the report can carry.
conclude() {
    local word=failed
    complaint=''
    (($1)) || return 0
    [[ $2 =~ ^[a-z0-9-]{1,24}$ ]] && word=$2
    (($1 == 124 || $1 == 137)) && word=timeout
    complaint=$word${asked:+@$asked}
    return 1
}

fail() {
    printf '%s\n' "$1"
    exit 1
}

# What the exit code $1 of curl means; $2 where it means nothing.
curl_failed() {
    case $1 in
        1 | 2 | 4) fail no-http2 ;;
        7) fail refused ;;
        28) fail timeout ;;
        35 | 5[389] | 60) fail tls ;;
        127) fail no-curl ;;
        *) fail "$2" ;;
    esac
}

# Read the status line and the headers from 3 into code, headers (`name:value` with a small name), length and chunked.
head_of() {
    local line name value lines=0
    headers=$'\n' length='' chunked=''
    IFS= read -r -n 4096 line <&3 || [[ $line ]] || return
    [[ $line =~ ^HTTP/[0-9.]+\ ([1-5][0-9][0-9])([^0-9]|$) ]] || fail not-http
    code=${BASH_REMATCH[1]}
    while IFS= read -r -n 8192 line <&3 || fail closed; do
        line=${line%$'\r'}
        [[ $line ]] || break
        ((++lines <= 100 && ${#line} < 8191)) || fail long-header
        name=${line%%:*} value=${line#*:}
        value=${value#"${value%%[! $'\t']*}"} value=${value%"${value##*[! $'\t']}"}
        headers+=${name,,}:$value$'\n'
        case ${name,,} in
            content-length) length=$value ;;
            transfer-encoding) [[ ${value,,} != *chunked ]] || chunked=yes ;;
        esac
    done
}

# Add at most $1 bytes from 3 to text, and say whether all were there. A NUL becomes a blank, as bash knows none.
part_of() {
    local part
    part=$(head -c "$1" <&3 | tr '\0' ' ' && echo .)
    part=${part%.} text+=$part
    ((${#part} == $1))
}

# Read the first 64 KiB of the body into text.
body_of() {
    local line size left=65536
    text=''
    if [[ ! $chunked ]]; then
        [[ $length =~ ^[0-9]{1,5}$ ]] && ((10#$length < left)) && left=$((10#$length))
        part_of "$left" || [[ ! $length ]] || fail closed
        return 0
    fi
    while ((left)); do
        IFS= read -r -n 1024 line <&3 || fail closed
        line=${line%%[; $'\t\r']*}
        [[ $line =~ ^[0-9a-fA-F]{1,8}$ ]] || fail not-http
        size=$((16#$line))
        ((size)) || break
        ((size <= left)) || size=$left
        part_of "$size" || fail closed
        ((left -= size)) || break
        IFS= read -r -n 2 line <&3 || fail closed
    done
}

# A request. $1: scheme, $2: port, $3: method, $4: path, $5: codes that are right, or their first digits, $6: text that
# the body must have, $7: file of a token, $8: type of the body, $9: the body; then headers that the answer must have.
# curl does nothing but TLS: what it passes on is read as if it came from the server itself.
ask_http() {
    local code=100 headers length chunked text header curl='' head="Accept-Encoding: identity"$'\r\n'
    local data=()
    [[ $3 != POST ]] || head+="Content-Type: $8"$'\r\n'"Content-Length: ${#9}"$'\r\n' data=(--data-binary @-)
    [[ ! $7 ]] || { header=$(<"$7") && head+="Authorization: Bearer ${header//[$'\r\n']/}"$'\r\n'; } || fail no-secret
    if [[ $1 == http ]]; then
        exec 3<>"/dev/tcp/127.0.0.1/$2" || fail refused
        printf '%s' "$3 $4 HTTP/1.1"$'\r\n'"Host: 127.0.0.1:$2"$'\r\n'"User-Agent: reconciler"$'\r\n' \
            "Connection: close"$'\r\n' "$head"$'\r\n' "$9" >&3
    else
        exec 3< <(
            printf '%s' "$9" | curl --disable --silent --insecure --include --raw --http1.1 --path-as-is --noproxy '*' \
                --request "$3" --header @<(printf '%s' "${head//$'\r'/}Connection: close") "${data[@]}" \
                "https://127.0.0.1:$2$4"
        )
        curl=$!
    fi
    while [[ $code == 1?? ]]; do
        head_of && continue
        [[ ! $curl ]] || wait "$curl" || curl_failed "$?" closed
        fail closed
    done
    [[ " $5 " == *" $code "* || " $5 " == *" ${code:0:1} "* ]] || fail "http-$code"
    for header in "${@:10}"; do
        [[ $headers == *$'\n'"$header"$'\n'* ]] || fail header
    done
    if [[ $6 ]]; then
        body_of
        [[ $text == *"$6"* ]] || fail body
    else
        timeout 0.5 head -c 65536 <&3 >/dev/null # a server that cannot send its answer would complain in its log
    fi
    exit 0
}

# Whether the port $1 takes a connection.
ask_tcp() {
    exec 3<>"/dev/tcp/127.0.0.1/$1" || fail refused
}

# A question of the gRPC health service about the service $1: a byte 0, the length in four bytes, and the name as field 1.
grpc_frame() {
    local name=${#1} size
    printf -v size '\\x%02x' "$name"
    ((name < 128)) || size+='\x01'
    if ((name)); then
        printf '\0\0\0\0%b\x0a%b%s' "$(printf '\\x%02x' $((name + 1 + ${#size} / 4)))" "$size" "$1"
    else
        printf '\0\0\0\0\0'
    fi
}

# The gRPC health service at the port $1, about the service $2. The answer is framed as the question is; its field 1 (08)
# is the status, 1 for SERVING; it is left out for UNKNOWN (0). Bytes below 9 are made digits to be looked at.
ask_grpc() {
    local answer code=0
    set -o pipefail
    answer=$(
        grpc_frame "$2" | curl --disable --silent --include --http2-prior-knowledge --noproxy '*' --request POST \
            --header 'content-type: application/grpc' --header 'te: trailers' --data-binary @- \
            "http://127.0.0.1:$1/grpc.health.v1.Health/Check" | head -c 16384 | tr '\0-\10' '0-8'
    ) || code=$?
    [[ $answer ]] || curl_failed "$code" closed
    [[ $answer =~ ^HTTP/2\ ([0-9]{3}) ]] || fail not-grpc
    [[ ${BASH_REMATCH[1]} == 200 ]] || fail "http-${BASH_REMATCH[1]}"
    [[ ! $answer =~ grpc-status:\ *([0-9]{1,2}) || ${BASH_REMATCH[1]} == 0 ]] || fail "grpc-${BASH_REMATCH[1]}"
    answer=${answer#*$'\r\n\r\n'}
    case $answer in
        0000281*) exit 0 ;;
        0000282* | 00000*) fail not-serving ;;
        *) fail not-grpc ;;
    esac
}

# Made once: a signal that arrives while bash reads a command substitution can spoil its reading of the script.
questions=$(declare -f fail curl_failed head_of part_of body_of ask_http ask_tcp grpc_frame ask_grpc)
