/** The two API documents: the examples of their requests, and a check of answers against their schemas. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { parse } from 'yaml'

export type DocumentName = 'newstore' | 'spree'

interface Operation {
  readonly requestBody: {
    readonly content: Readonly<
      Record<string, { schema: Schema; examples?: Record<string, { value: object }> }>
    >
  }
  readonly responses: Readonly<Record<string, { content: Record<string, { schema: object }> }>>
}

interface Schema {
  readonly properties: Readonly<Record<string, { readonly example: string }>>
  readonly required: readonly string[]
}

interface Document {
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>
}

export interface ApiDocument {
  /** The example value of each form field an operation requires. */
  formExample(path: string): Readonly<Record<string, string>>
  /** The named examples of an operation's JSON body. */
  jsonExamples(path: string): Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What is wrong with an answer, by the schema of its status; empty: nothing. */
  problemsOf(path: string, status: number, body: unknown): readonly string[]
}

const FILES: Readonly<Record<DocumentName, string>> = {
  newstore: 'newstore-v0.openapi.yaml',
  spree: 'openapi.yaml',
}

export function readDocument(name: DocumentName): ApiDocument {
  const file = join(import.meta.dirname, '..', 'wire', name, FILES[name])
  const document: Document = parse(readFileSync(file, 'utf8'))
  // OpenAPI 3.0 has keywords and formats JSON Schema has not, such as `example` and `password`.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema(document, name)

  function contentOf(path: string, type: string) {
    const content = document.paths[path]?.post.requestBody.content[type]
    if (content === undefined) throw new Error(`${name} has no ${type} body at ${path}`)
    return content
  }

  return {
    formExample(path) {
      const { schema } = contentOf(path, 'application/x-www-form-urlencoded')
      return Object.fromEntries(
        schema.required.map((field) => [field, schema.properties[field]?.example ?? '']),
      )
    },
    jsonExamples(path) {
      const { examples = {} } = contentOf(path, 'application/json')
      return Object.fromEntries(
        Object.entries(examples).map(([key, { value }]) => [key, value as Record<string, string>]),
      )
    },
    problemsOf(path, status, body) {
      const pointer = [path, 'post', 'responses', `${status}`, 'content', 'application/json', 'schema']
      const reference = `${name}#/paths/${pointer.map(escapePointer).join('/')}`
      const validate = ajv.getSchema(reference)
      if (validate === undefined) return [`the document has no ${status} at ${path}`]
      return validate(body)
        ? []
        : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`)
    },
  }
}

/** RFC 6901 §6: a JSON pointer in a fragment. */
function escapePointer(segment: string): string {
  return encodeURIComponent(segment.replaceAll('~', '~0').replaceAll('/', '~1'))
}
