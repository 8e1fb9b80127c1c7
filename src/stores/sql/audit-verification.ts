import type { AuditDigest, AuditFault, AuditHead, AuditReport } from '../../store/audit.ts'
import type { TokenKey } from '../../store/rows.ts'
import { eventsFromText } from '../audit/event-text.ts'
import type { Head } from '../audit/record-text.ts'
import { type AuditReader, type AuditRecord, isAuthentic } from './audit-records.ts'

/** Faults that are told: one is as bad as many. */
const FAULTS_TOLD = 100

/** After so many records whatever else waits has its turn. */
const RECORDS_A_TURN = 200

/** A record that another tells of. */
interface Told extends Head {
  readonly by: TokenKey
}

/**
 * Checks all records in the order of their keys. For each chain it remembers the last record it has seen, and the last
 * that anchors tell of: if that one is there, and nothing is missing between two, all of them are.
 *
 * Others may write meanwhile, also records with lower keys than have been looked at: so before one is said to be
 * missing, it is looked for.
 */
export async function verifyRecords(
  reader: AuditReader,
  digestOf: AuditDigest,
  heads: readonly AuditHead[],
): Promise<AuditReport> {
  const lastSeen = new Map<TokenKey, Head>()
  const lastTold = new Map<TokenKey, Told>()
  const changed = new Set<TokenKey>()
  const faults: AuditFault[] = []
  let records = 0
  let events = 0

  function fault(found: AuditFault): void {
    if (found.kind === 'changed') changed.add(found.key)
    faults.push(found)
  }

  /** The record that another says came before it, or that an anchor has seen. */
  async function requireRecord(chain: TokenKey, { key, digest, by }: Told): Promise<void> {
    const seen = lastSeen.get(chain)
    if (changed.has(key) || (seen !== undefined && seen.key > key)) return
    if (seen?.key === key) {
      if (seen.digest !== digest) fault({ kind: 'changed', key, toldBy: by })
      return
    }
    let found = false
    for await (const late of reader.chain(chain, seen?.key ?? 0, key)) {
      await check(late)
      found ||= late.key === key
    }
    if (!found) fault({ kind: 'missing', key, toldBy: by })
    else await requireRecord(chain, { key, digest, by })
  }

  async function check(record: AuditRecord): Promise<void> {
    records += 1
    const { key, chain, previous, digest } = record
    if (!isAuthentic(record, digestOf)) return fault({ kind: 'changed', key, toldBy: null })
    events += eventsFromText(null, record.events).length
    if (previous !== null) await requireRecord(chain, { ...previous, by: key })
    lastSeen.set(chain, { key, digest })
    if (record.heads === null) return
    for (const [other, last, ofLast] of JSON.parse(record.heads) as [TokenKey, TokenKey, string][]) {
      const told = lastTold.get(other)
      if (told === undefined || told.key < last) lastTold.set(other, { key: last, digest: ofLast, by: key })
    }
  }

  for await (const record of reader.all()) {
    await check(record)
    if (records % RECORDS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  for (const [chain, told] of lastTold) await requireRecord(chain, told)
  for (const head of heads) {
    const { key, digest } = parseHead(head)
    const found = await reader.find(key)
    if (found === null) fault({ kind: 'missing', key, toldBy: null })
    else if (found.digest !== digest) fault({ kind: 'changed', key, toldBy: null })
  }
  // Asked last: it may have grown meanwhile.
  const firstKept = faults.length === 0 ? 0 : await reader.firstKept(digestOf)
  const certain = faults.filter(({ kind, key }) => kind === 'changed' || key >= firstKept)
  return { records, events, faults: certain.slice(0, FAULTS_TOLD) }
}

function parseHead(head: AuditHead): Head {
  const [key, digest = ''] = head.split('.')
  return { key: Number(key), digest }
}
