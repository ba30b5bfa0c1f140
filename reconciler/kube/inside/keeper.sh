# Runs what its arguments say, and starts it again whenever it ends: after 1, 2, 4, … 60 s; after 1 s where it had run for
# a minute. For the sh of small images. Its container goes on meanwhile, and so its pod stays ready.
trap 'kill "$child" 2>/dev/null; wait "$child" 2>/dev/null; exit 0' TERM INT
pause=1
while :; do
    began=$(date +%s)
    "$@" &
    child=$!
    wait "$child"
    code=$?
    [ $(($(date +%s) - began)) -lt 60 ] || pause=1
    echo "ended with $code; starts again in $pause s" >&2
    sleep "$pause" &
    child=$!
    wait "$child"
    pause=$((pause < 32 ? pause * 2 : 60))
done
