# The same start by hand: everything that the rendered script says, without the supervisor. Behind it hand_ready is set:
# the file that gets the moment at which the server has answered; a file beside it asks for the end.
umask 077
find_ports
make_folders
get_secrets
prepare
server_command
launch "${argv[@]}"
until probe && first_request; do
    running "$server" || exit 1
    sleep 0.02
done
printf '%s\n' "$EPOCHREALTIME" >"$hand_ready.new" && mv -- "$hand_ready.new" "$hand_ready"
until [[ -e $hand_ready.stop ]]; do sleep 0.1; done
kill -s "$stop_signal" "$server"
await "$server"
exit 0
