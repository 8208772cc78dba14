# shellcheck shell=bash
# Functions of oven-activate and oven-rollback: the switch from one release to another, which ends healthy or is undone.
# In tests OVEN_ROOT is a folder in place of the host's root.

root=${OVEN_ROOT:-}
oven=$root/opt/oven
state=$root/var/lib/oven
environment=$root/etc/oven/oven.env
certificate=$root/etc/caddy/origin.pem
log=$root/var/log/oven/oven.log
# This file exists during a switch. It contains the release that served before, or nothing.
switching=$state/switching
: "${OVEN_HEALTH_SECONDS:=60}" "${OVEN_CANDIDATE_SECONDS:=90}" "${OVEN_LOCK_SECONDS:=300}" "${OVEN_KEEP:=5}"
# The caller may disconnect. Then a line of output must not kill the script.
trap '' PIPE

say() { printf 'oven: %s\n' "$*"; }
complain() { printf 'oven: %s\n' "$*" >&2; }
fail() {
  complain "$*"
  exit 1
}

# True when another host has taken over from this one.
handed_over() { [[ -f $root/etc/systemd/system/oven.service.d/handed-over.conf ]]; }

# After a hand-over, requests to this host's service would reach the other host.
refuse_handed_over() {
  # shellcheck disable=SC2016 # a command to type
  if handed_over; then fail 'another host has taken over from this one; `oven-handover keep` has it serve by itself again'; fi
}

# Only one release runs at a time. The lock of a dead activation is free.
take_lock() {
  exec 9>"$root/run/oven-release.lock"
  flock -w "$OVEN_LOCK_SECONDS" 9 || fail 'another release is under way'
}

# Prints the release that serves, or that served before an interrupted switch; nothing on a fresh host.
serving() {
  if [[ -f $switching ]]; then
    cat "$switching"
  elif [[ -L $oven/current ]]; then
    basename "$(readlink "$oven/current")"
  fi
}

# Behind a load balancer, its health check fails while this file exists. The service goes on: the load balancer sends new connections elsewhere.
leaving=$root/run/oven-leaving

is_balanced() { [[ -f $root/etc/oven/balancer.env ]]; }

# Waits as long as the load balancer takes to notice a change.
until_noticed() {
  local NOTICE_SECONDS=20
  # shellcheck source=/dev/null
  . "$root/etc/oven/balancer.env"
  sleep "${OVEN_NOTICE_SECONDS:-$NOTICE_SECONDS}"
}

# Leaves the load balancer before the service is touched.
leave_balancer() {
  is_balanced || return 0
  (umask 022 && : >"$leaving")
  until_noticed
}

# Returns to it. The wait keeps the next host from leaving before this one gets connections.
join_balancer() {
  [[ -f $leaving ]] || return 0
  rm -f "$leaving"
  if is_balanced; then until_noticed; fi
}

# answers HASH CURL-ARGUMENT...: true when /health answers 200 and names the release.
answers() {
  local hash=$1 answer
  shift
  answer=$(curl -fsS --max-time 5 "$@" 2>/dev/null) && [[ $answer == *"\"release\":\"$hash\""* ]]
}

service_answers() { answers "$1" http://127.0.0.1:3000/health; }

# Waits until the service answers as this release. Fails early when the service keeps crashing.
service_becomes() {
  local deadline=$((SECONDS + OVEN_HEALTH_SECONDS)) restarts
  until service_answers "$1"; do
    ((SECONDS < deadline)) || return 1
    restarts=$(systemctl show --property=NRestarts --value oven.service)
    ((${restarts:-0} < 3)) || return 1
    sleep 0.2
  done
}

# Replaces a file as a whole: install_file MODE OWNER FROM TO.
install_file() {
  local partial=$4.partial
  mkdir -p "$(dirname "$4")" && rm -f "$partial" && (umask 077 && cp "$3" "$partial") &&
    chown "$2" "$partial" && chmod "$1" "$partial" && mv -f "$partial" "$4"
}

# Leaves the load balancer, and saves the files that a switch changes besides the release, so that undo_switch can restore them. Files that an interrupted switch saved stay.
begin_switch() {
  # Nothing leads to a host without a release.
  if [[ -n $1 ]]; then leave_balancer; fi
  [[ -f $switching ]] && return
  local file
  for file in "$environment" "$certificate"; do
    rm -f "$file.previous"
    [[ ! -f $file ]] || cp -p "$file" "$file.previous"
  done
  printf '%s' "$1" >"$switching.partial"
  mv -f "$switching.partial" "$switching"
}

# switch_to HASH: installs its files on the host, points `current` at it, restarts the service (its socket stays), and waits for its health. A drain lasts
# over a restart, and a drained service is not healthy: a release ends it.
switch_to() {
  rm -f "$state/tmp/oven-drained" || return 1
  "$oven/releases/$1/host/sbin/oven-apply" &&
    ln -sfn "releases/$1" "$oven/current.new" &&
    mv -T "$oven/current.new" "$oven/current" &&
    systemctl start oven.socket &&
    systemctl restart oven.service &&
    service_becomes "$1"
}

end_switch() {
  rm -f "$environment.previous" "$certificate.previous" "$switching"
  join_balancer
}

# Returns to the release that served before. A host without one is left without a service.
undo_switch() {
  local previous file
  previous=$(cat "$switching")
  for file in "$environment" "$certificate"; do
    [[ -f $file.previous ]] || continue
    # Only for another certificate: a reload of Caddy ends requests that wait longer than its grace period.
    if [[ $file == "$certificate" ]] && ! cmp -s "$file.previous" "$file"; then touch_pending etc/caddy/Caddyfile; fi
    mv -f "$file.previous" "$file"
  done
  if [[ -z $previous ]]; then
    systemctl stop oven.socket oven.service || true
    rm -f "$oven/current" "$switching"
    complain 'no release served before: none does now'
    return
  fi
  if switch_to "$previous"; then
    end_switch
    complain "returned to $previous"
  else
    complain "$previous, which served before, does not answer either"
    show_service
  fi
}

# tell TEXT [RELEASE]: alerts the operator, if the stack has a receiver of alerts. systemd reads its URL from the service's environment: no argument has
# it. The release that serves may be too old for it, then RELEASE does it. What is told has happened already, so a failure here is only reported.
tell() {
  local folder
  grep -q '^ALERT_WEBHOOK_URL=' "$environment" 2>/dev/null || return 0
  for folder in "$oven/current" ${2:+"$2"}; do
    if timeout 20 "$folder/host/sbin/oven" alert "$1" </dev/null >/dev/null 2>&1; then return 0; fi
  done
  complain 'the receiver of alerts could not be told'
}

# Tells the operator of a release that does not serve.
tell_failed() {
  if [[ -n $previous ]] && service_answers "$previous"; then
    tell "Release $hash does not serve. $previous goes on." "$oven/releases/$hash"
  else
    tell "Release $hash does not serve, and no other one does." "$oven/releases/$hash"
  fi
}

# Makes oven-apply handle a file as changed.
touch_pending() { printf '%s\n' "$1" >>"$state/pending"; }

mark_log() { log_mark=$(stat -c %s "$log" 2>/dev/null || echo 0); }

# Prints the service's log since mark_log, and systemd's messages about it.
show_service() {
  complain 'the end of its log:'
  tail -c "+$((${log_mark:-0} + 1))" "$log" 2>/dev/null | tail -n 40 >&2 || true
  journalctl --quiet --no-pager --output=cat --unit=oven.service --lines=10 >&2 || true
}

record() { printf '%s %s %s %s\n' "$(date -u +%FT%TZ)" "$1" "$2" "${3:-none}" >>"$oven/revisions.log"; }

# Prints the releases that have served and still exist, each once, the last one first.
kept_releases() {
  [[ -f $oven/revisions.log ]] || return 0
  tac "$oven/revisions.log" | awk '$2 != "failed" && !seen[$3]++ { print $3 }' | while read -r hash; do
    if [[ -d $oven/releases/$hash ]]; then printf '%s\n' "$hash"; fi
  done
}

# Removes old releases, and archives that are unpacked.
prune() {
  local keep folder
  keep=$(kept_releases | sed -n "1,${OVEN_KEEP}p")
  for folder in "$oven"/releases/*; do
    if [[ $'\n'$keep$'\n' != *$'\n'$(basename "$folder")$'\n'* ]]; then rm -rf "$folder"; fi
  done
  rm -f "$oven"/incoming/oven-*.tar.zst "$oven"/incoming/activate-*
}
