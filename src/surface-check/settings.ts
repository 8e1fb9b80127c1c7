import type { CheckedSurface } from './case.ts'
import type { Difference } from './difference.ts'

/** What decides about a field here, for who wants it otherwise. */
interface Setting {
  readonly field: RegExp
  /** Only if Mintkeeper answers so. */
  readonly here?: RegExp
  /** Only if one of the two answers so; nothing if it has no such field. */
  readonly either?: RegExp
  readonly text: string
}

/** What an operator can change about a difference; null: nothing is known to decide about it. */
export function settingOf({ field, against, here }: Difference, surface: CheckedSurface): string | null {
  const decides = (setting: Setting) => {
    const { either } = setting
    return (
      setting.field.test(field) &&
      (setting.here?.test(here ?? '') ?? true) &&
      (either === undefined || [against, here].some((text) => either.test(text ?? '')))
    )
  }
  return (SHARED.find(decides) ?? SETTINGS[surface].find(decides))?.text ?? null
}

const SHARED: readonly Setting[] = [
  { field: /^expires_in$|claim exp$|^exp$/, text: 'expiresIn of the surface' },
  { field: /^refresh_token$/, either: /, that of /, text: 'refresh of the surface' },
  {
    field: /^header (deprecation|sunset|link)$/,
    text: 'deprecated, sunset and migrationGuide of the surface',
  },
  { field: /^status code$/, here: /^404$/, text: 'hosts of the tenant, and whether it has the surface' },
  {
    field: /^status code$/,
    here: /^410$/,
    text: 'sunset of the surface, and its brown-outs: mintkeeper brownout list',
  },
]

const SETTINGS: Readonly<Record<CheckedSurface, readonly Setting[]>> = {
  newstore: [
    { field: /claim iss$/, text: 'issuer of the tenant' },
    { field: /claim aud$/, text: 'audience of the surface' },
    { field: /claim azp$/, text: 'azp of the surface' },
    { field: /claim jti$/, text: 'refresh of the surface' },
    { field: /claim sub$/, text: 'id of the user' },
    { field: /claim http:\/\/newstore\/tenant$/, text: 'tenantClaim of the surface' },
    { field: /claim http:\/\/newstore\/roles$/, text: 'roles of the user' },
    { field: /claim http:\/\/newstore\/newstore_id$/, text: 'newstore_id among the claims of the user' },
    { field: /^scope$|claim scope$/, text: 'scopes of the surface, and of the user' },
    { field: /access_token claim /, text: 'claims of the user' },
  ],
  spree: [
    {
      field: /^refresh_token$/,
      either: /^$/,
      text: 'clientCredentialsRefreshToken of the surface',
    },
    { field: /^scope$/, text: 'scopes of the client, and roles of the user' },
    { field: /^body$/, here: /^invalid_scope/, text: 'scopes of the client, and roles of the user' },
    { field: /^resource_owner_id$/, text: 'id of the user' },
  ],
}
