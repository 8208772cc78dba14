# authority, stdin: authority
set -eu
cat >/etc/ssl/oven-queue.pem.partial
test -s /etc/ssl/oven-queue.pem.partial
chmod 0644 /etc/ssl/oven-queue.pem.partial
mv -f /etc/ssl/oven-queue.pem.partial /etc/ssl/oven-queue.pem
sha256sum </etc/ssl/oven-queue.pem | cut -c 1-16

# queue-give, stdin: queue
set -eu
if test -x /opt/oven/current/host/sbin/oven-queue; then exec /opt/oven/current/host/sbin/oven-queue give; fi

# queue-take, stdin: queue
:

# when it goes
set -eu
if test -x /opt/oven/current/host/sbin/oven-queue; then exec /opt/oven/current/host/sbin/oven-queue take; fi

# drain-all
:

# when it goes
set -eu
if test -x /opt/oven/current/host/sbin/oven-queue && grep -q '^REDIS_URL=' /etc/oven/oven.env; then
  exec /opt/oven/current/host/sbin/oven-drain 900 all
fi

# queue-prepare
set -eu
cloud-init status --wait >/dev/null || echo 'oven: cloud-init says that the first boot did not go well'
lacks() {
  for name in ca-certificates redis-server unattended-upgrades; do
    case $(dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null || true) in
      installed) ;;
      *) printf ' %s' "$name" ;;
    esac
  done
}
missing=$(lacks)
if test -n "$missing"; then
  echo "oven: the first boot left out$missing: installing"
  export DEBIAN_FRONTEND=noninteractive
  for pause in ${OVEN_APT_PAUSES:-0 10 30 60}; do
    sleep "$pause"
    dpkg --configure -a >&2 || true
    apt-get -q -o DPkg::Lock::Timeout=120 update >&2 || true
    # shellcheck disable=SC2086 # a list of names
    if apt-get -q -y -o DPkg::Lock::Timeout=120 --no-install-recommends install $missing >&2; then break; fi
    echo 'oven: that did not work; trying again'
  done
  missing=$(lacks)
  if test -n "$missing"; then echo "oven: can't be installed:$missing" >&2; exit 1; fi
  echo 'oven: all packages are installed now'
fi
if ! id oven >/dev/null 2>&1 || ! test -f /etc/ssh/sshd_config.d/10-oven.conf; then
  echo 'oven: the first boot left the host without its user or files:' >&2
  cloud-init status --long >&2
  exit 1
fi

# queue-certificate-file, stdin: certificate
set -eu
umask 077
cat >/etc/redis/oven.pem.partial
test -s /etc/redis/oven.pem.partial
chown redis:redis /etc/redis/oven.pem.partial
mv -f /etc/redis/oven.pem.partial /etc/redis/oven.pem
sha256sum </etc/redis/oven.pem | cut -c 1-16

# queue-settings, stdin: settings
set -eu
umask 077
cat >/etc/redis/oven.conf.partial
test -s /etc/redis/oven.conf.partial
chown redis:redis /etc/redis/oven.conf.partial
mv -f /etc/redis/oven.conf.partial /etc/redis/oven.conf
sha256sum </etc/redis/oven.conf | cut -c 1-16

# queue-start
set -eu
mkdir -p /etc/systemd/system/redis-server.service.d
cat >/etc/systemd/system/redis-server.service.d/oven.conf <<'END'
[Unit]
StartLimitIntervalSec=0

[Service]
ExecStart=
ExecStart=/usr/bin/redis-server /etc/redis/oven.conf
PIDFile=
Restart=always
RestartSec=1
TimeoutStopSec=60
OOMScoreAdjust=-900
END
cat >/etc/sysctl.d/60-oven.conf <<'END'
vm.swappiness = 10
vm.overcommit_memory = 1
END
sysctl --quiet --load=/etc/sysctl.d/60-oven.conf || echo 'oven: sysctl: not permitted here'
systemctl daemon-reload
systemctl enable --quiet redis-server.service
systemctl restart redis-server.service
password=$(sed -n 's/^requirepass //p' /etc/redis/oven.conf)
for try in 1 2 3 4 5 6 7 8 9 10; do
  if test "$(REDISCLI_AUTH=$password redis-cli --tls --insecure ping 2>&1)" = PONG; then
    echo 'oven: the queue answers'
    exit 0
  fi
  sleep "$try"
done
echo 'oven: Redis does not answer; its last messages:' >&2
journalctl --quiet --no-pager --output=cat --unit=redis-server.service --lines=20 >&2
exit 1
