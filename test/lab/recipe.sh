# The images of the lab, in three layers; `lab` sources this file, and a changed recipe makes new images.
#
#   bare     Debian's minimum without an init system: what a container or a chroot is. Nothing of mail is installed, but
#            apt's cache holds postfix, postgrey, swaks and what single tests need, so that `apt-get install` works without a network.
#   init     bare and systemd: a fresh machine.
#   server   init and Postfix as an Internet Site, rsyslog, a DNS server that answers for the clients below, and swaks.
#
# shellcheck shell=bash

SUITE=${GREYCTL_LAB_SUITE:-bookworm}
INIT_PACKAGES=(systemd systemd-sysv dbus iproute2 procps)
MAIL_PACKAGES=(postfix rsyslog dnsmasq swaks libio-socket-inet6-perl)
CACHED_PACKAGES=(postfix postgrey swaks rsyslog)
# for single tests: other service managers and package managers, SASL, Berkeley DB's programs, who installs servers
TOOL_PACKAGES=(openrc dnf createrepo-c rpm zypper pacman-package-manager makepkg sasl2-bin libsasl2-modules db5.3-util
  ansible-core cloud-init)

# The server, and clients to send from: `swaks --server 192.0.2.25 --local-interface ADDRESS`.
# 203.0.113.99 has no name (Postfix calls it "unknown").
ADDRESSES=(192.0.2.25 198.51.100.10 198.51.100.11 198.51.100.77 203.0.113.5 203.0.113.99 203.0.113.105
  2001:db8:25::25 2001:db8:77::10)

build_bare() {
  local root=$1 mirror
  # the host's own mirror, if it is one of Debian's archive
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    grep -oE '^(deb|URIs:).*' | grep -oE '[a-z+]+://[^ ]+/debian/?( |$)' | head -n 1 || true)
  mirror=${mirror:-http://deb.debian.org/debian}
  debootstrap --variant=minbase --include=ca-certificates "$SUITE" "$root" "$mirror"
  apt-config dump | grep -E '^Acquire::.*[Pp]roxy' >"$root/etc/apt/apt.conf.d/90lab-proxy" || true
  cat >"$root/etc/apt/apt.conf.d/90lab" <<'CONF'
Binary::apt::APT::Keep-Downloaded-Packages "true";
APT::Keep-Downloaded-Packages "true";
Acquire::Retries "3";
CONF
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/90lab"
  echo mx.example.test >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n192.0.2.25 mx.example.test mx\n::1 localhost\n' >"$root/etc/hosts"
  # node and npm are bound here at boot
  mkdir -p "$root/opt/node/bin" "$root/opt/node/lib/node_modules/npm" "$root/opt/greyctl"
  touch "$root/opt/node/bin/node"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/opt/node/bin/npm"
  inside "$root" <<SCRIPT
apt-get update -qq
apt-get install -y -qq --download-only ${CACHED_PACKAGES[*]}
apt-get install -y -qq --download-only --no-install-recommends ${TOOL_PACKAGES[*]}
SCRIPT
}

build_init() {
  inside "$1" <<SCRIPT
apt-get install -y -qq --no-install-recommends ${INIT_PACKAGES[*]}
systemctl set-default multi-user.target
# what would wake up by itself, or lock apt, in the middle of a test
systemctl mask systemd-networkd.service systemd-resolved.service systemd-logind.service console-getty.service getty.target \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer logrotate.timer man-db.timer
SCRIPT
}

build_server() {
  inside "$1" <<SCRIPT
echo "postfix postfix/main_mailer_type select Internet Site" | debconf-set-selections
echo "postfix postfix/mailname string example.test" | debconf-set-selections
apt-get install -y -qq --no-install-recommends ${MAIL_PACKAGES[*]}
postconf -e myhostname=mx.example.test 'mydestination=example.test, localhost' mynetworks=127.0.0.0/8 inet_protocols=all
useradd -m alice
useradd -m bob
systemctl enable postfix rsyslog dnsmasq
SCRIPT
  cat >"$1/etc/dnsmasq.d/lab.conf" <<'CONF'
no-resolv
no-hosts
local=/#/
listen-address=127.0.0.1
bind-interfaces
mx-host=example.test,mx.example.test,10
host-record=mx.example.test,192.0.2.25,2001:db8:25::25
host-record=mail.good.example,198.51.100.10
host-record=mx2.good.example,198.51.100.11
host-record=dhcp-198-51-100-77.isp.example,198.51.100.77
host-record=o5.mailer.example,203.0.113.5
host-record=o105.mailer.example,203.0.113.105
host-record=v6.good.example,2001:db8:77::10
CONF
}

# Runs standard input as a script in the tree, with the host's network; nothing is started there.
inside() {
  local root=$1
  cp --remove-destination /etc/resolv.conf "$root/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  { echo 'set -e; export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8'; cat; } >"$root/root/build.sh"
  chroot "$root" bash /root/build.sh </dev/null
  rm "$root/usr/sbin/policy-rc.d" "$root/root/build.sh"
  echo 'nameserver 127.0.0.1' >"$root/etc/resolv.conf"
}
