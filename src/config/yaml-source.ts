import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { type ConfigPath, formatPath, type Problem } from './problem.ts'

export interface Position {
  readonly line: number
  readonly column: number
}

/** A configuration file as it was read. */
export interface YamlSource {
  /** Null if it is no YAML at all. A repeated key has its last value. */
  readonly content: { readonly value: unknown } | null
  readonly problems: readonly Problem[]
  /** Where a key or list item stands; the nearest thing around it if it is missing. */
  readonly locate: (path: ConfigPath) => Position | null
}

type YamlDocument = ReturnType<typeof parseDocument>

/** The parser's own messages may quote the file, secrets included, so none is passed on. */
const SENTENCES: Readonly<Record<string, string>> = {
  BAD_INDENT: 'is not indented as its surroundings, or a bracket is not closed',
  BLOCK_AS_IMPLICIT_KEY: 'has a second ": " in one line: put the value in quotes',
  BAD_SCALAR_START: 'begins with a character that needs quotes around the value',
  BAD_DQ_ESCAPE: 'has an escape sequence that YAML does not know: use single quotes',
  MISSING_CHAR: 'has a quote, colon, comma or bracket missing',
  MULTILINE_IMPLICIT_KEY: 'has a key that is not followed by a colon in the same line',
  MULTIPLE_DOCS: 'begins a second document: a configuration is one document',
  TAB_AS_INDENT: 'is indented with a tab: use spaces',
  TAG_RESOLVE_FAILED: 'begins with !, which makes it a tag that is not known: put the value in quotes',
  UNEXPECTED_TOKEN: 'has something here that does not belong here',
}

const UNKNOWN_ALIAS = 'begins with *, which refers to an anchor that is not there: put the value in quotes'

const REPEATED_KEY = 'is there twice: a key may stand only once'

/** Reads YAML 1.2 (and so JSON). Refuses repeated keys and unknown tags; says where, never what stands there. */
export function readYaml(text: string): YamlSource {
  const counter = new LineCounter()
  try {
    const document = parseDocument(text, {
      lineCounter: counter,
      prettyErrors: false,
      uniqueKeys: false,
      // Warnings of the parser would go to the process's stderr.
      logLevel: 'error',
    })
    const locate = (path: ConfigPath) => positionOf(counter, findOffset(document, path))
    const syntax = [...document.errors, ...document.warnings].map(({ code, pos }) => {
      return problemAt(positionOf(counter, pos[0]), '', SENTENCES[code] ?? `is not YAML (${code})`)
    })
    const mistakes = mistakesIn(document, document.contents, []).map(({ path, node, message }) => {
      return problemAt(positionOf(counter, offsetOf(node)), formatPath(path), message)
    })
    const isReadable = syntax.length === 0 && !mistakes.some(({ message }) => message === UNKNOWN_ALIAS)
    const content = isReadable ? { value: document.toJS({ maxAliasCount: 100 }) as unknown } : null
    return { content, problems: [...syntax, ...mistakes], locate }
  } catch {
    // The parser throws for aliases that multiply beyond measure, and for endless nesting.
    const message = 'is not YAML that can be read: too many aliases, or too much nesting'
    return { content: null, problems: [problemAt(null, '', message)], locate: () => null }
  }
}

function problemAt(position: Position | null, path: string, message: string): Problem {
  return { path, message, line: position?.line ?? null, column: position?.column ?? null }
}

function positionOf(counter: LineCounter, offset: number | null): Position | null {
  if (offset === null) return null
  const { line, col } = counter.linePos(offset)
  return line === 0 ? null : { line, column: col }
}

interface Mistake {
  readonly path: ConfigPath
  readonly node: unknown
  readonly message: string
}

/** What the parser leaves to its users: aliases without anchor, and keys that stand twice. */
function mistakesIn(document: YamlDocument, node: unknown, path: ConfigPath): readonly Mistake[] {
  if (isAlias(node))
    return node.resolve(document) === undefined ? [{ path, node, message: UNKNOWN_ALIAS }] : []
  if (isSeq(node)) return node.items.flatMap((item, index) => mistakesIn(document, item, [...path, index]))
  if (!isMap(node)) return []
  const seen = new Set<string>()
  return node.items.flatMap((pair) => {
    const key = keyOf(pair.key)
    const inner = [...path, key]
    const repeat = seen.has(key) ? [{ path: inner, node: pair.key, message: REPEATED_KEY }] : []
    seen.add(key)
    return [...repeat, ...mistakesIn(document, pair.value, inner)]
  })
}

function findOffset(document: YamlDocument, path: ConfigPath): number | null {
  let node: unknown = document.contents
  let offset = offsetOf(node)
  for (const segment of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.findLast((item) => keyOf(item.key) === segment)
      if (pair === undefined) return offset
      offset = offsetOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node) && typeof segment === 'number' && segment < node.items.length) {
      node = node.items[segment]
      offset = offsetOf(node) ?? offset
    } else return offset
  }
  return offset
}

function keyOf(key: unknown): string {
  return isScalar(key) ? String(key.value ?? '') : ''
}

function offsetOf(node: unknown): number | null {
  return (node as Node | null)?.range?.[0] ?? null
}
