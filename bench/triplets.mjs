/** The triplets of load.c, for stores that are filled without asking a server for each. */

const SCATTER = 10_368_889
const NETWORKS = 2 ** 24
/** SCATTER times this is 1 (modulo NETWORKS): from a network back to its triplet. */
const GATHER = inverse(SCATTER)

function inverse(odd) {
  let found = 1
  // each round doubles the bits that are right (Newton)
  for (let bits = 1; bits < 24; bits *= 2) found = Math.imul(found, 2 - Math.imul(odd, found))
  return found & (NETWORKS - 1)
}

/** What a policy request of this triplet says; as in load.c. */
export function requestOf(index) {
  const network = Math.imul(index, SCATTER) & (NETWORKS - 1)
  return {
    clientAddress: `${network >> 16}.${(network >> 8) & 255}.${network & 255}.25`,
    clientName: 'unknown',
    sender: `user${String.fromCharCode(97 + (index % 26))}x${index}y@sender.example.org`,
    recipient: `recipient${index % 1000}@example.com`,
  }
}

/** The numbers below `count` in the order of their networks' names, in which a tree is filled fastest. */
export function* inKeyOrder(count) {
  const octets = Array.from({ length: 256 }, (_, octet) => octet).sort((a, b) => (`${a}.` < `${b}.` ? -1 : 1))
  for (const first of octets) {
    for (const second of octets) {
      for (const third of octets) {
        const index = Math.imul((first << 16) | (second << 8) | third, GATHER) & (NETWORKS - 1)
        if (index < count) yield index
      }
    }
  }
}
