# shellcheck shell=bash
# What a host does that takes over from another one.

: "${root?}" "${redis?}"
# Where it is kept how the host before is reached, for as long as that one exists; root's alone.
predecessor=$root/var/lib/oven/predecessor

# The host before, as a folder says that it is reached: remote FOLDER SSH-ARGUMENT...
remote() {
  local folder=$1
  shift
  ssh -F none -i "$folder/key" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes \
    -o HostKeyAlias=predecessor -o UserKnownHostsFile="$folder/known_hosts" -o GlobalKnownHostsFile=/dev/null \
    -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=3 -l root "$@"
}

# Asks it one of the words that `give` knows.
ask() { remote "$folder" "$address" "$(<"$root/etc/machine-id") $1"; }

# Reads from stdin where the host before is and which droplet it is, if there is one, its host key and a private key.
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
      # A release from before there were tunnels says no address: it has stopped its service, and this is its queue.
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

# First the tunnel, then the queue, then the requests: until the last step the host before can serve again by itself.
take_over() {
  local code=0 deadline=$((SECONDS + ${OVEN_COMMIT_SECONDS:-30}))
  printf '%s\n' "$1" >"$folder/address"
  # One that stands already is in use when this is done again.
  if ! stands; then
    forget
    mkdir -p "$predecessor"
    cp "$folder"/{known_hosts,address,key} "$predecessor"
  fi
  systemctl start oven-predecessor.service
  if ! ask hold >"$folder/queue" || ! node import "$redis" <"$folder/queue"; then
    say 'the queue of the host before could not be taken over'
    # Where it does not say that it serves again, it may be passing on from an earlier time: the tunnel stays.
    if ask return; then forget; else say 'it serves again within a minute, unless it had handed over before'; fi
    exit 1
  fi
  # Nothing may be undone from here on: whether it has heard, nobody knows before it has answered.
  until ask commit; do
    code=$?
    if ((code != 255 || SECONDS >= deadline)); then
      say "the host before was not told that its queue has arrived (exit code $code): try again, it can be done twice"
      exit 1
    fi
    sleep 1
  done
}

stands() {
  local file
  for file in known_hosts address key; do cmp -s "$folder/$file" "$predecessor/$file" || return 1; done
}

forget() {
  systemctl stop oven-predecessor.service
  rm -rf "$predecessor"
}

# Keeps up the tunnel through which the host before passes on what still reaches it, until that host is gone.
tunnel() {
  local last=$SECONDS begun
  while [[ -f $predecessor/key ]]; do
    begun=$SECONDS
    remote "$predecessor" -N -o ExitOnForwardFailure=yes -R 127.0.0.1:3001:127.0.0.1:3000 "$(<"$predecessor/address")" || true
    # It takes less to find that nobody answers: this one stood.
    if ((SECONDS - begun > 30)); then last=$SECONDS; fi
    if ((SECONDS - last >= ${OVEN_TUNNEL_SECONDS:-600})); then break; fi
    sleep 1
  done
  rm -rf "$predecessor"
  say 'the host before is gone: no tunnel is kept any more'
}
