import { z } from '@hono/zod-openapi'
import { SURFACE_NAMES } from '../protocol/policy.ts'
import { USES } from '../store/usage.ts'
import type { UsageOfAll, UsageResource, UsageSummary } from './operations/usage.ts'

const time = (description: string) => z.int().describe(`${description} Seconds since 1970.`)

const surface = z.enum(SURFACE_NAMES)
const use = z
  .enum(USES)
  .describe(
    'What was asked for: a token, by its grant (`other`: by none that there is), or what else tokens are good for.',
  )
const succeeded = z.int().describe('Calls that succeeded.')
const failed = z.int().describe('Calls that were refused.')
const deprecated = z.boolean().describe('Whether it is by the password grant, or on a legacy surface.')
const lastWeek = z.int().describe('Calls that succeeded in the last seven whole days (UTC).')
const weekBefore = z.int().describe('The same in the seven days before.')

const days = z
  .array(z.object({ day: time('When the day begins, UTC.'), succeeded, failed }))
  .readonly()
  .describe('Calls a day; days without any are left out.')

function values(description: string) {
  const value = z.object({ value: z.string(), calls: z.int(), lastAt: time('When it was seen last.') })
  return z.array(value).readonly().describe(`${description} The latest first, at most 20.`)
}

const usageResource = z
  .object({
    surface,
    use,
    user: z.string().nullable().describe('The id; with `client` null, too: nobody the server knows.'),
    username: z.string().nullable().describe('null: there is no such user, or no more.'),
    client: z.string().nullable().describe('The id.'),
    clientName: z.string().nullable(),
    succeeded,
    failed,
    firstAt: time('The first call since `since`.'),
    lastAt: time('The last call.'),
    lastWeek,
    weekBefore,
    tokensPerLife: z
      .int()
      .describe(
        'The most tokens that were asked for while one of them lived, or within an hour of its life.',
      ),
    asksEachTime: z
      .boolean()
      .describe('Whether that is ten or more: it asks for a token whenever it needs one, and keeps none.'),
    deprecated,
    successor: z
      .object({
        client: z.string().describe('Its id.'),
        because: z.enum(['migrated', 'newstore_id', 'name']),
      })
      .nullable()
      .describe(
        'A client that could take over: it may ask for tokens of its own, and the integration was migrated to it, or it has the `newstore_id` or the name of the user. null: none, or no need.',
      ),
    days,
    sources: values('Where calls that succeeded came from: IPv4 addresses, /64s of IPv6.'),
    agents: values('The `User-Agent` they named. It may be any text: escape it.'),
    scopes: z.array(z.string()).readonly().describe('The scopes that were granted.'),
    refusals: values('Why calls were refused: see the reference of errors.'),
  })
  .openapi('Usage') satisfies z.ZodType<UsageResource>

const usageOfAll = z
  .object({
    surface,
    use,
    deprecated,
    succeeded,
    failed,
    lastWeek,
    weekBefore,
    slope: z
      .number()
      .nullable()
      .describe(
        'By how many calls each day has more than the one before, over the last four weeks; null: too early to tell.',
      ),
    zeroOn: time(
      'When there would be no calls any more if it goes on like that; null: it does not fall, it would take over two years, or there are none already.',
    ).nullable(),
    days,
    hours: z
      .array(z.int())
      .readonly()
      .describe('Calls that succeeded, by hour of the day (UTC): 24 numbers.'),
  })
  .openapi('UsageOfAll') satisfies z.ZodType<UsageOfAll>

const usageSummary = z
  .object({
    since: time('The begin of the first day that counts.'),
    until: time('Until when is known what was counted; the last minute may be missing.'),
    uses: z.array(usageOfAll).readonly(),
  })
  .openapi('UsageSummary') satisfies z.ZodType<UsageSummary>

export const usagePage = z
  .object({
    items: z.array(usageResource).readonly(),
    next: z.string().nullable().describe('The `cursor` of the next page; null: this was the last.'),
    summary: usageSummary.nullable().describe('Of all pages; null on all but the first.'),
  })
  .openapi('UsagePage')
