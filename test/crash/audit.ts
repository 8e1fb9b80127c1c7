/** Whether the audit log tells of what was done, of nothing else, and is whole. */
import { createAuditDigest } from '../../src/crypto/audit-digest.ts'
import { deriveKey, type MasterKey } from '../../src/crypto/seal.ts'
import type { AuditEntry, AuditEventType } from '../../src/store/audit.ts'
import type { Store } from '../../src/store/store.ts'
import { tokenId } from '../../src/store/token-id.ts'
import { writtenAtOf } from '../../src/stores/key-sequence.ts'

/** What is older may have been purged. */
const LOOKED_BACK_MS = 3_600_000

const ISSUES: readonly AuditEventType[] = ['login', 'issue', 'refresh', 'token.issue']
const REVOCATIONS: readonly AuditEventType[] = ['revoke', 'reuse', 'token.revoke']

/** Every row of `tokens`: its key, the first of its family, and when it was revoked. */
export const TOKENS = 'select key, coalesce(family, key) as family, revoked_at from tokens'

type Columns = Readonly<Record<string, unknown>>

interface Row {
  readonly id: string
  readonly family: number
  readonly isRevoked: boolean
}

/** Looks into a store that nobody else writes to. `tokens` are what `TOKENS` finds; `nowMs` is what the servers' clock shows. */
export async function findAuditProblems(
  store: Store,
  masterKey: MasterKey,
  tokens: readonly Columns[],
  nowMs: number,
): Promise<readonly string[]> {
  store.startAudit({ digest: createAuditDigest(deriveKey(masterKey, 'audit log')) })
  const { faults } = await store.verifyAudit([])
  const rows = new Map(tokens.map(toRow).map((row) => [row.id, row]))
  const fromMs = nowMs - LOOKED_BACK_MS
  const events = await allEvents(store, fromMs)
  const issued = new Set(events.filter(isIssue).map(({ object }) => object))
  const revocations = events.filter(
    ({ type, object }) => REVOCATIONS.includes(type) && rows.has(object ?? ''),
  )
  const revoked = new Set(revocations.map(({ object }) => rows.get(object ?? '')?.family))
  // Of an older family the row that an event tells of may have been purged.
  const young = [...rows.values()].filter(({ family }) => writtenAtOf(family) * 1000 > fromMs)
  return [
    ...faults.map((fault) => `the audit log is not whole: ${JSON.stringify(fault)}`),
    ...young.filter(({ id }) => !issued.has(id)).map(({ id }) => `no event tells of the issue of ${id}`),
    ...young
      .filter(({ family, isRevoked }) => isRevoked && !revoked.has(family))
      .map(({ id }) => `no event tells of the revocation of ${id}`),
    ...events
      .filter((event) => isIssue(event) && isTokenId(event.object) && !rows.has(event.object ?? ''))
      .map(({ object }) => `an event tells of ${object}, which was not issued`),
    ...revocations
      .filter(({ object }) => rows.get(object ?? '')?.isRevoked === false)
      .map(({ object }) => `an event tells of the end of ${object}, which is alive`),
  ]
}

function isIssue({ type, result }: AuditEntry): boolean {
  return ISSUES.includes(type) && result === 'ok'
}

/** And not that of a JWT without a row. */
function isTokenId(object: string | null): boolean {
  return /^[0-9a-z]{9,11}$/.test(object ?? '')
}

function toRow({ key, family, revoked_at }: Columns): Row {
  return {
    id: tokenId(Number(key)),
    family: Number(family),
    isRevoked: revoked_at !== null,
  }
}

async function allEvents(store: Store, fromMs: number): Promise<readonly AuditEntry[]> {
  const all: AuditEntry[] = []
  const query = { tenant: null, types: null, user: null, client: null, fromMs, toMs: null, limit: 1000 }
  for (let before: string | null = null; ; ) {
    const { rows, next }: { rows: readonly AuditEntry[]; next: string | null } = await store.listEvents({
      ...query,
      before,
    })
    all.push(...rows)
    if (next === null) return all
    before = next
  }
}
