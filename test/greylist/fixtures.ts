import { NetworkSet } from '../../src/greylist/address.js'
import { AddressMap } from '../../src/greylist/address-map.js'
import { parseClientList } from '../../src/greylist/client-list.js'
import { DEFAULT_POLICY, type Policy } from '../../src/greylist/policy.js'
import { parseRecipientList } from '../../src/greylist/recipient-list.js'
import { type PolicyRequest, requestOf } from '../../src/greylist/request.js'

export function request(changes: Partial<PolicyRequest> = {}): PolicyRequest {
  return {
    ...requestOf([]),
    clientAddress: '192.0.2.25',
    clientName: 'mail.example.org',
    sender: 'alice@example.org',
    recipient: 'bob@example.com',
    ...changes,
  }
}

export function clients(text: string) {
  return parseClientList([{ path: 'clients', text }])
}

export function recipients(text: string) {
  return parseRecipientList([{ path: 'recipients', text }])
}

export function policy(changes: Partial<Policy> = {}): Policy {
  return {
    ...DEFAULT_POLICY,
    clients: clients('').list,
    recipients: recipients('').list,
    networks: new NetworkSet(),
    senders: new AddressMap(),
    rules: new AddressMap(),
    ...changes,
  }
}
