# shellcheck shell=bash
# What a host does while another one takes over from it. In all of it the socket at 127.0.0.1:3000 stays open, so that no request is refused:
#   serving     Oven answers.
#   held        nobody does: what comes waits in the socket. Ends by a reboot, by a timer, or as the successor says.
#   forwarding  the successor does, through its tunnel. Lasts, also over a reboot, until `oven-handover keep`.

: "${root?}" "${release?}" "${redis?}"
held=$root/run/systemd/system/oven.service.d/handed-over.conf
forwarding=$root/etc/systemd/system/oven.service.d/handed-over.conf
timer=oven-handover-end
# What the successor is told by exit codes.
SAME_HOST=3 NOT_HELD=4

# One at a time of those that change the state.
lock() {
  mkdir -p "$root/run/oven"
  exec 8>"$root/run/oven/handover.lock"
  flock -w 60 8
}

# Has oven.service be what the release's file says, for a successor: become NAME PLACE ID. Whole or not at all, and for Caddy to see.
become() {
  (umask 022 && mkdir -p "$(dirname "$2")")
  { cat "$release/host/$1" && printf '# to %s\n' "$3"; } >"$2.partial"
  chmod 0644 "$2.partial"
  mv -f "$2.partial" "$2"
}

restart() {
  systemctl daemon-reload
  systemctl restart oven.service
}

# Nobody else than the host that this one is handed over to, or is being, may go on with it.
only_for() {
  local file
  for file in "$held" "$forwarding"; do
    if [[ -f $file ]] && ! grep -qxF "# to $1" "$file"; then
      say "this host has been handed over to another one; \`oven-handover keep\` on it gives that one up"
      exit 1
    fi
  done
}

# Gives the successor this host's own address, at which it is reached also when the one that was asked for has moved.
prepare() {
  only_for "$1"
  printf 'from %s\n' "$(node address)"
}

# Stops the service, gently, and prints its queue. Unless the successor then says `commit` in time, this host serves again by itself.
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
  become oven-held.conf "$held" "$1"
  restart >&2
  node export "$redis"
  trap - EXIT
}

# Passes on what waits and what comes.
commit() {
  lock
  only_for "$1"
  if [[ ! -f $held ]]; then
    if [[ -f $forwarding ]]; then return; fi
    say 'this host was not waiting any more and serves by itself'
    exit "$NOT_HELD"
  fi
  become oven-forwarding.conf "$forwarding" "$1"
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

# Has the host serve by itself, whatever it was told by a successor.
keep() {
  lock
  if [[ -f $held || -f $forwarding ]]; then
    rm -f "$held" "$forwarding"
    restart
    stop_timer
  fi
  systemctl start oven.socket oven.service caddy.service
}

# By the successor's key, which can ask for nothing else: its machine's id and a word.
give() {
  local id word
  read -r id word <<<"${SSH_ORIGINAL_COMMAND:-}" || true
  # A host that already has the address would otherwise take over from itself.
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
