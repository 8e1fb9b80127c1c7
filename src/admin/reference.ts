import { describeApi } from './document.ts'
import { PROBLEMS, problemType } from './problem.ts'

/** The parts of an OpenAPI document that the page shows. */
interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly string[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: unknown
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: Schema
  readonly description?: string
}

interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: Content
  readonly responses: Readonly<Record<string, Content & { readonly description: string }>>
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

const INTRODUCTION = `# Admin API

HTTP with JSON on the listener of the control plane (\`server.adminPort\`). The same is told to programs by \`GET /openapi.json\` (OpenAPI 3.1).

- **Authentication**: every path but \`/healthz\`, \`/readyz\`, \`/metrics\` and \`/openapi.json\` needs the admin token: \`Authorization: Bearer …\`.
- **Names**: fields have the names of the configuration file. Members that are not known are refused. Times are seconds since 1970, durations seconds; \`null\` is known to be absent.
- **Ids in paths** are percent-encoded: \`auth0|123\` is \`auth0%7C123\`.
- **Secrets** that Mintkeeper makes are answered once, when they are made. Hashes are never answered.
- **Lists** are \`{ "items": […], "next": … }\`: give \`next\` as \`cursor\` for the page that follows, until it is null. A cursor is good for the list it came from, with the same filters.
- **Versions**: \`ETag\` is a resource's \`version\`. With \`If-Match\` a change is made to that version or answered with 412, so that two operators do not undo each other's work.
- **Errors** are \`application/problem+json\` (RFC 9457), whatever went wrong: see [Problems](#problems).
- Every answer has an \`X-Request-Id\`, which the log has too: the request's own if that is a UUID.
`

/** Problems that say nothing about the single path. */
const GENERAL: ReadonlySet<string> = new Set(['400', '401', '413', '415', '500', '503'])

/** The page `docs/reference/admin-api.md`, from the OpenAPI document. */
export function renderAdminApiReference(): string {
  const document = JSON.parse(JSON.stringify(describeApi('0'))) as Document
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      title: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  )
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))]
  const sections = tags.flatMap((tag) => [
    `## ${tag}`,
    ...operations
      .filter(({ operation }) => operation.tags.includes(tag))
      .map(({ title, operation }) => renderOperation(title, operation)),
  ])
  const resources = Object.entries(document.components.schemas).map(([name, schema]) =>
    renderResource(name, schema),
  )
  return `${[INTRODUCTION.trimEnd(), ...sections, '## Resources', ...resources, renderProblems()].join('\n\n')}\n`
}

function renderOperation(title: string, operation: Operation): string {
  const { summary, description, parameters = [], requestBody } = operation
  const parts = [`### ${title}`, description === undefined ? `${summary}.` : `${summary}. ${description}`]
  if (parameters.length > 0) {
    const rows = parameters.map((parameter) => [
      `\`${parameter.in === 'header' ? 'If-Match' : parameter.name}\``,
      parameter.in,
      typeOf(parameter.schema),
      parameter.description ?? '',
    ])
    parts.push(table(['parameter', 'in', 'value', 'meaning'], rows))
  }
  if (requestBody !== undefined) parts.push(`Body: ${bodyOf(requestBody)}.`)
  const answers = Object.entries(operation.responses).filter(([status]) => !GENERAL.has(status))
  parts.push(`Answers: ${answers.map(renderAnswer).join('; ')}.`)
  return parts.join('\n\n')
}

function renderAnswer([status, { description, ...rest }]: [
  string,
  Content & { readonly description: string },
]): string {
  const body = bodyOf(rest)
  return body === null || status >= '400'
    ? `**${status}** ${description}`
    : `**${status}** ${description} (${body})`
}

function bodyOf({ content }: Content): string | null {
  const schema = Object.values(content ?? {})[0]?.schema
  return schema === undefined ? null : typeOf(schema)
}

function renderResource(name: string, schema: Schema): string {
  const rows = Object.entries(schema.properties ?? {}).map(([member, value]) => [
    `\`${member}\``,
    typeOf(value),
    schema.required?.includes(member) ? 'yes' : '',
    value.description ?? '',
  ])
  return `### ${name}\n\n${table(['member', 'value', 'always', 'meaning'], rows)}`
}

function renderProblems(): string {
  const rows = Object.entries(PROBLEMS).map(([code, { status, meaning }]) => [
    String(status),
    `\`${problemType(code as keyof typeof PROBLEMS)}\``,
    meaning,
  ])
  return `## Problems\n\nAny request may be answered with 400, 401, 405, 500 and 503, and one with a body with 413 and 415, too. A problem is named by its \`type\`; titles and details may change.\n\n${table(['status', '`type`', 'meaning'], rows)}`
}

/** What a value is, in words, with links to the resources. */
function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? ''
    return `[${name}](#${name.toLowerCase()})`
  }
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? 'any']
  const words = types.map((type: string) => {
    if (schema.enum !== undefined && type === 'string')
      return schema.enum.map((word) => `\`${word}\``).join(', ')
    if (type === 'array') return `list of ${typeOf(schema.items ?? {})}`
    if (type === 'null') return '`null`'
    if (type === 'integer') return `integer${rangeOf(schema)}`
    return type
  })
  return words.join(' or ')
}

function rangeOf({ minimum, maximum, default: fallback }: Schema): string {
  const range = minimum === undefined || maximum === undefined ? '' : `, ${minimum} to ${maximum}`
  return fallback === undefined ? range : `${range}; default ${String(fallback)}`
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => '---'), ...rows]
  return lines
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}
