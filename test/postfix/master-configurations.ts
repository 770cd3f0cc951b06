import fc from 'fast-check'

/** master.cf texts in every shape that people write, and in some that nobody should. */
const option = fc.constantFrom(
  ...['-o a_b=c', '-o smtpd_tls_security_level=encrypt', '-o{x=1}', '-obar=1', '-v', '-vo k=v', '-u'],
  ...['-o { name = two words }', '-o {n={a b}, c}', '-o { empty = }', '-o e=', '-o {n  =  a\n   b}'],
  ...['-o smtpd_client_restrictions=permit_mynetworks,reject', '-o\n   folded=yes', '-o bad', '-o x=$y'],
  ...['-o smtpd_recipient_restrictions=permit_mynetworks,check_policy_service,{inet:h:1,timeout=1s},reject'],
  '-o { smtpd_recipient_restrictions = permit_mynetworks, reject }',
)
const stray = fc.constantFrom('flags=F', 'user=x argv=/bin/y', 'argv={ a b }', '{ x y }', '$recipient', 'b,')
const glue = fc.constantFrom(
  ' ',
  '\t',
  '\n  ',
  '\n\t',
  '\n# comment -o z=1\n  ',
  '\n\n   ',
  '\r\n  ',
  '\n  # in\n  ',
)
const service = fc
  .record({
    name: fc.constantFrom('smtp', 'submission', '127.0.0.1:10025', '465', 'smtpd', '[::1]:2525'),
    type: fc.constantFrom('inet', 'unix', 'pass', 'fifo', 'inet', 'unix-dgram'),
    chroot: fc.constantFrom('-', 'y', 'n'),
    blank: fc.constantFrom(' ', '\t', '       ', ' \n  '),
    command: fc.constantFrom('smtpd', 'pipe', 'smtp', '/usr/lib/postfix/sbin/smtpd'),
    options: fc.array(fc.tuple(glue, option), { maxLength: 4 }),
    strays: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      fc.array(fc.tuple(glue, stray), { maxLength: 2 }),
    ),
  })
  .map(({ name, type, chroot, blank, command, options, strays }) => {
    const columns = [name, type, 'n', '-', chroot, '-', '-', command].join(blank)
    return columns + [...options, ...strays].map(([before, word]) => before + word).join('')
  })
const between = fc.constantFrom('\n', '\n\n', '\n# a comment\n', '\r\n', '\n   \n', '\n #x\n')

export const masterConfigurations: fc.Arbitrary<string> = fc
  .record({
    start: fc.constantFrom('', '# master.cf\n', '\n'),
    services: fc.array(fc.tuple(service, between), { minLength: 1, maxLength: 4 }),
    last: fc.boolean(),
  })
  .map(({ start, services, last }) => {
    const text = start + services.map((pair) => pair.join('')).join('')
    return last ? text : text.trimEnd()
  })
