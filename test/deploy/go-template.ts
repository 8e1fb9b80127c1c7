/**
 * Renders as much of Go's templates, with Helm's functions, as the chart has. What it does not know it refuses, so that
 * a chart that needs more is noticed here.
 */
import { createHash } from 'node:crypto'
import { stringify } from 'yaml'

export type Value = unknown

interface Scope {
  readonly dot: Value
  readonly root: Value
  readonly variables: Readonly<Record<string, Value>>
}

type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipeline: string }
  | {
      readonly kind: 'if' | 'with' | 'range' | 'define'
      readonly pipeline: string
      readonly body: Block[]
      readonly otherwise: Block[]
    }

/** Renders each text; all share what they define. */
export function renderAll(templates: ReadonlyMap<string, string>, dot: Value): ReadonlyMap<string, string> {
  const defined = new Map<string, readonly Block[]>()
  const parsed = [...templates].map(([name, text]) => [name, parse(text)] as const)
  for (const [, blocks] of parsed) {
    for (const block of blocks) if (block.kind === 'define') defined.set(unquoted(block.pipeline), block.body)
  }
  const scope = { dot, root: dot, variables: {} }
  return new Map(parsed.map(([name, blocks]) => [name, render(blocks, scope, defined)]))
}

function parse(text: string): readonly Block[] {
  const root: Block[] = []
  const open: { readonly body: Block[]; otherwise: Block[]; into: Block[] }[] = []
  const into = () => open.at(-1)?.into ?? root
  // A dash takes the white space on its side away.
  const trimmed = text.replaceAll(/\s*\{\{- /g, '{{ ').replaceAll(/ -\}\}\s*/g, ' }}')
  for (const [at, part] of trimmed.split(/\{\{ ?(.*?) ?\}\}/s).entries()) {
    const [, word = '', rest = ''] = /^(if|with|range|define|else|end)\b ?(.*)$/s.exec(part) ?? []
    if (at % 2 === 0) into().push({ kind: 'text', text: part })
    else if (word === 'end') open.pop()
    else if (word === 'else') {
      const last = open.at(-1)
      if (last !== undefined) last.into = last.otherwise
    } else if (word === '') into().push({ kind: 'output', pipeline: part })
    else {
      const kind = word as 'if' | 'with' | 'range' | 'define'
      const block = { kind, pipeline: rest, body: [] as Block[], otherwise: [] as Block[] }
      into().push(block)
      open.push({ body: block.body, otherwise: block.otherwise, into: block.body })
    }
  }
  if (open.length > 0) throw new Error('an end is missing')
  return root
}

type Defined = ReadonlyMap<string, readonly Block[]>

function render(blocks: readonly Block[], scope: Scope, defined: Defined): string {
  return blocks.map((block) => renderBlock(block, scope, defined)).join('')
}

function renderBlock(block: Block, scope: Scope, defined: Defined): string {
  if (block.kind === 'text') return block.text
  if (block.kind === 'define') return ''
  if (block.kind === 'output') return String(evaluate(block.pipeline, scope, defined))
  const { pipeline, body, otherwise } = block
  if (block.kind === 'range') {
    const [, key = '', item = '', list = pipeline] = /^(\$\w+), (\$\w+) := (.*)$/.exec(pipeline) ?? []
    const entries = Object.entries((evaluate(list, scope, defined) ?? {}) as object)
    return entries
      .map(([name, dot]) => {
        const variables = { ...scope.variables, ...(key === '' ? {} : { [key]: name, [item]: dot }) }
        return render(body, { ...scope, dot, variables }, defined)
      })
      .join('')
  }
  const value = evaluate(pipeline, scope, defined)
  if (isEmpty(value)) return render(otherwise, scope, defined)
  return render(body, block.kind === 'with' ? { ...scope, dot: value } : scope, defined)
}

/** `a | b | c d`: each is given the value before it as its last argument. */
function evaluate(pipeline: string, scope: Scope, defined: Defined): Value {
  return pipeline
    .split(/ \| (?![^(]*\))/)
    .reduce<Value[]>((before, command) => [call(wordsOf(command), before, scope, defined)], [])[0]
}

function wordsOf(command: string): readonly string[] {
  return command.match(/\([^)]*\)|"[^"]*"|\S+/g) ?? []
}

function call(words: readonly string[], piped: readonly Value[], scope: Scope, defined: Defined): Value {
  const [name = '', ...rest] = words
  const first = argument(name, scope, defined)
  if (first.known) return first.value
  const values = [...rest.map((word) => argument(word, scope, defined).value), ...piped]
  if (name === 'include') {
    const body = defined.get(String(values[0]))
    if (body === undefined) throw new Error(`nothing is called ${values[0]}`)
    return render(body, { dot: values[1], root: values[1], variables: {} }, defined)
  }
  const known = FUNCTIONS[name]
  if (known === undefined) throw new Error(`no function ${name}`)
  return known(...values)
}

function argument(word: string, scope: Scope, defined: Defined): { known: boolean; value: Value } {
  if (word.startsWith('(')) return { known: true, value: evaluate(word.slice(1, -1), scope, defined) }
  if (word.startsWith('"')) return { known: true, value: unquoted(word) }
  if (/^\d+$/.test(word)) return { known: true, value: Number(word) }
  if (word === '$') return { known: true, value: scope.root }
  if (word.startsWith('$')) return { known: true, value: scope.variables[word] }
  if (!word.startsWith('.')) return { known: false, value: undefined }
  const names = word.split('.').filter((name) => name !== '')
  const value = names.reduce<Value>((at, name) => {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) throw new Error(`no value ${word}`)
    return (at as Record<string, Value>)[name]
  }, scope.dot)
  return { known: true, value }
}

const FUNCTIONS: Readonly<Record<string, (...values: readonly Value[]) => Value>> = {
  not: (value) => isEmpty(value),
  quote: (value) => JSON.stringify(String(value)),
  default: (fallback, value) => (isEmpty(value) ? fallback : value),
  add: (one, other) => Number(one) + Number(other),
  trunc: (length, text) => String(text).slice(0, Number(length)),
  trimSuffix: (suffix, text) =>
    String(text).endsWith(String(suffix)) ? String(text).slice(0, -String(suffix).length) : text,
  printf: (format, ...values) => {
    const rest = [...values]
    return String(format).replaceAll('%s', () => String(rest.shift()))
  },
  sha256sum: (text) => createHash('sha256').update(String(text)).digest('hex'),
  toYaml: (value) => stringify(value, { lineWidth: 0 }).trimEnd(),
  nindent: (spaces, text) => `\n${String(text).replaceAll(/^/gm, ' '.repeat(Number(spaces)))}`,
}

function isEmpty(value: Value): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === undefined || value === null || value === '' || value === 0 || value === false
}

function unquoted(word: string): string {
  return word.replace(/^"(.*)"$/, '$1')
}
