import type { SigningAlgorithm } from '../../protocol/jwt.ts'
import type { AuditEvent } from '../../store/audit.ts'
import { StoreConflict } from '../../store/errors.ts'
import type { SigningKeyRow, SigningKeyState } from '../../store/rows.ts'
import type { SigningKeyChange, SigningKeyStore } from '../../store/store.ts'
import {
  change,
  type Operation,
  placeHolders,
  record,
  type SqlDriver,
  type SqlRow,
  select,
} from './operation.ts'

const COLUMNS =
  'tenant, kid, algorithm, state, public_jwk, sealed_private_key, created_at, retired_at, gone_at, imported'
const LIST = `select ${COLUMNS} from signing_keys where tenant = ? order by kid`
const FIND_ACTIVE = `select kid from signing_keys where tenant = ? and algorithm = ? and state = 'active'`
// Without a target: the `kid` may be known, or another key active.
const INSERT = `insert into signing_keys (${COLUMNS}) values (${placeHolders(COLUMNS)}) on conflict do nothing`
// Changes nothing but who may change the row: a second replacement waits, and then finds another key active.
const HOLD_ACTIVE = `update signing_keys set state = 'active'
  where tenant = ? and algorithm = ? and kid = ? and state = 'active'`
const SAVE = `insert into signing_keys (${COLUMNS}) values (${placeHolders(COLUMNS)})
  on conflict (tenant, kid) do update set algorithm = excluded.algorithm, state = excluded.state,
  public_jwk = excluded.public_jwk, sealed_private_key = excluded.sealed_private_key,
  created_at = excluded.created_at, retired_at = excluded.retired_at, gone_at = excluded.gone_at,
  imported = excluded.imported
  where signing_keys.state <> 'withdrawn'`
const PURGE = `delete from signing_keys where state = 'retired' and gone_at <= ?`

/** Thrown inside of an operation to take back what it wrote. */
class Outdated extends Error {}

type SigningKeyColumns = readonly [
  tenant: string,
  kid: string,
  algorithm: string,
  state: string,
  publicJwk: string,
  sealedPrivateKey: Uint8Array | null,
  createdAt: number,
  retiredAt: number | null,
  goneAt: number | null,
  imported: string | null,
]

export function sqlSigningKeys(driver: SqlDriver): SigningKeyStore {
  return {
    async listSigningKeys(tenant) {
      return (await driver.read(LIST, [tenant])).map(signingKeyFromColumns)
    },
    async createSigningKeys(keys, event) {
      return await unlessOutdated(driver.write(() => createSigningKeys(keys, event)))
    },
    async replaceSigningKeys(replacement, event) {
      return await unlessOutdated(driver.write(() => replaceSigningKeys(replacement, event)))
    },
    purgeSigningKeys: (now) => driver.write(() => change(PURGE, now)),
  }
}

async function unlessOutdated(write: Promise<boolean>): Promise<boolean> {
  try {
    return await write
  } catch (error) {
    if (error instanceof Outdated) return false
    throw error
  }
}

/** The active keys first: it is they of which there can be one only, so who inserts theirs has won. */
function* createSigningKeys(
  keys: readonly SigningKeyRow[],
  event: AuditEvent | undefined,
): Operation<boolean> {
  const saved: SigningKeyRow[] = []
  for (const key of inOrderOf(keys, (state) => state !== 'active')) {
    const inserted = yield* change(INSERT, ...signingKeyToColumns(key))
    if (inserted > 0) saved.push(key)
    const [active] = yield* select(FIND_ACTIVE, key.tenant, key.algorithm)
    const isOurs = saved.some(({ tenant, kid }) => tenant === key.tenant && kid === active?.[0])
    if (active !== undefined && !isOurs) throw new Outdated()
    if (inserted === 0) throw new StoreConflict('exists', 'a signing key with this kid exists')
  }
  yield* record(event)
  return true
}

function* replaceSigningKeys(
  { tenant, algorithm, activeKid, rows }: SigningKeyChange,
  event: AuditEvent | undefined,
): Operation<boolean> {
  const isAsExpected =
    activeKid === null
      ? (yield* select(FIND_ACTIVE, tenant, algorithm)).length === 0
      : (yield* change(HOLD_ACTIVE, tenant, algorithm, activeKid)) > 0
  if (!isAsExpected) return false
  // The active key last: the one before must have stepped down, for there is at most one at any time.
  for (const key of inOrderOf(rows, (state) => state === 'active')) {
    const saved = yield* change(SAVE, ...signingKeyToColumns(key))
    if (saved === 0) throw new Outdated()
  }
  yield* record(event)
  return true
}

/** The keys with those last whose state is `isLast`. */
function inOrderOf(keys: readonly SigningKeyRow[], isLast: (state: SigningKeyState) => boolean) {
  return [...keys].sort((one, other) => Number(isLast(one.state)) - Number(isLast(other.state)))
}

function signingKeyToColumns(key: SigningKeyRow): SigningKeyColumns {
  return [
    key.tenant,
    key.kid,
    key.algorithm,
    key.state,
    key.publicJwk,
    key.sealedPrivateKey,
    key.createdAt,
    key.retiredAt,
    key.goneAt,
    key.imported === undefined ? null : JSON.stringify(key.imported),
  ]
}

function signingKeyFromColumns(columns: SqlRow): SigningKeyRow {
  const key = columns as SigningKeyColumns
  return {
    tenant: key[0],
    kid: key[1],
    algorithm: key[2] as SigningAlgorithm,
    state: key[3] as SigningKeyState,
    publicJwk: key[4],
    sealedPrivateKey: key[5],
    createdAt: key[6],
    retiredAt: key[7],
    goneAt: key[8],
    ...(key[9] !== null && { imported: JSON.parse(key[9]) }),
  }
}
