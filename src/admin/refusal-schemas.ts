import { z } from '@hono/zod-openapi'
import { ENDPOINTS } from '../protocol/endpoint.ts'
import { SURFACE_NAMES } from '../protocol/policy.ts'
import { GRANT_TYPES } from '../protocol/token.ts'
import type { FoundRefusal, RefusalResource } from './operations/refusals.ts'

const words = (description: string) => z.array(z.string()).readonly().describe(description)

const request = z
  .object({
    method: z.string(),
    path: z.string().describe('Segments that no path here has are `…`.'),
    query: words('Names of parameters in the query string, without their values.'),
    host: z.string().nullable(),
    userAgent: z.string().nullable().describe('What it said, cut off after 200 characters.'),
    contentType: z.string().nullable().describe('The media type; `…`: an unusual one, null: none.'),
    contentLength: z.int().nullable(),
    authorization: z.string().nullable().describe('The scheme of `Authorization`; null: there was none.'),
    headers: words('Other headers that may matter, by name.'),
    parameters: z
      .array(z.object({ name: z.string(), value: z.string().describe('In brackets what is not shown.') }))
      .readonly()
      .nullable()
      .describe('Of the body, in their order; null: they could not be read.'),
  })
  .openapi('RedactedRequest') satisfies z.ZodType<RefusalResource['request']>

const diagnosis = z
  .object({
    title: z.string(),
    explanation: z.string().describe('What the reason means.'),
    facts: z
      .array(z.object({ fact: z.string().describe('A stable word.'), says: z.string() }))
      .readonly()
      .describe('What was found out about this request, what explains most first.'),
    next: words('What to do, what helps most first.'),
    sources: words('Sections of RFCs.'),
  })
  .openapi('Diagnosis')

const fields = {
  requestId: z.string().describe('Clients may choose it.'),
  at: z.string().describe('When it was answered (RFC 3339, with milliseconds).'),
  tenant: z.string().nullable(),
  status: z.int().describe('The status that was answered.'),
  code: z.string(),
  reason: z.string().describe('As in the log.'),
  surface: z.enum(SURFACE_NAMES),
  endpoint: z.enum(ENDPOINTS).nullable().describe('Null: the path is not known.'),
  grant: z.enum(GRANT_TYPES).nullable(),
  client: z
    .string()
    .nullable()
    .describe(
      'The id of a client that was found; where nothing was looked up, of one that the request names.',
    ),
  user: z
    .string()
    .nullable()
    .describe('The id of a user that was found; where nothing was looked up, of one that the request names.'),
  source: z.string().nullable().describe('An IPv4 address or the /64 of an IPv6 address.'),
  request,
  diagnosis,
}

export const refusalResource = z.object(fields).openapi('Refusal') satisfies z.ZodType<
  Omit<RefusalResource, 'code' | 'diagnosis'>
>

export const foundRefusal = z
  .object({
    ...fields,
    earlier: z
      .int()
      .describe('How many earlier ones have the same request id; no more than 100 are counted.'),
  })
  .openapi('FoundRefusal') satisfies z.ZodType<Omit<FoundRefusal, 'code' | 'diagnosis'>>
