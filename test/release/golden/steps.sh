# prepare
set -eu
cloud-init status --wait >/dev/null || echo 'oven: cloud-init says that the first boot did not go well'
lacks() {
  for name in ca-certificates caddy curl ffmpeg logrotate openssl redis-server unattended-upgrades zstd; do
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
install -d -m 0755 /opt/oven /opt/oven/releases
install -d -m 0700 /opt/oven/incoming
if test -d /opt/oven/releases/0123456789abcdef; then exit 0; fi
find /opt/oven/incoming -name 'oven-*.tar.zst' ! -name 'oven-0123456789abcdef.tar.zst' -delete
free=$(df --output=avail --block-size=1M /opt/oven | tail -n 1 | tr -d ' ')
if test "$free" -lt 1536; then
  echo "oven: the host's disk has $free MiB free, and a release needs 1536: nothing was changed" >&2
  exit 1
fi

# upload
# /tmp/release -> /opt/oven/incoming/oven-0123456789abcdef.tar.zst

# environment
# stdin: environment
set -eu
umask 077
cat >/opt/oven/incoming/environment.partial
test -s /opt/oven/incoming/environment.partial
mv -f /opt/oven/incoming/environment.partial /opt/oven/incoming/environment
sha256sum </opt/oven/incoming/environment | cut -c 1-16

# certificate
# stdin: certificate
set -eu
umask 077
cat >/opt/oven/incoming/certificate.partial
test -s /opt/oven/incoming/certificate.partial
mv -f /opt/oven/incoming/certificate.partial /opt/oven/incoming/certificate
sha256sum </opt/oven/incoming/certificate | cut -c 1-16

# activate
# again when environment, certificate changed
set -eu
script=/opt/oven/releases/0123456789abcdef/host/sbin/oven-activate
if ! test -x "$script"; then
  script=/opt/oven/incoming/activate-0123456789abcdef
  tar --zstd --occurrence=1 -xOf /opt/oven/incoming/oven-0123456789abcdef.tar.zst host/sbin/oven-activate >"$script"
fi
exec bash "$script" 0123456789abcdef

# handover
# stdin: handover
exec /opt/oven/current/host/sbin/oven-handover take

# drain
:

# when the host goes
set -eu
if test -x /opt/oven/current/host/sbin/oven-drain; then exec /opt/oven/current/host/sbin/oven-drain 900; fi
