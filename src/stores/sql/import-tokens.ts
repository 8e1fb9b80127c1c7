import type { EpochSeconds } from '../../protocol/time.ts'
import type { AuditEvent } from '../../store/audit.ts'
import { StoreConflict } from '../../store/errors.ts'
import type { ImportedTokenEnd, ImportedTokenRow } from '../../store/imported-rows.ts'
import type { Sha256, TokenKey, TokenRow } from '../../store/rows.ts'
import { type Places, placesOf } from './imported-places.ts'
import { changeMany, inTurns, readMany, selectMany } from './many-rows.ts'
import { change, type Operation, record, type SqlDriver } from './operation.ts'
import { TOKEN_COLUMNS, tokenFromColumns, tokenToColumns } from './token-columns.ts'
import { REVOKE_TOKEN } from './tokens.ts'

const CLAIM = (tuples: string) => `insert into imported_tokens (hash, key) values ${tuples}
  on conflict (hash) do nothing returning hash`
const RELEASE = 'delete from imported_tokens where hash = ?'
const FIND = (tuples: string) => `select hash, key from imported_tokens where hash in (${tuples})`
const FIND_HOLDERS = (tuples: string) => `select imported_tokens.hash, imported_tokens.key, tokens.tenant
  from imported_tokens join tokens on tokens.key = imported_tokens.key where imported_tokens.hash in (${tuples})`
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
  const looked = rows.map((row) => ({ row, spots: hashesOf(row).map((hash) => placesOf(hash, row.tenant)) }))
  const holders = yield* findHolders(looked.flatMap(({ spots }) => spots))
  const placed = looked
    .filter(({ row, spots }) => !spots.some((spot) => keyAt(holders, spot, row) !== null))
    .map(({ row, spots }) => ({ row, places: spots.map((spot) => freePlace(holders, spot)) }))
  const claims = placed.flatMap(({ row, places }) => places.map((place) => [place, row.key] as const))
  const claimed = new Set((yield* changeMany(CLAIM, claims)).map(([place]) => nameOf(place as Uint8Array)))
  const added = new Map<string, ImportedTokenRow>()
  for (const { row, places } of placed) {
    const own = places.filter((place) => claimed.has(nameOf(place)))
    if (own.length < places.length) for (const place of own) yield* change(RELEASE, place)
    else for (const place of own) added.set(nameOf(place), row)
  }
  const fresh = [...new Set(added.values())]
  const replaced = yield* findHolders(fresh.flatMap((row) => replacedSpots(row)))
  const parents: Holders = new Map([...replaced, ...added])
  const tuples = fresh.map((row) => {
    const [parent = null] = replacedSpots(row).map((spot) => keyAt(parents, spot, row))
    return tokenToColumns({ ...row, parent: parent ?? row.parent })
  })
  const inserted = yield* changeMany(INSERT, tuples)
  if (inserted.length < fresh.length) throw new StoreConflict('exists', 'a token row with this key exists')
  return fresh.length
}

/** Of the refresh token that a row replaces; none, if there is no such token. */
function replacedSpots({ replaces, tenant }: ImportedTokenRow): readonly Places[] {
  return replaces == null ? [] : [placesOf(replaces, tenant)]
}

/** Who has a place, by the place's name. */
type Holders = ReadonlyMap<string, { readonly key: TokenKey; readonly tenant: string }>

/** Of these places those that are taken. */
function* findHolders(spots: readonly Places[]): Operation<Holders> {
  const places = spots.flatMap(([own, first]) => [[own], [first]])
  const found = yield* selectMany(FIND_HOLDERS, places)
  return new Map(
    found.map(([place, key, tenant]) => [
      nameOf(place as Uint8Array),
      { key: key as TokenKey, tenant: tenant as string },
    ]),
  )
}

/** The key of the row of the same tenant that has one of the two; null: there is none. */
function keyAt(holders: Holders, spot: Places, { tenant }: TokenRow): TokenKey | null {
  if (holders.size === 0) return null
  const found = spot.map((place) => holders.get(nameOf(place)))
  return found.find((holder) => holder?.tenant === tenant)?.key ?? null
}

function freePlace(holders: Holders, [own, first]: Places): Uint8Array {
  return holders.size > 0 && holders.has(nameOf(first)) ? own : first
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
    hashes.flatMap((hash) => placesOf(hash, tenant).map((place) => [place])),
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

function hashesOf({ accessHash, refreshHash }: ImportedTokenRow): readonly Sha256[] {
  if (accessHash === null) return refreshHash === null ? [] : [refreshHash]
  const isOne = refreshHash === null || Buffer.compare(accessHash, refreshHash) === 0
  return isOne ? [accessHash] : [accessHash, refreshHash]
}

function nameOf(place: Uint8Array): string {
  return Buffer.from(place.buffer, place.byteOffset, place.byteLength).toString('latin1')
}
