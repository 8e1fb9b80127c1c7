/** The operations of the API documents: what may be asked where, and what is answered. */
import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import { parse } from 'yaml'
import { newstoreOpenapi } from '../../src/surfaces/newstore-openapi.ts'
import type { Encoding } from './encoding.ts'
import { REST_DOCUMENT } from './rest-document.ts'
import { TARGETS, type Target } from './target.ts'

export interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly example?: unknown
  readonly nullable?: boolean
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly oneOf?: readonly Schema[]
  readonly $ref?: string
}

type Example = Readonly<Record<string, unknown>>

export interface Body {
  readonly encoding: Encoding
  /** The kinds of bodies there are: one for each grant, mostly. */
  readonly schemas: readonly Schema[]
  readonly examples: readonly Example[]
}

export interface Operation extends Target {
  readonly bodies: readonly Body[]
  /** By their status: what the document says of the body of an answer. */
  readonly answers: ReadonlyMap<number, ValidateFunction>
}

interface MediaType {
  readonly schema: Schema
  readonly example?: Example
  readonly examples?: Readonly<Record<string, { readonly value: Example }>>
}

interface Response {
  readonly $ref?: string
  readonly content?: Readonly<Record<string, MediaType>>
}

interface Document {
  readonly servers?: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>
  readonly components?: object
}

interface DocumentedOperation {
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> }
  readonly responses: Readonly<Record<string, Response>>
}

const ENCODINGS: Readonly<Record<string, Encoding>> = {
  'application/x-www-form-urlencoded': 'form',
  'application/json': 'json',
  'application/xml': 'xml',
  'multipart/form-data': 'multipart',
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function resolved<T extends { readonly $ref?: string }>(value: T, document: Document): T {
  if (value.$ref === undefined) return value
  let found: unknown = document
  for (const name of value.$ref.split('/').slice(1)) found = (found as Record<string, unknown>)[name]
  return resolved(found as T, document)
}

function operationsOf(document: Document): readonly Operation[] {
  const ajv = new Ajv({ strict: false, formats: { uuid: UUID, password: true } })
  const base = /^\//.test(document.servers?.[0]?.url ?? '') ? document.servers![0]!.url : ''
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody, responses }]) => {
      const target = TARGETS.find((each) => each.path === base + path)
      if (target?.method !== method.toUpperCase()) throw new Error(`no route for ${method} ${path}`)
      const answers = Object.entries(responses).flatMap(([status, response]) => {
        const schema = resolved(response, document).content?.['application/json']?.schema
        if (schema === undefined) return []
        return [[Number(status), ajv.compile({ ...schema, components: document.components })] as const]
      })
      const bodies = Object.entries(requestBody?.content ?? {}).map(([type, media]) => bodyOf(type, media))
      return { ...target, bodies: sameSchemas(bodies), answers: new Map(answers) }
    }),
  )

  function bodyOf(type: string, { schema, example, examples = {} }: MediaType): Body {
    const kinds = resolved(schema, document)
    const encoding = ENCODINGS[type]
    if (encoding === undefined) throw new Error(`no way to write ${type}`)
    return {
      encoding,
      schemas: (kinds.oneOf ?? [kinds]).map((each) => resolved(each, document)),
      examples: [
        ...(example === undefined ? [] : [example]),
        ...Object.values(examples).map(({ value }) => value),
      ],
    }
  }
}

/** Spree's document says of XML only that it may be sent: what is in it is what JSON may have. */
function sameSchemas(bodies: readonly Body[]): readonly Body[] {
  const told = bodies.find(({ schemas }) => schemas.some(({ required }) => required !== undefined))
  return bodies.map((body) =>
    body.schemas.every(({ required }) => required === undefined) && told !== undefined
      ? { ...told, encoding: body.encoding }
      : body,
  )
}

const SPREE: Document = parse(readFileSync(new URL('../wire/spree/openapi.yaml', import.meta.url), 'utf8'))

/** Doorkeeper reads forms as well, which clients that go by the RFC send. */
function withForms(operation: Operation): Operation {
  const [json] = operation.bodies
  if (operation.surface !== 'spree' || operation.endpoint !== 'token' || json === undefined) return operation
  const more = (['form', 'multipart'] as const).map((encoding): Body => ({ ...json, encoding }))
  return { ...operation, bodies: [...operation.bodies, ...more] }
}

export const OPERATIONS: readonly Operation[] = [
  ...operationsOf(newstoreOpenapi() as unknown as Document),
  ...operationsOf(SPREE).map(withForms),
  ...operationsOf(REST_DOCUMENT as unknown as Document),
]
