/** What goes wrong with greylisting and cannot be seen from the server itself, or looks wrong and is not. No check is made of it. */
export interface Beyond {
  readonly what: string
  readonly why: string
  /** Where to look, or what to do. */
  readonly instead: string
}

export const BEYOND: readonly Beyond[] = [
  {
    what: 'whether another host of the MX records greylists, and whether it remembers what this one does',
    why: 'its configuration and its store are not here; backup-mx-not-greylisting names the host',
    instead: 'run doctor there, and give all hosts one store',
  },
  {
    what: 'a packet filter, a provider or a NAT in front that keeps port 25 from the internet',
    why: 'from inside the port answers',
    instead: 'connect from outside: swaks --server HOST --quit-after RCPT',
  },
  {
    what: 'why one sender never came back',
    why: 'spam and a program without a queue leave the same line; sender-treats-450-as-permanent guesses by names alone',
    instead: 'greyctl why SENDER RECIPIENT, and ask the sender',
  },
  {
    what: 'for how long a code to log in with is good',
    why: 'its sender knows; otp-mails-expire takes five minutes, and knows such mail by its sender',
    instead: 'shorten the delay',
  },
  {
    what: 'what other servers do when their question back about a sender is put off here',
    why: 'their queue is not here; callout-verification-loop sees the questions that this server asks',
    instead: 'look for "sender verify" in the bounces and deferrals of outgoing mail',
  },
  {
    what: 'a clock that is wrong, and steady',
    why: 'nothing here knows the time better; clock-jump sees it change',
    instead: 'timedatectl, chronyc tracking',
  },
  {
    what: 'what a mail server suite will write over at its next update',
    why: 'config-overwritten-by-manager sees that there is one',
    instead: 'put the change where the suite takes it from',
  },
  {
    what: 'comments and empty lines inside a folded value (comment-or-blank-inside-continuation)',
    why: 'no fault: Postfix passes over them, and so does greyctl when it edits; postconf -e does not keep them',
    instead: 'nothing',
  },
  {
    what: 'missing and doubled commas in a list (comma-missing-or-doubled)',
    why: 'no fault: blanks and commas are the same to Postfix. In master.cf a blank ends the value: master-o-whitespace',
    instead: 'nothing',
  },
]
