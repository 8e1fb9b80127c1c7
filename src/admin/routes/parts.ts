import { z } from '@hono/zod-openapi'
import { lineOfText } from '../operations/fields.ts'
import { PROBLEMS, type ProblemCode } from '../problem.ts'
import { problem } from '../schemas.ts'

/** Names and ids in paths and queries. What could not be an id is refused before a database sees it. */
export const name = lineOfText

const tenantParameter = name.describe('The id of the tenant.')

export const tenantPath = z.object({ tenant: tenantParameter })

/** `{tenant}` and `{id}`. */
export function resourcePath(what: string) {
  return z.object({ tenant: tenantParameter, id: name.describe(`The id of the ${what}, percent-encoded.`) })
}

const pageParameters = {
  cursor: z
    .string('must be text')
    .max(1000, 'is too long')
    .optional()
    .describe('The `next` of the page before.'),
  limit: z
    .string('must be a number')
    .refine((text) => /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= 200, 'must be 1 to 200')
    .transform(Number)
    .default(50)
    .meta({ type: 'integer', minimum: 1, maximum: 200, default: 50, description: 'At most as many items.' }),
}

export const pageQuery = z.strictObject(pageParameters)

/** A page of a list with filters. */
export function filteredPageQuery<Filters extends Record<string, z.ZodType>>(filters: Filters) {
  return z.strictObject({ ...filters, ...pageParameters })
}

/** `If-Match`: the change is made to this version only. */
export const ifMatch = z.object({
  'if-match': z
    .string()
    .optional()
    .describe('The `ETag` of the version the request is meant for; without it, whatever version there is.'),
})

export const etagHeader = z.object({ ETag: z.string().describe('The `version`, in quotes.') })

export const createdHeaders = etagHeader.extend({
  Location: z.string().describe('The path of the new resource.'),
})

/** A body that is named in the document. The clone has the methods that zod was given after the schema was made. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema, name: string) {
  const named: Schema = schema.clone().openapi(name)
  return { required: true, content: { 'application/json': { schema: named } } } as const
}

export function jsonContent<Schema extends z.ZodType>(schema: Schema) {
  return { 'application/json': { schema } } as const
}

const PROBLEM_CONTENT = { 'application/problem+json': { schema: problem } } as const

type Status = (typeof PROBLEMS)[ProblemCode]['status']

/** The problems that any request under `/admin/v1` may have. */
export const ALWAYS = problemsOf('invalid', 'unauthorized', 'not_found', 'server_error', 'unavailable')

/** Those of a request with a body, too. */
export const WITH_BODY = { ...problemsOf('content_too_large', 'unsupported_media_type'), ...ALWAYS }

export function problemsOf<Code extends ProblemCode>(...codes: readonly Code[]) {
  const entries = codes.map((code) => {
    const { status, title } = PROBLEMS[code]
    return [status, { description: title, content: PROBLEM_CONTENT }]
  })
  // The statuses are in the table above; a type that knew them would have to be written a second time.
  return Object.fromEntries(entries) as Partial<
    Record<Status, { description: string; content: typeof PROBLEM_CONTENT }>
  >
}
