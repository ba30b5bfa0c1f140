# The first request of a service, asked inside its container by the startup probe: again and again until the answer is
# right or the time is over. POSIX sh with curl, date, head, printenv, sleep and tr.
#
# $1: seconds in all, $2: method, $3: URL, $4: codes that are right, or their first digits, $5: text that the body must
# have, $6: variable that may hold a token, $7: type of the body, $8: the body.
# All that is foreign is an argument. The token goes through a pipe: what programs are started with, everybody can see.
# It fails after its time and not before, as the kubelet counts how often it did.
seconds=$1 method=$2 url=$3 codes=$4 text=$5 variable=$6 type=$7 body=$8
why='no answer'
LC_ALL=C
export LC_ALL
command -v curl >/dev/null || { sleep "$seconds" && echo 'first request: no curl in the image' && exit 1; }
set --
[ "$method" != POST ] || set -- --data-raw "$body"
token=''
[ -z "$variable" ] || token=$(printenv "$variable" | tr -d '\r\n')
line=$(printf '\r\n.')
line=${line%.}
end=$(($(date +%s) + seconds))

# Without `Expect`, so that there is one answer and no interim one.
headers() {
    printf 'Expect:\n'
    [ "$method" != POST ] || printf 'Content-Type: %s\n' "$type"
    [ -z "$token" ] || printf 'Authorization: Bearer %s\n' "$token"
}

# Sets why, in words, where the answer is not right. None at all says least: the last try may have had little time.
judge() {
    case $1 in
        HTTP/*) ;;
        *) return 1 ;;
    esac
    code=${1#HTTP/* }
    code=${code%%[!0-9]*}
    why="HTTP $code"
    case " $codes " in
        *" $code "* | *" ${code%??} "*) ;;
        *) return 1 ;;
    esac
    why='its answer lacks the text'
    case ${1#*"$line$line"} in
        *"$text"*) ;;
        *) return 1 ;;
    esac
}

# Once at least: a second of the clock may be over at once.
left=$seconds
while [ "$left" -gt 0 ]; do
    answer=$(headers | curl --disable --silent --insecure --include --http1.1 --path-as-is --globoff --noproxy '*' \
        --max-time "$left" --request "$method" --header @- "$@" --url "$url" | head -c 81920 | tr '\0' ' ')
    judge "$answer" && exit 0
    sleep 1
    left=$((end - $(date +%s)))
done
echo "first request $method /${url#*//*/}: $why"
exit 1
