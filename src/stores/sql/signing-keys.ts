import type { SigningAlgorithm } from '../../protocol/jwt.ts'
import { StoreConflict } from '../../store/errors.ts'
import type { SigningKeyRow, SigningKeyState } from '../../store/rows.ts'
import type { SigningKeyChange, SigningKeyStore } from '../../store/store.ts'
import { change, type Operation, placeHolders, type SqlDriver, type SqlRow, select } from './operation.ts'

const COLUMNS =
  'tenant, kid, algorithm, state, public_jwk, sealed_private_key, created_at, retired_at, gone_at'
const LIST = `select ${COLUMNS} from signing_keys where tenant = ? order by kid`
const FIND_ACTIVE = `select kid from signing_keys where tenant = ? and algorithm = ? and state = 'active'`
const INSERT = `insert into signing_keys (${COLUMNS}) values (${placeHolders(COLUMNS)})
  on conflict (tenant, kid) do nothing`
const SAVE = `insert into signing_keys (${COLUMNS}) values (${placeHolders(COLUMNS)})
  on conflict (tenant, kid) do update set algorithm = excluded.algorithm, state = excluded.state,
  public_jwk = excluded.public_jwk, sealed_private_key = excluded.sealed_private_key,
  created_at = excluded.created_at, retired_at = excluded.retired_at, gone_at = excluded.gone_at`
const PURGE = `delete from signing_keys where state = 'retired' and gone_at <= ?`

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
]

export function sqlSigningKeys(driver: SqlDriver): SigningKeyStore {
  return {
    async listSigningKeys(tenant) {
      return (await driver.read(LIST, [tenant])).map(signingKeyFromColumns)
    },
    createSigningKeys: (keys) => driver.write(() => createSigningKeys(keys)),
    replaceSigningKeys: (replacement) => driver.write(() => replaceSigningKeys(replacement)),
    purgeSigningKeys: (now) => driver.write(() => change(PURGE, now)),
  }
}

function* createSigningKeys(keys: readonly SigningKeyRow[]): Operation<boolean> {
  for (const key of keys) {
    const active = yield* select(FIND_ACTIVE, key.tenant, key.algorithm)
    if (active.length > 0) return false
  }
  for (const key of keys) {
    const inserted = yield* change(INSERT, ...signingKeyToColumns(key))
    if (inserted === 0) throw new StoreConflict('exists', 'a signing key with this kid exists')
  }
  return true
}

function* replaceSigningKeys({ tenant, algorithm, activeKid, rows }: SigningKeyChange): Operation<boolean> {
  const [active] = yield* select(FIND_ACTIVE, tenant, algorithm)
  if (active?.[0] !== activeKid) return false
  // The active key last: the one before must have stepped down, for there is at most one at any time.
  const inOrder = [...rows].sort(
    (one, other) => Number(one.state === 'active') - Number(other.state === 'active'),
  )
  for (const key of inOrder) yield* change(SAVE, ...signingKeyToColumns(key))
  return true
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
  }
}
