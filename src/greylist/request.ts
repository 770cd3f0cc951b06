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
  /** `policy_test_time`, epoch seconds: only obeyed in simulations. */
  readonly testTime: string
}

/** The attributes that are looked at; all others are ignored, as the protocol demands. */
export const ATTRIBUTES: ReadonlySet<string> = new Set([
  'request',
  'client_address',
  'client_name',
  'sender',
  'recipient',
  'instance',
  'queue_id',
  'sasl_username',
  'policy_test_time',
])

export function policyRequest(attributes: ReadonlyMap<string, string>): PolicyRequest {
  const value = (name: string) => attributes.get(name) ?? ''
  return {
    clientAddress: value('client_address'),
    clientName: value('client_name'),
    sender: value('sender'),
    recipient: value('recipient'),
    instance: value('instance'),
    queueId: value('queue_id'),
    saslUsername: value('sasl_username'),
    testTime: value('policy_test_time'),
  }
}
