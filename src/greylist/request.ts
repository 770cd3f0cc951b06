/**
 * What greylisting needs of one policy request (SMTPD_POLICY_README, "Protocol description"). Texts hold one
 * character a byte (latin1), so that any byte a client sent survives unchanged; an absent attribute is ''.
 */
export interface PolicyRequest {
  readonly clientAddress: string
  readonly clientName: string
  readonly sender: string
  readonly recipient: string
  readonly instance: string
  readonly queueId: string
  readonly saslUsername: string
  /** What main.cf says with the check (since Postfix 3.1). */
  readonly policyContext: string
  /** `policy_test_time`, epoch seconds: only obeyed in simulations. */
  readonly testTime: string
}

/** The attributes that are looked at; all others are ignored, as the protocol demands. */
export const ATTRIBUTES: readonly (readonly [attribute: string, field: keyof PolicyRequest])[] = [
  ['client_address', 'clientAddress'],
  ['client_name', 'clientName'],
  ['sender', 'sender'],
  ['recipient', 'recipient'],
  ['instance', 'instance'],
  ['queue_id', 'queueId'],
  ['sasl_username', 'saslUsername'],
  ['policy_context', 'policyContext'],
  ['policy_test_time', 'testTime'],
]

/** To be filled in: one shape for all requests, whatever comes in which order. */
export function emptyRequest(): { -readonly [Field in keyof PolicyRequest]: string } {
  return {
    clientAddress: '',
    clientName: '',
    sender: '',
    recipient: '',
    instance: '',
    queueId: '',
    saslUsername: '',
    policyContext: '',
    testTime: '',
  }
}
