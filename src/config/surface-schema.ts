import type { z } from 'zod'
import { REFRESH_POLICIES, type SurfaceName, type SurfaceSettings } from '../protocol/policy.ts'
import { issuerUrl, pageUrl } from './network-values.ts'
import { documented, listOf, mappingOf, type Shape, setOf } from './option.ts'
import { lifetime, reuseWindow, trueOrFalse } from './scalar-values.ts'
import { date, dateTime, lineOfText, oneOf, roleName, scopeToken } from './text-values.ts'
import { upstream } from './upstream-schema.ts'

/** How a surface behaves where nothing is set, in words: the values themselves are the surface's business. */
interface Defaults {
  readonly expiresIn: string
  readonly refreshExpiresIn: string
  readonly refreshIdleExpiresIn: string
  readonly refresh: string
  readonly reuseWindow: string
  readonly scopes: string
  readonly audience: string
}

const STANDARD_DEFAULTS: Defaults = {
  expiresIn: '`3600`',
  refreshExpiresIn: '`7776000` (90 days)',
  refreshIdleExpiresIn: '`2592000` (30 days)',
  refresh: '`rotate`',
  reuseWindow: '`10`; `60` with `rotate-on-first-use`',
  scopes: 'whatever the client has',
  audience: 'the issuer',
}

function commonShape(defaults: Defaults) {
  return {
    expiresIn: documented(lifetime.optional(), {
      sentence: 'How long an access token lives.',
      type: 'seconds',
      default: defaults.expiresIn,
    }),
    refreshExpiresIn: documented(lifetime.nullable().optional(), {
      sentence: 'How long a login can be refreshed, whatever the use; `null`: for ever.',
      type: 'seconds or `null`',
      default: defaults.refreshExpiresIn,
    }),
    refreshIdleExpiresIn: documented(lifetime.nullable().optional(), {
      sentence: 'How long a refresh token may lie unused; `null`: for ever.',
      type: 'seconds or `null`',
      default: defaults.refreshIdleExpiresIn,
    }),
    refresh: documented(oneOf(REFRESH_POLICIES).optional(), {
      sentence: 'What a refresh does to the refresh token it was asked with.',
      type: REFRESH_POLICIES.map((policy) => `\`${policy}\``).join(', '),
      default: defaults.refresh,
    }),
    reuseWindow: documented(reuseWindow.optional(), {
      sentence: 'How long a spent refresh token is answered with its successor; 0: strictly single-use.',
      type: 'seconds',
      default: defaults.reuseWindow,
    }),
    scopes: documented(setOf(scopeToken).optional(), {
      sentence: 'The scopes this surface knows.',
      type: 'list of scopes',
      default: defaults.scopes,
    }),
    requiredRoles: documented(setOf(roleName).optional(), {
      sentence: 'Users need one of these roles to log in here; empty: everybody may.',
      type: 'list of roles',
      default: '`[]`',
    }),
    audience: documented(lineOfText.optional(), {
      sentence: 'The `aud` of the tokens.',
      type: 'text',
      default: defaults.audience,
    }),
  }
}

const passwordGrant = documented(trueOrFalse.optional(), {
  sentence: 'Whether clients that have the password grant may use it here.',
  type: '`true` or `false`',
  default: '`false`',
})

const brownOut = mappingOf({ from: dateTime, to: dateTime, users: setOf(lineOfText).optional() })

/** What only a surface has that others are to be used instead of: where it comes from, and how it comes to its end. */
function legacyShape(migrationGuide: string) {
  return {
    upstream: documented(upstream.optional(), {
      sentence: 'The server it is moved from, which is asked for users and tokens that are not here.',
      type: 'mapping, see below',
      default: 'none',
    }),
    sunset: documented(date.optional(), {
      sentence:
        'The day (UTC) the surface ends: announced in `Sunset`, and from its first second on 410 in place of tokens.',
      type: 'date',
      default: 'none',
    }),
    sunsetPolicy: documented(pageUrl.optional(), {
      sentence: 'A page about the end of the surface, for `Link: rel="sunset"`.',
      type: 'URL',
      default: 'none',
    }),
    migrationGuide: documented(pageUrl.optional(), {
      sentence: 'The page that `Link: rel="deprecation"` names.',
      type: 'URL',
      default: migrationGuide,
    }),
    brownOuts: documented(listOf(brownOut).optional(), {
      sentence:
        'When it answers 410 in place of tokens for a while, to everybody or to `users` (names or ids); `from` and `to` as `2027-03-01T09:00:00Z`.',
      type: 'list of `{ from, to, users }`',
      default: '`[]`',
    }),
  }
}

/** The options of each surface: the common ones and its own. */
export const SURFACE_SHAPES = {
  newstore: {
    ...commonShape({
      ...STANDARD_DEFAULTS,
      expiresIn: '`86400`',
      refreshExpiresIn: '`null`',
      refreshIdleExpiresIn: '`null`',
      refresh: '`keep`',
      scopes: 'those of the API document',
      audience: 'the issuer and `api/v2/`',
    }),
    azp: documented(lineOfText.optional(), {
      sentence: 'The `azp` claim.',
      type: 'text',
      default: '`twlFVZyTIYbx7gFdtGYbKAvCGnZAu4Yw`, of the API document',
    }),
    tenantClaim: documented(trueOrFalse.optional(), {
      sentence: 'Whether the claim `http://newstore/tenant` is in the token.',
      type: '`true` or `false`',
      default: '`true`',
    }),
    ...legacyShape("NewStore's migration guide"),
  },
  spree: {
    ...commonShape({
      ...STANDARD_DEFAULTS,
      expiresIn: '`7200`',
      refreshExpiresIn: '`null`',
      refreshIdleExpiresIn: '`null`',
      refresh: '`rotate-on-first-use`',
      reuseWindow: '`60`',
      scopes: '`[admin, read, write]`',
    }),
    clientCredentialsRefreshToken: documented(trueOrFalse.optional(), {
      sentence:
        "Whether client credentials get a refresh token, as Spree's API document requires; Doorkeeper sends none.",
      type: '`true` or `false`',
      default: '`true`',
    }),
    deprecated: documented(date.optional(), {
      sentence:
        'The day (UTC) since which the surface is deprecated: announced in `Deprecation`, with a `Link` to the endpoint to move to.',
      type: 'date',
      default: 'not deprecated',
    }),
    ...legacyShape('none'),
  },
  standard: { ...commonShape(STANDARD_DEFAULTS), passwordGrant },
  realm: {
    ...commonShape(STANDARD_DEFAULTS),
    passwordGrant,
    issuer: documented(issuerUrl.optional(), {
      sentence: 'The `iss` of its tokens.',
      type: 'URL',
      default: "the origin of the tenant's issuer and `/auth/realms/{tenant}`",
    }),
  },
}

const SWITCHED_ON = { type: 'mapping', default: 'off, if `surfaces` is there' }

/** A surface that is only named (`spree:`) is on with its defaults. */
function surfaceOf<S extends Shape>(shape: S, sentence: string) {
  const settings = mappingOf(shape).nullable().transform(definedOnly)
  return documented(settings.optional(), { ...SWITCHED_ON, sentence })
}

/** Keys without a value are as good as absent. The shapes hold keys of `SurfaceSettings` only. */
function definedOnly(settings: object | null): SurfaceSettings {
  return Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined))
}

export const SURFACES_SHAPE = {
  newstore: surfaceOf(SURFACE_SHAPES.newstore, 'The NewStore Token API v0.'),
  spree: surfaceOf(SURFACE_SHAPES.spree, "Spree's `/spree_oauth` endpoints."),
  standard: surfaceOf(SURFACE_SHAPES.standard, 'The standard endpoints under `/oauth`.'),
  realm: surfaceOf(SURFACE_SHAPES.realm, 'The standard endpoints under `/auth/realms/{tenant}`.'),
} satisfies Record<SurfaceName, z.ZodType>

/** The surfaces of a tenant that are on; null: every one, with its defaults. */
export const surfaces = mappingOf(SURFACES_SHAPE)
  .transform((value) =>
    Object.fromEntries(Object.entries(value).filter(([, settings]) => settings !== undefined)),
  )
  .optional()
  .transform((value): Partial<Record<SurfaceName, SurfaceSettings>> | null => value ?? null)
