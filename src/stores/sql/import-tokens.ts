import type { EpochSeconds } from '../../protocol/time.ts'
import type { AuditEvent } from '../../store/audit.ts'
import { StoreConflict } from '../../store/errors.ts'
import type { ImportedTokenEnd, ImportedTokenRow } from '../../store/imported-rows.ts'
import type { Sha256, TokenKey, TokenRow } from '../../store/rows.ts'
import { changeMany, inTurns, readMany, selectMany } from './many-rows.ts'
import { change, type Operation, record, type SqlDriver } from './operation.ts'
import { TOKEN_COLUMNS, tokenFromColumns, tokenToColumns } from './token-columns.ts'
import { REVOKE_TOKEN } from './tokens.ts'

const CLAIM = (tuples: string) => `insert into imported_tokens (hash, key) values ${tuples}
  on conflict (hash) do nothing returning hash`
const RELEASE = 'delete from imported_tokens where hash = ?'
const FIND = (tuples: string) => `select hash, key from imported_tokens where hash in (${tuples})`
const INSERT = (tuples: string) => `insert into tokens (${TOKEN_COLUMNS}) values ${tuples}
  on conflict (key) do nothing returning key`

const LIVE = (keys: string) => `select ${TOKEN_COLUMNS} from tokens
  where tenant = ? and revoked_at is null and key in (${keys})`

/** Many rows at a time; how many were added. */
export function* importTokens(
  rows: readonly ImportedTokenRow[],
  event: AuditEvent | undefined,
): Operation<number> {
  let count = 0
  for (const turn of inTurns(rows, (row) => hashesOf(row).map(nameOf))) count += yield* importApart(turn)
  if (count > 0) yield* record(event)
  return count
}

/** Rows of which no two have a hash in common. */
function* importApart(rows: readonly ImportedTokenRow[]): Operation<number> {
  const claims = rows.flatMap((row) => hashesOf(row).map((hash) => [hash, row.key] as const))
  const claimed = new Set((yield* changeMany(CLAIM, claims)).map(([hash]) => nameOf(hash as Sha256)))
  const added: ImportedTokenRow[] = []
  for (const row of rows) {
    const hashes = hashesOf(row)
    const own = hashes.filter((hash) => claimed.has(nameOf(hash)))
    if (own.length === hashes.length && own.length > 0) added.push(row)
    else for (const hash of own) yield* change(RELEASE, hash)
  }
  const parents = yield* findReplaced(added)
  const tuples = added.map((row) =>
    tokenToColumns({ ...row, parent: parents.get(nameOf(row.replaces ?? NO_HASH)) ?? row.parent }),
  )
  const inserted = yield* changeMany(INSERT, tuples)
  if (inserted.length < added.length) throw new StoreConflict('exists', 'a token row with this key exists')
  return added.length
}

/** The keys of the rows that others replace, by their hashes. */
function* findReplaced(rows: readonly ImportedTokenRow[]): Operation<ReadonlyMap<string, TokenKey>> {
  const wanted = rows.flatMap(({ replaces }) => (replaces == null ? [] : [[replaces] as const]))
  const found = yield* selectMany(FIND, wanted)
  return new Map(found.map(([hash, key]) => [nameOf(hash as Sha256), key as TokenKey]))
}

export async function findLiveTokens(
  driver: SqlDriver,
  tenant: string,
  hashes: readonly Sha256[],
): Promise<readonly TokenRow[]> {
  const found = await readMany(
    driver,
    FIND,
    [],
    hashes.map((hash) => [hash]),
  )
  const keys = [...new Set(found.map(([, key]) => key as TokenKey))]
  const rows = await readMany(
    driver,
    LIVE,
    [tenant],
    keys.map((key) => [key]),
  )
  return rows.map(tokenFromColumns)
}

/** In the order of their keys, as whoever else changes several. */
export function* endTokens(ends: readonly ImportedTokenEnd[], now: EpochSeconds): Operation<number> {
  let count = 0
  for (const { key, event } of [...ends].sort((one, other) => one.key - other.key)) {
    if ((yield* change(REVOKE_TOKEN, now, key)) === 0) continue
    yield* record(event)
    count += 1
  }
  return count
}

const NO_HASH: Sha256 = new Uint8Array()

function hashesOf({ accessHash, refreshHash }: ImportedTokenRow): readonly Sha256[] {
  if (accessHash === null) return refreshHash === null ? [] : [refreshHash]
  const isOne = refreshHash === null || Buffer.compare(accessHash, refreshHash) === 0
  return isOne ? [accessHash] : [accessHash, refreshHash]
}

function nameOf(hash: Sha256): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('latin1')
}
