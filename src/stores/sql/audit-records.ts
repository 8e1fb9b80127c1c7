import type { AuditDigest } from '../../store/audit.ts'
import type { TokenKey } from '../../store/rows.ts'
import { eventsFromText } from '../audit/event-text.ts'
import { firstKeptKey } from '../audit/expiry.ts'
import { type RecordContents, type RecordPlace, recordText } from '../audit/record-text.ts'
import { placeHolders, type SqlDriver, type SqlRow, type SqlStatement } from './operation.ts'

/** A record as it is in the table `audit`. */
export interface AuditRecord extends RecordPlace, RecordContents {
  readonly digest: string
}

const COLUMNS = 'key, tenant, chain, previous_key, previous_digest, digest, heads, events'
const INSERT = `insert into audit (${COLUMNS}) values (${placeHolders(COLUMNS)})`
const READ = `select ${COLUMNS} from audit where key > ? order by key limit ?`
const READ_CHAIN = `select ${COLUMNS} from audit where chain = ? and key > ? and key <= ? order by key limit ?`
const READ_TENANTLESS = `select ${COLUMNS} from audit where tenant = '' and key < ? order by key desc limit ?`
const FIND = `select ${COLUMNS} from audit where key = ?`

const PAGE = 500
const ABOVE_ALL_KEYS = 2 ** 53

/** An insert of a record. */
export function recordToInsert(record: AuditRecord): SqlStatement {
  const { key, tenant, chain, previous, digest, heads, events } = record
  const parameters = [
    key,
    tenant,
    chain,
    previous?.key ?? null,
    previous?.digest ?? null,
    digest,
    heads,
    events,
  ]
  return { sql: INSERT, parameters, returns: 'changes' }
}

function recordFromColumns(columns: SqlRow): AuditRecord {
  const [key, tenant, chain, previousKey, previousDigest, digest, heads, events] = columns
  return {
    key: Number(key),
    tenant: tenant as string,
    chain: Number(chain),
    previous:
      previousKey === null ? null : { key: Number(previousKey), digest: (previousDigest ?? '') as string },
    digest: digest as string,
    heads: heads as string | null,
    events: events as string,
  }
}

export function isAuthentic(record: AuditRecord, digestOf: AuditDigest): boolean {
  return digestOf(recordText(record, record)) === record.digest
}

export interface AuditReader {
  find(key: TokenKey): Promise<AuditRecord | null>
  /** All, in the order of their keys. */
  all(): AsyncGenerator<AuditRecord>
  /** Those of a chain with keys above one, up to another. */
  chain(chain: TokenKey, after: TokenKey, last: TokenKey): AsyncGenerator<AuditRecord>
  /** The lowest key that must be there, as the last expiry tells. */
  firstKept(digestOf: AuditDigest): Promise<TokenKey>
}

export function createAuditReader({ read }: Pick<SqlDriver, 'read'>): AuditReader {
  type ReadPage = (after: TokenKey) => Promise<readonly SqlRow[]>

  async function* pages(start: TokenKey, readPage: ReadPage): AsyncGenerator<AuditRecord> {
    for (let after = start; ; ) {
      const records = (await readPage(after)).map(recordFromColumns)
      yield* records
      if (records.length < PAGE) return
      after = (records.at(-1) as AuditRecord).key
    }
  }

  return {
    async find(key) {
      const [row] = await read(FIND, [key])
      return row === undefined ? null : recordFromColumns(row)
    },
    all: () => pages(0, (after) => read(READ, [after, PAGE])),
    chain: (chain, first, last) => pages(first, (after) => read(READ_CHAIN, [chain, after, last, PAGE])),
    async firstKept(digestOf) {
      // Newest first. There are few of no tenant, and an expiry a day among them.
      for (let before = ABOVE_ALL_KEYS; ; ) {
        const records = (await read(READ_TENANTLESS, [before, PAGE])).map(recordFromColumns)
        const keys = records
          .filter((record) => isAuthentic(record, digestOf))
          .map((record) => firstKeptKey(eventsFromText(null, record.events)) ?? 0)
        const first = Math.max(0, ...keys)
        if (first > 0 || records.length < PAGE) return first
        before = (records.at(-1) as AuditRecord).key
      }
    },
  }
}
