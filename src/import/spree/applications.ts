import type { Scope } from '../../protocol/scope.ts'
import type { ImportedClient } from '../import.ts'
import { type ColumnOf, epochOf, isTrue, type NamedRow } from './source.ts'
import { scopeOf } from './tokens.ts'

const HEX = /^[0-9a-f]{64}$/

/** The client of a row of `spree_oauth_applications`; a text: why there can be none. */
export function readApplication(
  row: NamedRow<ColumnOf<'spree_oauth_applications'>>,
  allScopes: Scope,
): ImportedClient | string {
  if (row.uid === null || row.uid === '') return 'has no uid'
  const scopes = scopeOf(row.scopes)
  if (scopes === null) return 'has scopes that are none'
  // The column has a default that says so, and older versions have no column.
  const isPublic = row.confidential !== null && !isTrue(row.confidential)
  const secret = isPublic ? null : secretOf(row.secret, row.uid)
  if (!isPublic && secret === null) return 'is confidential and has no secret'
  return {
    id: row.uid,
    name: row.name === '' ? null : row.name,
    public: isPublic,
    secret,
    grants: isPublic ? ['password', 'refresh_token'] : ['client_credentials', 'password', 'refresh_token'],
    // In Doorkeeper an application without scopes may ask for all that the server has.
    scopes: scopes.length === 0 ? allScopes : scopes,
    createdAt: epochOf(row.created_at),
  }
}

/**
 * Doorkeeper stores a secret plain, as bcrypt or as hexadecimal SHA-256. 64 hexadecimal digits are a secret themselves
 * if the uid has as many: both were made by a version that made such.
 */
function secretOf(stored: string | null, uid: string): ImportedClient['secret'] {
  if (stored === null || stored === '') return null
  if (/^\$2[aby]\$/.test(stored)) return { hash: stored }
  if (!HEX.test(stored) || HEX.test(uid)) return { text: stored }
  return { hash: `sha256:${Buffer.from(stored, 'hex').toString('base64url')}` }
}
