import { DEFAULT_ACTION, DEFAULT_TEXT } from '../greylist/reply.js'

/** Apart from the options, so that whoever prints it need not load the store. */
export const HELP = `usage: greyctl daemon [options]

  -i, --inet=[HOST:]PORT             listen on this address (a bare port: 127.0.0.1)
  -u, --unix=PATH                    listen on this unix socket
      --socketmode=MODE              its mode (0666)
      --may-ask=NETWORK              who may ask beside this machine (repeatable; needed to listen elsewhere)
      --listen-queue-size=N          connections that may wait to be accepted (512)
      --exim                         close each connection after its answer
      --delay=SECONDS                a first mail waits this long (60)
      --retry-window=N|Nh            days (or hours) in which a retry must come (2)
      --max-age=DAYS                 forget what was not seen for so long (35)
      --auto-whitelist-clients[=N]   a client that passed N times is not greylisted any more (5; 0: never)
      --identity=pool|subnet         a retry counts from any machine of a verified organisation (pool), or of the same
                                     network only, as in postgrey (subnet)
      --resolver=ADDRESS[:PORT]      ask this DNS server about senders (those of /etc/resolv.conf)
      --lookup-by-subnet             clients of one network are one (default)
      --lookup-by-host               each address is its own client
      --ipv4cidr=N  --ipv6cidr=N     how large a network is (24, 64)
      --whitelist-clients=FILE       never greylist these (repeatable; replaces the default files)
      --whitelist-recipients=FILE    nor mail to these
      --greylist-action=ACTION       how a deferral begins (${DEFAULT_ACTION})
      --greylist-text=TEXT           what it says (${DEFAULT_TEXT})
      --x-greylist-header=TEXT       the header of a mail that waited
      --hostname=NAME                the name in that header
      --store=lmdb:DIR|memory:       where to remember (lmdb:/var/lib/greyctl/store)
      --store=valkey://HOST:PORT     in a server that several hosts share (docs/several-mx.md)
      --dbdir=DIR                    the same as --store=lmdb:DIR
      --durability=strict|relaxed    on the disk before the answer (strict), or within 50 ms of it
      --metrics=inet:127.0.0.1:PORT  answer Prometheus there: GET /metrics (loopback only; off)
      --config=FILE                  settings of a file (/etc/greyctl/greyctl.toml if it exists); options win
      --privacy                      store keyed hashes instead of addresses
  -d, --daemonize                    go to the background when listening, and log to syslog
      --pidfile=PATH                 write the process id there
      --user=NAME  --group=NAME      drop privileges after binding
      --syslog-facility=NAME         with --daemonize (mail)
      --log-format=text|json         postgrey's lines, or one JSON object a line
  -q, --quiet                        no line for each decision
  -v, --verbose                      say who connects, too
      --learn                        decide and remember, but defer nobody
      --check                        look at options, file and whitelists, then exit: 0, or 2 with what is wrong
      --test-clock                   obey policy_test_time in requests (simulations; loopback or unix only)
  -h, --help, --man
      --version

The socket may also be inherited from systemd (LISTEN_FDS). SIGHUP reads configuration and whitelists again; SIGTERM answers
what was received and ends.
`
