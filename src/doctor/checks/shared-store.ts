import { check } from '../check.js'
import { signHits } from './resources.js'

const alone = check({
  id: 'shared-store-unavailable',
  title: 'the store that several hosts share cannot be used: this host remembers alone',
  severity: 'warning',
  symptom:
    'warning: valkey://… cannot be used (…): this host remembers alone until it can; mail goes on, but what is deferred here and retried at another MX waits there again',
  cause:
    'the server is down, full or read-only, the password or certificate is wrong, the network is slow, or the service’s sandbox does not let the daemon out (IPAddressAllow)',
  look: [
    'greyctl status',
    'journalctl -u greyctl -n 30',
    'systemctl show greyctl --property=IPAddressAllow',
    'systemctl status valkey-server redis-server',
  ],
  remedy:
    'the words in parentheses say what is wrong: see that the server runs and has room, and that this host may reach it (docs/several-mx.md); what was learned here is merged into it by itself',
  autofix: 'manual',
  becauseOf: ['daemon-cut-off'],
  needs: ['log'],
  judge: ({ log }) => signHits(log, 'store-alone', 'the daemon decides by what this host alone knows'),
})

export const SHARED_STORE = [alone]
