# shellcheck shell=bash
# The new host's side of a hand-over.

: "${root?}" "${redis?}"
# The folder with the address and the key of the old host, while that host exists. Only root reads it.
predecessor=$root/var/lib/oven/predecessor

# Runs ssh to the old host with the key and the host key of a folder: remote FOLDER SSH-ARGUMENT...
remote() {
  local folder=$1
  shift
  ssh -F none -i "$folder/key" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes \
    -o HostKeyAlias=predecessor -o UserKnownHostsFile="$folder/known_hosts" -o GlobalKnownHostsFile=/dev/null \
    -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=3 -l root "$@"
}

# Sends the old host one of the words that `give` knows.
ask() { remote "$folder" "$address" "$(<"$root/etc/machine-id") $1"; }

# Takes over. It reads from stdin the old host's address and, if known, its droplet id, then its host key, then a private key.
take() {
  local code=0 from droplet
  read -r address droplet
  read -r host_key
  mkdir -p "$root/run/oven"
  folder=$(mktemp -d "$root/run/oven/handover.XXXXXX")
  trap 'rm -rf "$folder"' EXIT
  cat >"$folder/key"
  printf 'predecessor %s\n' "$host_key" >"$folder/known_hosts"
  # shellcheck disable=SC2016 # $1 is the inner shell's
  if ! timeout 15 bash -c 'exec 3<>"/dev/tcp/$1/22"' - "$address" 2>/dev/null; then
    if [[ -n $droplet ]]; then
      say "the droplet $droplet has the queue, but does not answer to SSH at $address: nothing was taken over, and it still has the address"
      say "if port 22 is closed between the two, open it and try again; if its queue is lost for good: pulumi config set abandonedHost $droplet"
      exit 1
    fi
    say "no host answers at $address: there is nothing to take over"
    return
  fi
  ask prepare >"$folder/answer" || code=$?
  case $code in
    0)
      from=$(sed -n '1s/^from \([0-9.]*\)$/\1/p' "$folder/answer")
      # A release from before the tunnels prints no address: it has stopped its service, and this is its queue.
      if [[ -z $from ]]; then node import "$redis" <"$folder/answer"; else take_over "$from"; fi
      ;;
    "$SAME_HOST") say "$address is this host already: there is nothing to take over" ;;
    127) say 'the host before had no release: there is nothing to take over' ;;
    *)
      say "the host before did not say how it is reached (exit code $code)"
      exit 1
      ;;
  esac
}

# Takes over the tunnel, then the queue, then the requests. Until the last step the old host can serve again by itself.
take_over() {
  local code=0 deadline=$((SECONDS + ${OVEN_COMMIT_SECONDS:-30}))
  printf '%s\n' "$1" >"$folder/address"
  # In a second run the tunnel is already in use.
  if ! tunnel_is_configured; then
    remove_tunnel
    mkdir -p "$predecessor"
    cp "$folder"/{known_hosts,address,key} "$predecessor"
  fi
  systemctl start oven-predecessor.service
  if ! ask hold >"$folder/queue" || ! node import "$redis" <"$folder/queue"; then
    say 'the queue of the host before could not be taken over'
    # If the old host does not confirm that it serves again, it may already forward since an earlier run: the tunnel stays.
    if ask return; then remove_tunnel; else say 'it serves again within a minute, unless it had handed over before'; fi
    exit 1
  fi
  # From here on nothing is undone: until an answer comes, the old host may or may not have received the commit.
  until ask commit; do
    code=$?
    if ((code != 255 || SECONDS >= deadline)); then
      say "the host before was not told that its queue has arrived (exit code $code): try again, it can be done twice"
      exit 1
    fi
    sleep 1
  done
}

tunnel_is_configured() {
  local file
  for file in known_hosts address key; do cmp -s "$folder/$file" "$predecessor/$file" || return 1; done
}

remove_tunnel() {
  systemctl stop oven-predecessor.service
  rm -rf "$predecessor"
}

# Keeps up the tunnel through which the old host forwards requests, until that host is gone.
tunnel() {
  local last=$SECONDS begun
  while [[ -f $predecessor/key ]]; do
    begun=$SECONDS
    remote "$predecessor" -N -o ExitOnForwardFailure=yes -R 127.0.0.1:3001:127.0.0.1:3000 "$(<"$predecessor/address")" || true
    # A failed connection takes less time, so this one was up.
    if ((SECONDS - begun > 30)); then last=$SECONDS; fi
    if ((SECONDS - last >= ${OVEN_TUNNEL_SECONDS:-600})); then break; fi
    sleep 1
  done
  rm -rf "$predecessor"
  say 'the host before is gone: no tunnel is kept any more'
}
