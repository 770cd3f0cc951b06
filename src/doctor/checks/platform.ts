import { check } from '../check.js'
import { signHits } from './resources.js'

const shown = (lines: readonly string[]) => lines.map((text) => ({ ref: 'journal', text }))

const selinux = check({
  id: 'selinux-denied',
  title: 'SELinux keeps Postfix from its policy server',
  severity: 'critical',
  symptom:
    'avc: denied { connectto } for comm="smtpd"; Postfix says Permission denied although the modes are right',
  cause: 'the socket or the port has a type that postfix_smtpd_t may not use',
  look: ['getenforce', 'ausearch -m avc -c smtpd -ts today'],
  remedy: 'give the port or the socket the type of a postgrey one, or make a module of the denials',
  commands: ['ausearch -m avc -c smtpd -ts today | audit2allow -m greylisting'],
  autofix: 'manual',
  needs: ['kernel'],
  judge: ({ kernel }) =>
    kernel.selinux.length === 0 ? [] : [{ detail: 'in the last day', evidence: shown(kernel.selinux) }],
})

const apparmor = check({
  id: 'apparmor-denied',
  title: 'AppArmor keeps a mail program from something',
  severity: 'error',
  symptom: 'apparmor="DENIED" operation="connect" profile=…; lines of the mail log are missing',
  cause: 'the program’s profile does not allow a path that this configuration uses',
  look: ['aa-status', 'journalctl -k | grep DENIED'],
  remedy: 'add the path to /etc/apparmor.d/local/PROFILE and reload the profile',
  autofix: 'manual',
  needs: ['kernel'],
  judge: ({ kernel }) =>
    kernel.apparmor.length === 0 ? [] : [{ detail: 'in the last day', evidence: shown(kernel.apparmor) }],
})

const sandbox = check({
  id: 'systemd-sandbox',
  title: 'the unit’s sandbox keeps the daemon from writing',
  severity: 'error',
  symptom: 'Read-only file system (EROFS) on a disk that is not; status=226/NAMESPACE',
  cause:
    'ProtectSystem, ReadOnlyPaths, PrivateTmp or RestrictAddressFamilies of the unit do not fit the daemon’s options',
  look: ['systemctl cat greyctl postgrey', 'systemd-analyze security greyctl'],
  remedy: 'name the directory in StateDirectory= or ReadWritePaths=',
  autofix: 'manual',
  needs: ['log'],
  judge: ({ log }) => [
    ...signHits(log, 'read-only', 'something could not be written on a read-only file system'),
    ...signHits(log, 'sandbox-denied', 'a unit could not be set up'),
  ],
})

/** File systems of a container's own layer, which go with it. */
const LAYERS = new Set(['overlay', 'aufs', 'fuse-overlayfs', 'tmpfs'])

const volume = check({
  id: 'db-on-volume',
  title: 'the greylister’s database goes with the container',
  severity: 'warning',
  symptom: 'after each update of the container all senders are new, and wait again',
  cause: 'its directory is a part of the container’s own layer, not of a volume',
  look: ['findmnt -T /var/lib/greyctl', 'docker inspect --format "{{.Mounts}}" CONTAINER'],
  remedy: 'put /var/lib/greyctl (or /var/lib/postgrey) on a volume',
  autofix: 'manual',
  needs: ['platform', 'stores'],
  judge: ({ platform: { container }, stores }) =>
    container === undefined
      ? []
      : stores
          .filter(({ owner, mount }) => owner !== 'postfix' && mount !== undefined && LAYERS.has(mount.type))
          .map(({ owner, path, mount }) => ({
            detail: `${path} lies on the ${mount?.type} at ${mount?.point}`,
            evidence: [{ ref: container, text: 'this is a container' }],
            affects: [owner],
          })),
})

export const PLATFORM = [selinux, apparmor, sandbox, volume]
