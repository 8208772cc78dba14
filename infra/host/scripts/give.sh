# shellcheck shell=bash
# The old host's side of a hand-over. The socket at 127.0.0.1:3000 stays open all the time, so no request is refused. States:
#   serving     Oven answers.
#   held        Requests wait in the socket. A reboot, a timer or the successor ends this state.
#   forwarding  The successor answers, through its tunnel. This state lasts, also over a reboot, until `oven-handover keep`.

: "${root?}" "${release?}" "${redis?}"
held=$root/run/systemd/system/oven.service.d/handed-over.conf
forwarding=$root/etc/systemd/system/oven.service.d/handed-over.conf
timer=oven-handover-end
# Exit codes for the successor.
SAME_HOST=3 NOT_HELD=4

# Only one process changes the state at a time.
lock() {
  mkdir -p "$root/run/oven"
  exec 8>"$root/run/oven/handover.lock"
  flock -w 60 8
}

# Installs a drop-in of oven.service from the release, with the successor's id: install_drop_in NAME PLACE ID. Caddy must be able to read it.
install_drop_in() {
  (umask 022 && mkdir -p "$(dirname "$2")")
  { cat "$release/host/$1" && printf '# to %s\n' "$3"; } >"$2.partial"
  chmod 0644 "$2.partial"
  mv -f "$2.partial" "$2"
}

restart() {
  systemctl daemon-reload
  systemctl restart oven.service
}

# Fails for any host but the one that this host is handed over to.
only_for() {
  local file
  for file in "$held" "$forwarding"; do
    if [[ -f $file ]] && ! grep -qxF "# to $1" "$file"; then
      say "this host has been handed over to another one; \`oven-handover keep\` on it gives that one up"
      exit 1
    fi
  done
}

# Prints this host's own address for the successor: it still leads here after the reserved address has moved.
prepare() {
  only_for "$1"
  printf 'from %s\n' "$(node address)"
}

# Stops the service in order and prints its queue. Without a `commit` of the successor in time, this host serves again by itself.
hold() {
  lock
  only_for "$1"
  if [[ -f $forwarding ]]; then
    node export "$redis"
    return
  fi
  if ! curl -fsS --max-time 5 --retry 30 --retry-delay 1 --retry-max-time 30 --retry-all-errors \
    http://127.0.0.1:3001/health >/dev/null 2>&1; then
    say "the new host's tunnel does not lead to a healthy service: this host serves on"
    exit 1
  fi
  trap 'serve_again || true' EXIT
  stop_timer
  systemd-run --quiet --collect --unit="$timer" --on-active="${OVEN_HOLD_SECONDS:-60}" --timer-property=AccuracySec=1s \
    "$release/host/sbin/oven-handover" return >&2
  install_drop_in oven-held.conf "$held" "$1"
  restart >&2
  node export "$redis"
  trap - EXIT
}

# Forwards waiting and new requests to the successor.
commit() {
  lock
  only_for "$1"
  if [[ ! -f $held ]]; then
    if [[ -f $forwarding ]]; then return; fi
    say 'this host was not waiting any more and serves by itself'
    exit "$NOT_HELD"
  fi
  install_drop_in oven-forwarding.conf "$forwarding" "$1"
  sync -f "$forwarding"
  restart >&2
  rm -f "$held"
  stop_timer
}

stop_timer() { systemctl stop "$timer.timer" 2>/dev/null || true; }

serve_again() {
  [[ -f $held ]] || return 0
  rm -f "$held"
  restart >&2
  stop_timer
  say 'the hand-over was not completed: this host serves again'
}

# Makes this host serve by itself again, in any state.
keep() {
  lock
  if [[ -f $held || -f $forwarding ]]; then
    rm -f "$held" "$forwarding"
    restart
    stop_timer
  fi
  systemctl start oven.socket oven.service caddy.service
}

# Runs a request of the successor: its machine id and a word. Its key permits nothing else.
give() {
  local id word
  read -r id word <<<"${SSH_ORIGINAL_COMMAND:-}" || true
  # Otherwise a host that already has the address would take over from itself.
  if [[ $id == "$(<"$root/etc/machine-id")" ]]; then exit "$SAME_HOST"; fi
  if [[ ! $id =~ ^[0-9a-f]{32}$ ]]; then usage; fi
  case $word in
    prepare) prepare "$id" ;;
    hold) hold "$id" ;;
    commit) commit "$id" ;;
    return)
      lock
      only_for "$id"
      serve_again
      [[ ! -f $forwarding ]] || exit 1
      ;;
    *)
      say 'the new host has a release that is too old to take over from this one, which serves on'
      exit 1
      ;;
  esac
}
