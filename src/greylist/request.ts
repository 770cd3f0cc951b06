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

/** The attributes that are looked at; all others are ignored, as the protocol demands. In the order of `requestOf`. */
export const ATTRIBUTES = [
  'client_address',
  'client_name',
  'sender',
  'recipient',
  'instance',
  'queue_id',
  'sasl_username',
  'policy_context',
  'policy_test_time',
] as const

/** Of the values of ATTRIBUTES, in their order. One shape for all requests, whatever came in which order. */
export function requestOf(values: readonly string[]): PolicyRequest {
  const [clientAddress = '', clientName = '', sender = '', recipient = ''] = values
  return {
    clientAddress,
    clientName,
    sender,
    recipient,
    instance: values[4] ?? '',
    queueId: values[5] ?? '',
    saslUsername: values[6] ?? '',
    policyContext: values[7] ?? '',
    testTime: values[8] ?? '',
  }
}
